"""An administrator with nothing but an API key: from a fresh `srhooks serve` to a notification."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, visit
from tests.support.strict_webhooks import strict_serve

pytestmark = needs_chromium


async def test_from_an_api_key_to_a_live_notification_with_its_entity(
    chromium: Browser, tmp_path: Path
) -> None:
    async with (
        asyncio.timeout(60),
        strict_serve(tmp_path) as (service, program),
        visit(chromium, program) as (_, page),
    ):
        (key,) = service.keys
        await page.goto("/")
        form = page.get_by_role("form", name="Log in with an API key")
        await form.get_by_label("API key").fill(key)
        await form.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/notifications")

        await page.get_by_role("link", name="Subscriptions").click()
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_role("checkbox", name="job.created", exact=True).check()
        await form.get_by_role("checkbox", name="candidate.created", exact=True).check()
        await form.get_by_role("button", name="Create").click()
        subscription = page.get_by_role("article")
        await subscription.get_by_role("button", name="Activate").click()
        await expect(subscription.get_by_text("active", exact=True)).to_be_visible()

        await page.get_by_role("link", name="Notifications").click()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.evaluate("window.stays = true")
        assert await service.notify("job.created") == [202]
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("Pastry cook")
        await expect(rows).to_contain_text("job.created")
        assert await service.notify("candidate.created") == [202]
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("Zoé Brûlé")
        assert await page.evaluate("window.stays")  # pushed: the page was not loaded anew
        await rows.first.get_by_role("link").first.click()
        article = page.get_by_role("article")
        await expect(article.get_by_text("zoe@example.org").first).to_be_visible()
        await expect(article.get_by_text("Signature valid").first).to_be_visible()
        await page.get_by_role("link", name="Account").click()
        await expect(page.get_by_text("Acme <b>Ltd").first).to_be_visible()
        await expect(page.get_by_text("an API key", exact=True)).to_be_visible()
        assert service.refused == []  # nothing was asked that a strict service does not take
