"""Search and filters of the feed, what they find, and how much."""

import re

import pytest
from playwright.async_api import Browser, expect
from srhooks.web.pages import feed

from tests.integration.test_export import store_some
from tests.support.browser import needs_chromium, open_browser
from tests.support.feed_page import rows, some
from tests.support.harness import World

pytestmark = needs_chromium


async def test_search_and_filters_work_as_one_types_and_stand_in_the_address(
    chromium: Browser, world: World
) -> None:
    number = await some(world, "job.created", "job.updated", "offer.created")
    async with open_browser(world, browser=chromium) as (context, page):
        await page.get_by_label("Search").press_sequentially("needle-1")
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("job.updated")
        await expect(page).to_have_url(f"{world.base}/notifications?q=needle-1")
        await page.get_by_label("Search").fill("needle-_")  # every character is plain
        await expect(page.get_by_text("No matches")).to_be_visible()
        await page.get_by_label("Search").fill("")
        await expect(page.get_by_label("Or also")).to_be_hidden()
        await page.get_by_label("Event", exact=True).select_option("job.created")
        await expect(rows(page)).to_have_count(1)
        await page.get_by_label("Or also").select_option("offer.created")
        await expect(rows(page)).to_have_count(2)
        await expect(page).to_have_url(re.compile(r"\?event=job\.created&event=offer\.created$"))
        await page.get_by_label("offer.created").uncheck()
        await page.get_by_label("Event", exact=True).select_option("job.")
        await expect(rows(page)).to_have_count(2)
        await page.get_by_label("Subscription", exact=True).select_option(number)
        await page.get_by_label("Signature").select_option("unsigned")
        await page.get_by_label("Details", exact=True).select_option("none")
        await page.get_by_label("Received").select_option("1h")
        address = re.compile(
            rf"\?event=job\.&subscription={number}&signature=unsigned&status=none&since=1h$"
        )
        await expect(page).to_have_url(address)
        await expect(rows(page)).to_have_count(2)
        shared = await context.new_page()
        await shared.goto(page.url)
        await expect(rows(shared)).to_have_count(2)
        await expect(shared.get_by_label("Signature")).to_have_value("unsigned")
        await page.get_by_role("link", name="Clear").click()
        await expect(rows(page)).to_have_count(3)
        await page.get_by_text("Dates").click()
        await page.get_by_label("Until").fill("2020-01-01T00:00")
        await expect(rows(page)).to_have_count(0)
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Until")).to_be_hidden()


async def test_a_filter_that_did_not_reach_the_server_counts_once_it_is_back(
    chromium: Browser, world: World
) -> None:
    await some(world, "job.created", "job.updated", "offer.created")
    cut = "INTERNET_DISCONNECTED|Failed to fetch"
    async with open_browser(world, browser=chromium, forgive=cut) as (context, page):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await context.set_offline(True)
        await page.get_by_label("Event", exact=True).select_option("offer.")
        said = page.get_by_role("alert")
        await expect(said).to_contain_text("The server cannot be reached. Nothing was changed.")
        await expect(rows(page)).to_have_count(3)
        await context.set_offline(False)
        await expect(rows(page)).to_have_count(1)
        await expect(said).to_have_count(0)
        await expect(page).to_have_url(f"{world.base}/notifications?event=offer.")


async def test_totals_are_right_after_a_filter_and_after_another_tab_deleted(
    chromium: Browser, world: World
) -> None:
    await some(world, "job.created", "job.created", "offer.created")
    async with open_browser(world, browser=chromium) as (_, page), world.logged_in() as ada:
        total, jobs = page.locator("#total"), page.locator('[data-count="job.created"]')
        await expect(total).to_have_text("3")
        await page.get_by_label("Event", exact=True).select_option("offer.")
        await expect(rows(page)).to_have_count(1)
        await some(world, "job.created")
        await page.get_by_label("Event", exact=True).select_option("")
        await expect(rows(page)).to_have_count(4)
        await expect(total).to_have_text("4")
        await expect(jobs).to_have_text("3")
        ids = [n["id"] for n in await ada.notifications("?event=job.created")]
        await ada.json("POST", "/notifications/delete", json={"ids": ids[1:]})
        await expect(rows(page)).to_have_count(2)
        await expect(total).to_have_text("2")
        await expect(jobs).to_have_text("1")


async def test_chosen_dates_are_seen_and_cleared(chromium: Browser, world: World) -> None:
    await some(world, "job.created")
    async with open_browser(world, browser=chromium) as (_, page):
        await page.get_by_text("Dates", exact=True).click()
        await expect(page.get_by_role("link", name="Clear")).to_be_hidden()
        await page.get_by_label("Until").fill("2020-01-01T00:00")
        await expect(rows(page)).to_have_count(0)
        await expect(page.locator("#filters")).to_have_class(re.compile("dated"))
        await page.keyboard.press("Escape")
        await expect(page.locator("#dates")).to_have_text("until 2020-01-01 00:00")
        await page.reload()
        await expect(page.locator("#dates")).to_have_text("until 2020-01-01 00:00")
        await page.get_by_text("Dates").click()
        await expect(page.get_by_label("Until")).to_have_value("2020-01-01T00:00")
        await page.get_by_label("From").fill("2019-12-31T00:00")
        await expect(page).to_have_url(
            re.compile(r"\?after=2019-12-31T00%3A00&before=2020-01-01T00%3A00&zone=UTC$")
        )
        await page.get_by_role("heading", name="Notifications").click()
        await expect(page.locator("#dates")).to_have_text(
            "from 2019-12-31 00:00 until 2020-01-01 00:00"
        )
        await page.get_by_role("link", name="Clear").click()
        await expect(rows(page)).to_have_count(1)
        await expect(page.get_by_role("link", name="Clear")).to_be_hidden()


async def test_a_filter_says_how_much_it_finds(chromium: Browser, world: World) -> None:
    await some(world, *(["job.created"] * 60), "offer.created", "offer.updated")
    async with open_browser(world, browser=chromium) as (_, page):
        found = page.locator("#found")
        await expect(found).to_have_count(0)
        await page.get_by_label("Event", exact=True).select_option("offer.")
        await expect(found).to_have_text("2 notifications match")
        await expect(page.locator("#announcer")).to_have_text("2 notifications match")
        await some(world, "offer.created")
        await expect(found).to_have_text("3 notifications match")
        await page.get_by_label("Event", exact=True).select_option("job.")
        await expect(found).to_have_text("50 or more notifications match")
        await page.mouse.move(200, 500)
        await page.mouse.wheel(0, 20_000)
        await expect(found).to_have_text("60 notifications match")
        await page.get_by_label("Event", exact=True).select_option("review.")
        await expect(found).to_have_text("")
        await expect(page.locator("#announcer")).to_have_text("No matches")


async def test_everything_about_one_entity(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        for number, job in enumerate(("a", "b", "a")):
            link = f"<{world.settings.api_url}/jobs/{job}>; rel=self"
            await world.notify(hook, event_name="job.created", event_id=str(number), link=link)
    async with open_browser(world, browser=chromium) as (_, page):
        await rows(page).first.get_by_role("link").click()
        await page.get_by_role("link", name="All with this link").click()
        await expect(rows(page)).to_have_count(2)
        chip = page.get_by_label("link:")
        await expect(chip).to_be_checked()
        await chip.uncheck()
        await expect(rows(page)).to_have_count(3)
        await expect(page).to_have_url(f"{world.base}/notifications")


async def test_a_search_that_takes_long_shows_how_far_it_got_and_goes_on(
    chromium: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FIRST_TIME", 0.0)
    monkeypatch.setattr(feed, "PAGE_TIME", 60.0)  # what follows is found, however busy the machine
    async with world.logged_in() as ada:
        await store_some(world, ada, 1, b'{"kind": "uu"}')
        await store_some(world, ada, 600, b"{}")
        assert len(await ada.notifications("?q=uu")) == 1
        assert "Searched back to" in await ada.page("/notifications?q=uu")
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/notifications?q=uu")
        await expect(rows(page)).to_have_count(1)
        await expect(page.get_by_text("Searched back to")).to_have_count(0)
    async with open_browser(world, browser=chromium, java_script_enabled=False) as (_, page):
        await page.goto("/notifications?q=uu")
        await expect(rows(page)).to_have_count(0)
        await expect(page.get_by_text("No matches")).to_be_hidden()
        await page.get_by_role("link", name="Continue searching").click()
        await expect(rows(page)).to_have_count(1)
