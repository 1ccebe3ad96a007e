"""A check of the logs on the page: how far it is, and what it found, without a reload."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World
from tests.support.harness import world as start_world


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path, watch_interval=0) as running:
        yield running


@needs_chromium
async def test_the_progress_gives_way_to_what_was_found(chromium: Browser, town: World) -> None:
    async with town.logged_in() as ada:
        await ada.subscribe("job.created")
    town.sandbox.troubles.order("refuse", 1, 0)
    await town.sandbox.fire("job.created")
    town.sandbox.add_fault("/callbacks-log", times=1, delay=4)
    async with open_browser(town, browser=chromium) as (_, page):
        await page.goto("/missed")
        await page.get_by_role("button", name="Check now").click()
        progress = page.get_by_role("status").filter(has_text="Comparing…")
        await expect(progress).to_contain_text("0 of 1 log")
        await page.evaluate("window.isTheSame = true")
        await expect(page.get_by_role("button", name="Backfill all 1")).to_be_visible()
        await expect(progress).to_have_count(0)
        assert await page.evaluate("window.isTheSame")
        await page.get_by_role("checkbox").first.check()
        await page.get_by_role("button", name="Backfill selected").click()
        await expect(page.get_by_text("No missed notifications")).to_be_visible()
