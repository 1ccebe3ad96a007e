"""The names that people and their screen readers find controls by."""

from typing import Any

from playwright.async_api import Browser, Locator, expect
from srhooks.protocol.event_types import KNOWN

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World

pytestmark = needs_chromium


def named(place: Any, role: str, name: str) -> Locator:
    found: Locator = place.get_by_role(role, name=name, exact=True)
    return found


async def test_controls_are_found_by_their_names(chromium: Browser, world: World) -> None:
    async with open_browser(world, browser=chromium) as (_, page), world.logged_in() as ada:
        await ada.subscribe("job.created", "job.updated", active=False)
        idle = await ada.subscribe("offer.created")
        await page.reload()  # nothing has arrived yet
        await expect(page.get_by_role("link", name="Check the subscription")).to_be_visible()
        await expect(page.get_by_role("link", name="Subscriptions")).to_have_count(1)
        await world.notify(idle["hookId"], event_name="offer.created")
        await page.reload()
        navigation = page.get_by_role("navigation").first
        for name in ("Notifications", "Subscriptions"):
            await expect(named(navigation, "link", name)).to_be_visible()
        await expect(named(navigation, "button", "Log out")).to_be_visible()
        feed = named(page, "list", "Notifications")
        await expect(feed.get_by_role("listitem")).to_have_count(1)
        await expect(feed.get_by_role("listitem").get_by_role("link")).to_have_count(1)
        await expect(named(page, "searchbox", "Search")).to_be_visible()
        choice = named(page, "combobox", "Event")
        await choice.select_option("offer.created")
        await page.wait_for_url("**event=offer.created**")
        await expect(feed.get_by_role("listitem")).to_have_count(1)
        await feed.get_by_role("link").click()
        await page.wait_for_url("**/notifications/*")

        await named(navigation, "link", "Subscriptions").click()
        articles = page.get_by_role("article")
        await expect(articles).to_have_count(2)
        waiting = articles.filter(has=page.get_by_role("heading", name="job.created"))
        await expect(waiting.get_by_role("heading").first).to_contain_text("job.updated")
        for name in ("Notifications", "Subscriptions"):  # the navigation's alone
            await expect(page.get_by_role("link", name=name)).to_have_count(1)
        await expect(waiting.get_by_text("inactive", exact=True)).to_be_visible()
        await named(waiting, "button", "Activate").click()
        await expect(waiting.get_by_text("active", exact=True)).to_be_visible()
        form = named(page, "form", "New subscription")
        for event in KNOWN:
            await expect(named(form, "checkbox", event)).to_have_count(1)
        await expect(named(form, "button", "Create")).to_be_visible()
        await named(waiting, "button", "Delete").click()
        await named(page, "button", "Cancel").click()
        await expect(articles).to_have_count(2)
        await named(navigation, "button", "Log out").click()
        await expect(named(page, "link", "Log in with SmartRecruiters")).to_be_visible()
