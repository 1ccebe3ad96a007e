"""An administrator with nothing but an API key: from a fresh `srhooks serve` to a notification."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, visit
from tests.support.firing import fire
from tests.support.process import Process
from tests.support.process import process as process_in

pytestmark = needs_chromium


@pytest_asyncio.fixture(loop_scope="session")
async def served(tmp_path: Path) -> AsyncIterator[Process]:
    async with process_in(tmp_path) as process:
        for name in ("CLIENT_ID", "CLIENT_SECRET", "IDENTITY_URL"):
            del process.environment[f"SMARTRECRUITERS_{name}"]
        await process.start()
        yield process


async def test_from_an_api_key_to_a_live_notification_with_its_entity(
    chromium: Browser, served: Process
) -> None:
    sandbox = served.world.sandbox
    key = sandbox.create_api_key().key
    async with asyncio.timeout(60), visit(chromium, served.world) as (_, page):
        await page.goto("/")
        form = page.get_by_role("form", name="Log in with an API key")
        await form.get_by_label("API key").fill(key)
        await form.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/notifications")

        await page.get_by_role("link", name="Subscriptions").click()
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_role("checkbox", name="job.created", exact=True).check()
        await form.get_by_role("checkbox", name="Activate at once").check()
        await form.get_by_role("button", name="Create").click()
        await expect(page.get_by_role("article").get_by_text("active", exact=True)).to_be_visible()

        await page.get_by_role("link", name="Notifications").click()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.evaluate("window.stays = true")
        (delivery,) = await fire(sandbox, "job.created")
        row = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("job.created")
        assert await page.evaluate("window.stays")  # pushed: the page was not loaded anew
        await row.get_by_role("link").click()
        article = page.get_by_role("article")
        await expect(article.get_by_text("refNumber").first).to_be_visible()
        path = urlsplit(delivery.link.partition("<")[2].partition(">")[0]).path
        title = str(sandbox.world.by_path[path].data["title"])
        await expect(article.get_by_text(title).first).to_be_visible()
        await page.get_by_role("link", name="Account").click()
        await expect(page.get_by_text("Acme Corporation").first).to_be_visible()
        await expect(page.get_by_text("an API key", exact=True)).to_be_visible()
