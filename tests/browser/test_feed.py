"""The feed as a person uses it: searching, filtering, scrolling, times, counts, choosing."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect
from srhooks.web.pages import feed

from tests.integration.test_export import store_some
from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World, eventually
from tests.support.harness import world as start_world

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


def rows(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("list", name="Notifications").get_by_role("listitem")


async def some(world: World, *names: str) -> str:
    """One notification of each name, oldest first; the id of their subscription."""
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for number, name in enumerate(names):
            body = b'{"n": "needle-%d"}' % number
            await world.notify(created["hookId"], body, event_name=name, event_id=str(number))
    return str(created["id"])


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
        await asyncio.wait_for(asked.wait(), 10)
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
        chip = page.get_by_label("one entity:")
        await expect(chip).to_be_checked()
        await chip.uncheck()
        await expect(rows(page)).to_have_count(3)
        await expect(page).to_have_url(f"{world.base}/notifications")


async def test_a_search_that_takes_long_shows_how_far_it_got_and_goes_on(
    chromium: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FIRST_TIME", 0.0)
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
