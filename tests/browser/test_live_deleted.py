"""What is deleted on one page goes from all others of the same person, also from those away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.integration.test_bulk import some
from tests.support.browser import answer_question, needs_chromium, open_browser
from tests.support.harness import World, eventually
from tests.support.harness import world as start_world
from tests.support.page_model import Page


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


def names(page: Page) -> list[str]:
    return [name for name, _ in page.shown()]


async def comes_to(page: Page, expected: list[str]) -> None:
    """Go on when it shows these."""

    async def shows_them() -> bool:
        while await page.read(0.1):
            pass
        return names(page) == expected

    await eventually(shows_them)


async def test_pages_that_watch_and_pages_that_come_back_lose_the_rows(town: World) -> None:
    async with town.logged_in() as ada, town.logged_in("Grace") as grace:
        ids = await some(town, ada, 4)
        theirs = await some(town, grace, 1)
        pages = [Page(ada), Page(ada, "&event=job."), Page(ada), Page(grace)]
        for page in pages:
            await page.load()
            await page.connect()
        away = pages[2]
        away.drop()
        await ada.json("POST", "/notifications/delete", json={"ids": ids[:2] + theirs})
        for page in pages[:2]:
            await comes_to(page, ids[2:])
        await away.connect()
        await comes_to(away, ids[2:])
        await comes_to(pages[3], theirs)  # named, but not the asker's
        late = Page(ada)
        await late.load()
        await ada.json("POST", "/notifications/delete", json={"ids": ids[2:3]})
        await late.connect()
        await comes_to(late, ids[3:])


@needs_chromium
async def test_the_other_tab_loses_them_and_says_so_of_the_open_one(
    chromium: Browser, town: World
) -> None:
    async with town.logged_in() as ada:
        await some(town, ada)
    async with open_browser(town, browser=chromium) as (context, one):
        two = await context.new_page()
        await two.goto("/notifications")
        await expect(two.get_by_text("Live", exact=True)).to_be_visible()
        rows = two.get_by_role("list", name="Notifications").get_by_role("listitem")
        await rows.first.get_by_role("link").click()
        await expect(two.locator("#detail article")).to_be_visible()
        boxes = one.get_by_role("list", name="Notifications").get_by_role("checkbox")
        for number in range(2):
            await boxes.nth(number).check()
        await one.get_by_role("button", name="Delete").click()
        await answer_question(one, yes=True)
        await expect(rows).to_have_count(1)
        await expect(two.locator("#total")).to_have_text("1")
        await expect(two.locator("#detail article")).to_have_count(0)
        await expect(two.locator("#messages")).to_contain_text("This notification was deleted")
        await expect(two).to_have_url(f"{town.base}/notifications")


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
async def test_far_down_the_list_one_sees_that_the_open_one_was_deleted(
    chromium: Browser, town: World, width: int
) -> None:
    async with town.logged_in() as ada:
        ids = await some(town, ada, 48)
        size = {"width": width, "height": 800}
        async with open_browser(town, browser=chromium, viewport=size) as (_, page):
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            row = page.locator(f"#n-{ids[40]}").get_by_role("link")
            await row.press("Enter")
            await expect(page.locator("#detail article")).to_be_visible()
            await page.locator("#detail article h2").focus()
            await ada.json("POST", "/notifications/delete", json={"ids": [ids[40]]})
            message = page.get_by_role("status").filter(has_text="This notification was deleted")
            await expect(message).to_be_in_viewport()
            await expect(page.locator("#detail article")).to_have_count(0)
            neighbour = page.locator(f"#n-{ids[41]}").get_by_role("link")
            await expect(neighbour).to_be_focused()
            await expect(neighbour).to_be_in_viewport()
