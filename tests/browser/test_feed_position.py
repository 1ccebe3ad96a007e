"""A long feed keeps its place."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from tests.integration.test_export import store_some
from tests.support.browser import needs_chromium, open_browser
from tests.support.feed_page import rows, some
from tests.support.harness import DEADLINE, World, eventually

pytestmark = needs_chromium


@pytest.mark.parametrize("scripts", [True, False])
async def test_older_ones_come_by_scrolling_and_by_a_link(
    chromium: Browser, world: World, scripts: bool
) -> None:
    await some(world, *(f"job.n{number:02}" for number in range(60)))
    async with open_browser(world, browser=chromium, java_script_enabled=scripts) as (_, page):
        await expect(rows(page)).to_have_count(50)
        older = page.get_by_role("link", name="Show older")
        if scripts:
            await page.mouse.move(200, 500)
            await page.mouse.wheel(0, 20_000)
            await expect(rows(page)).to_have_count(60)
            await expect(older).to_have_count(0)
        else:
            await older.click()
            await expect(rows(page)).to_have_count(10)
            await page.get_by_role("link", name="Back to the newest").click()
            await expect(rows(page)).to_have_count(50)


async def test_a_long_list_is_cut_but_for_what_is_chosen_focused_or_open(
    chromium: Browser, world: World
) -> None:
    await some(world, *(f"job.n{number}" for number in range(4)))
    async with world.logged_in() as ada:
        hook = (await ada.notifications())[0]["hookId"]
    async with open_browser(world, browser=chromium) as (context, page):
        choosing = await context.new_page()
        await choosing.goto("/notifications")
        for one in (page, choosing):
            await expect(one.get_by_text("Live", exact=True)).to_be_visible()
        await rows(choosing).last.get_by_role("checkbox").check()
        await rows(page).last.get_by_role("link").click()
        await expect(page.locator("#detail article")).to_be_visible()
        focused = rows(page).filter(has_text="job.n2").get_by_role("link")
        await focused.focus()
        for start in range(0, 640, 40):
            await asyncio.gather(
                *(world.notify(hook, event_id=f"e{start + one}") for one in range(40))
            )
        await expect(rows(choosing)).to_have_count(644)
        await expect(choosing.locator("#bulk .count")).to_have_text("1 selected")
        await page.bring_to_front()
        await expect(page.locator("#total")).to_have_text("644")
        assert 300 < await rows(page).count() < 600
        await expect(rows(page).get_by_text("job.n1")).to_have_count(0)
        await expect(focused).to_be_focused()
        await expect(rows(page).last.get_by_role("link")).to_have_attribute("aria-current", "true")
        ids = "[...document.querySelectorAll('#feed > li')].map((row) => row.id)"

        async def all_there() -> bool:
            await page.evaluate("document.getElementById('more').scrollIntoView()")
            return bool(await rows(page).count() == 644)

        await eventually(all_there)
        found = await page.evaluate(ids)
        assert found == sorted(found, reverse=True)


async def far_down(page: Page) -> Locator:
    """The 240th row of 260, in the middle of the screen."""
    row = rows(page).nth(239)

    async def listed() -> bool:
        await page.evaluate("document.getElementById('more').scrollIntoView()")
        return bool(await rows(page).count() == 260)

    await eventually(listed)
    await row.evaluate("row => row.scrollIntoView({ block: 'center' })")
    return page.locator(f"#{await row.get_attribute('id')}")


async def top(row: Locator) -> float:
    return float(await row.evaluate("row => row.getBoundingClientRect().top"))


async def test_back_in_the_browser_keeps_the_list_its_place_and_the_pause(
    chromium: Browser, world: World
) -> None:
    await some(world, "job.created")
    async with world.logged_in() as ada:
        await store_some(world, ada, 259, b"{}")
    async with open_browser(world, browser=chromium) as (_, page):
        row = await far_down(page)
        await page.get_by_role("button", name="Pause").evaluate("button => button.click()")
        await row.get_by_role("link").click()
        await expect(page.locator("#detail article")).to_be_visible()
        before = await top(row)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.go_back()
        await expect(page).to_have_url(f"{world.base}/notifications")
        await expect(page.locator("#detail article")).to_have_count(0)
        await expect(row.get_by_role("link")).to_be_focused()
        await expect(page).to_have_title("Notifications · srhooks")
        await expect(rows(page)).to_have_count(260)
        await expect(page.get_by_role("button", name="Resume")).to_have_count(1)
        assert abs(await top(row) - before) < 3
        assert not [url for url in asked if "/notifications" in url]
        await page.go_forward()
        article = page.locator("#detail article")
        number = await article.get_attribute("data-id")
        await rows(page).nth(241).get_by_role("link").click()
        await expect(article).not_to_have_attribute("data-id", str(number))
        await page.go_back()
        await expect(article).to_have_attribute("data-id", str(number))
        await expect(page).to_have_url(f"{world.base}/notifications/{number}")
        await expect(rows(page)).to_have_count(260)
        await expect(page.get_by_role("button", name="Resume")).to_have_count(1)


async def test_a_detail_that_was_left_does_not_open_again(chromium: Browser, world: World) -> None:
    await some(world, "job.created")
    async with open_browser(world, browser=chromium) as (_, page):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await rows(page).get_by_role("link").click()
        await expect(page.locator("#detail article")).to_be_visible()
        asked, answer = asyncio.Event(), asyncio.Event()

        async def hold(route: Route) -> None:
            asked.set()
            await answer.wait()
            await route.continue_()

        await page.route(re.compile(r"/notifications/[0-9a-z]{13}$"), hold)
        async with world.logged_in() as ada:
            hook = (await ada.notifications())[0]["hookId"]
        await world.notify(hook, event_name="job.created", event_id="0")  # once more: a new state
        await asyncio.wait_for(asked.wait(), DEADLINE)
        async with page.expect_event("requestfailed"):  # it is given up
            await page.go_back()
        answer.set()
        await page.unroute_all(behavior="ignoreErrors")
        await expect(page.locator("#detail article")).to_have_count(0)


@pytest.mark.parametrize("by_browser", [False, True])
async def test_on_a_phone_the_row_is_again_where_it_stood(
    chromium: Browser, world: World, by_browser: bool
) -> None:
    await some(world, "job.created")
    async with world.logged_in() as ada:
        await store_some(world, ada, 259, b"{}")
        hook = (await ada.subscribe("job.updated"))["hookId"]
    phone = {"width": 390, "height": 844}
    async with open_browser(world, browser=chromium, viewport=phone) as (_, page):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        row = await far_down(page)
        before = await top(row)
        await row.get_by_role("link").click()
        await expect(page.locator("#detail article")).to_be_visible()
        for number in range(5):
            await world.notify(hook, event_name="job.updated", event_id=f"late-{number}")
        await expect(page.locator("#feed > li")).to_have_count(265)
        if by_browser:
            await page.go_back()
        else:
            await page.get_by_role("link", name="Back to the list").click()
        await expect(row.get_by_role("link")).to_be_focused()
        assert abs(await top(row) - before) < 3


async def test_a_page_that_is_cut_off_while_it_catches_up_gets_what_it_lacks(
    chromium: Browser, world: World
) -> None:
    """What came first changed last, and was still to be sent when the connection was lost."""
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
    sockets: list[str] = []
    stored = asyncio.Event()

    async def cut_after_the_first_frame(socket: WebSocketRoute) -> None:
        sockets.append(socket.url)
        if len(sockets) > 1:
            socket.connect_to_server()
            return
        await stored.wait()
        server = socket.connect_to_server()
        told: list[str | bytes] = []

        def forward(message: str | bytes) -> None:
            told.append(message)
            if len(told) == 1:
                socket.send(message)
                asyncio.get_running_loop().create_task(socket.close(code=1012))

        server.on_message(forward)

    async with open_browser(world, browser=chromium) as (context, page):
        await context.route_web_socket("**/live?*", cut_after_the_first_frame)
        await page.goto("/notifications")
        for number in (*range(70), *range(5)):
            await world.notify(hook, event_name="job.created", event_id=f"e{number}")
        stored.set()
        await expect(rows(page)).to_have_count(70)
        assert "whole=" not in sockets[0]
        assert "whole=0" in sockets[1]
        ids = await rows(page).evaluate_all("all => all.map(row => row.id)")
        assert ids == sorted(ids, reverse=True)
