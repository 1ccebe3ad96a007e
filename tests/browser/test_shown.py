"""An open page measures when a new row is on the screen, and tells it when it is left."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World, eventually
from tests.support.harness import world as start_world

# After the frame in which what has come is painted, and what is done right behind it.
PAINTED = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


@needs_chromium
async def test_a_new_row_is_timed_once_and_an_old_one_never(chromium: Browser, town: World) -> None:
    async with town.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        await town.notify(hook, event_name="job.created", event_id="1")
        async with open_browser(town, browser=chromium) as (_, page):
            await page.goto("/notifications")
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
            await town.notify(hook, event_name="job.created", event_id="2")
            await expect(rows).to_have_count(2)
            await page.evaluate(PAINTED)
            await page.goto("/latency")

            async def shown() -> int:
                stage = (await ada.json("GET", "/latency"))["stages"]["shown"]
                return int(stage["count"]) if stage else 0

            assert await eventually(shown) == 1
            await page.reload()
            cell = page.get_by_role("row", name="Received → shown in a browser").first
            await expect(cell).to_contain_text(re.compile(r"\d m?s"))
