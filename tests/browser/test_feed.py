"""The feed as a person uses it: searching, filtering, scrolling, times, counts, choosing."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.feed_page import rows, some
from tests.support.harness import World

pytestmark = needs_chromium


async def test_times_stay_true_and_are_the_readers_own(chromium: Browser, world: World) -> None:
    await some(world, "job.created")
    async with open_browser(
        world, browser=chromium, timezone_id="Asia/Tokyo", forgive="WebSocket"
    ) as (_, page):
        await page.clock.install()
        await page.goto("/notifications")
        time = rows(page).locator("time")
        await expect(time).to_have_text(re.compile(r"^(just now|\d+ s ago)$"))
        await expect(time).to_have_attribute("title", re.compile(r":\d\d\.\d{3} GMT\+9$"))
        await page.clock.fast_forward(125_000)
        await expect(time).to_have_text("2 min ago")


async def test_what_is_new_is_marked_counted_and_told(chromium: Browser, world: World) -> None:
    await some(world, "job.created", "job.created", "offer.created")
    async with world.logged_in() as ada:
        (one, *_) = await ada.notifications()
    hook_id = one["hookId"]
    async with open_browser(world, browser=chromium) as (_, page):
        counts = page.locator("[data-count='job.created']")
        await expect(counts).to_have_text("2")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        standing_out = asyncio.create_task(page.wait_for_selector(".arrived"))
        await world.notify(hook_id, event_name="job.created", event_id="late")
        await expect(rows(page)).to_have_count(4)
        await expect(rows(page).first).to_have_class(re.compile("fresh"))
        await standing_out
        await expect(page.locator(".arrived")).to_have_count(0)  # for a moment
        await expect(rows(page).first).to_have_class(re.compile("fresh"))
        await expect(counts).to_have_text("3")
        await expect(page.locator("#total")).to_have_text("4")
        await page.set_viewport_size({"width": 600, "height": 700})  # one after the other
        await rows(page).first.get_by_role("link").click()
        await page.get_by_role("link", name="Back to the list").click()
        await page.set_viewport_size({"width": 1280, "height": 720})
        await expect(counts).to_have_text("3")
        await expect(page).to_have_title("Notifications · srhooks")
        await expect(page.locator("#announcer")).to_have_text("1 new notification")
        await page.get_by_role("link", name="offer.created", exact=True).click()
        await expect(page).to_have_url(f"{world.base}/notifications?event=offer.created")
        await expect(rows(page)).to_have_count(1)


async def test_all_listed_ones_are_chosen_and_taken_along(
    chromium: Browser, world: World, tmp_path: Path
) -> None:
    await some(world, "job.created", "job.created", "offer.created")
    async with open_browser(world, browser=chromium) as (_, page):
        every = page.get_by_role("checkbox", name="Select all shown", exact=True)
        await every.check()
        await expect(page.locator("#bulk .count")).to_have_text("3 selected")
        await rows(page).get_by_role("checkbox").first.uncheck()
        await expect(page.locator("#bulk .count")).to_have_text("2 selected")
        assert await every.evaluate("box => box.indeterminate")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="NDJSON").click()
        await (await download.value).save_as(tmp_path / "chosen")
        assert len((tmp_path / "chosen").read_text().splitlines()) == 2
        await page.get_by_role("button", name="Process again").click()
        await expect(rows(page)).to_have_count(3)


async def test_one_is_saved_as_it_came_and_as_har(
    chromium: Browser, world: World, tmp_path: Path
) -> None:
    await some(world, "job.created")
    async with open_browser(world, browser=chromium) as (_, page):
        await rows(page).get_by_role("link").click()
        detail = page.get_by_role("region", name="Detail")
        for section in ("Facts", "Details", "Body", "Headers", "Signature", "Deliveries"):
            await expect(detail.get_by_role("link", name=section, exact=True)).to_be_visible()
        for name, expected in (
            ("Body as received", '{"n": "needle-0"}'),
            ("HAR", '"version":"1.2"'),
        ):
            async with page.expect_download() as download:
                await detail.get_by_role("link", name=name, exact=True).click()
            await (await download.value).save_as(tmp_path / "file")
            assert expected in (tmp_path / "file").read_text()
