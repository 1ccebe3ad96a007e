"""What a person does and sees, in a real Chromium. Console errors and CSP violations fail."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.support.browser import answer_question, log_in, needs_chromium, visit
from tests.support.harness import World, application, eventually, free_port, served_sandbox
from tests.support.harness import world as start_world

pytestmark = needs_chromium

REFUSED = "status of 401"  # how the other tab learns that it is logged out
AWAY = "WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|htmx:ws:error"  # while it is


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


def feed(page: Page) -> Locator:
    return page.get_by_role("list", name="Notifications").get_by_role("listitem")


def card(page: Page, event: str) -> Locator:
    heading = page.get_by_role("heading", name=event)
    return page.get_by_role("article").filter(has=heading)


async def subscribe(page: Page, *events: str, active: bool) -> None:
    form = page.get_by_role("form", name="New subscription")
    for event in events:
        await form.get_by_role("checkbox", name=event, exact=True).check()
    await form.get_by_role("checkbox", name="Activate at once").set_checked(active)
    await form.get_by_role("button", name="Create").click()


async def test_from_the_first_page_to_a_live_notification(chromium: Browser, town: World) -> None:
    async with visit(chromium, town) as (_, page):
        await log_in(page)
        await expect(feed(page)).to_have_count(0)
        await expect(page.get_by_text("No subscriptions yet")).to_be_visible()

        await page.get_by_role("link", name="Subscriptions").click()
        await subscribe(page, "application.created", "job.created", active=False)
        mine = card(page, "application.created")
        await expect(mine.get_by_role("heading")).to_contain_text("job.created")
        await expect(mine.get_by_text("inactive", exact=True)).to_be_visible()
        await mine.get_by_role("button", name="Activate").click()
        await expect(mine.get_by_text("active", exact=True)).to_be_visible()
        await expect(mine.get_by_role("button", name="Activate")).to_have_count(0)

        await page.get_by_role("link", name="Notifications").click()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.evaluate("window.stays = true")
        town.sandbox.add_fault("/candidates/", delay=0.7)  # long enough to see it wait
        await town.fire("application.created")
        await expect(feed(page)).to_have_count(1)
        await expect(feed(page)).to_contain_text("application.created")
        await expect(feed(page)).to_contain_text("loading details")
        await expect(feed(page)).not_to_contain_text("loading details")
        (delivery,) = town.sandbox.deliveries
        await feed(page).get_by_role("link").click()
        detail = page.get_by_role("region", name="Detail")
        await expect(detail.get_by_text("signature valid")).to_be_visible()
        await expect(detail.get_by_text("details loaded")).to_be_visible()
        await expect(detail.get_by_text(delivery.event_id).first).to_be_visible()
        assert await page.evaluate("window.stays")  # never reloaded

        await page.get_by_role("link", name="Subscriptions").click()
        await mine.get_by_role("button", name="Delete").click()
        assert "application.created" in await answer_question(page, yes=False)
        await expect(mine).to_have_count(1)
        await mine.get_by_role("button", name="Delete").click()
        await answer_question(page, yes=True)
        await expect(mine).to_have_count(0)
        assert len(town.sandbox.subscriptions.by_id) == 0


async def test_every_tab_is_live(chromium: Browser, town: World) -> None:
    async with visit(chromium, town, forgive=REFUSED) as (context, one):
        await log_in(one)
        two = await context.new_page()
        for page in (one, two):
            await page.goto("/subscriptions")
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await subscribe(one, "job.created", active=False)
        await expect(card(two, "job.created").get_by_text("inactive", exact=True)).to_be_visible()
        await card(two, "job.created").get_by_role("button", name="Activate").click()
        await expect(card(one, "job.created").get_by_text("active", exact=True)).to_be_visible()
        for page in (one, two):
            await page.goto("/notifications")
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await town.fire("job.created")
        for page in (one, two):
            await expect(feed(page)).to_have_count(1)

        await one.get_by_role("button", name="Log out").click()
        await expect(one.get_by_role("link", name="Log in with SmartRecruiters")).to_be_visible()
        await expect(two.get_by_text("You are logged out.")).to_be_visible()
        await town.fire("job.created")
        await one.goto("/notifications")
        await expect(one).to_have_url(f"{town.base}/")
        await expect(feed(two)).to_have_count(1)


# Whether the page has loaded a script with each of these in its address.
ARRIVED = """names => names.every(name =>
  performance.getEntriesByType("resource").some(entry => entry.name.includes(name)))"""


@pytest.mark.parametrize("slow", ["hx-ws", "js/app", "js/live"])
async def test_a_page_is_live_in_whatever_order_its_scripts_arrive(
    chromium: Browser, town: World, slow: str
) -> None:
    others = sorted({"vendor/htmx", "hx-ws", "js/app"} - {slow})

    async with visit(chromium, town) as (_, page):

        async def arrived() -> bool:
            return bool(await page.evaluate(ARRIVED, others))

        async def late(route: Route) -> None:
            await eventually(arrived)
            await route.continue_()

        await page.route(f"**/{slow}*", late)
        await log_in(page)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()


async def test_what_a_restart_made_a_page_miss_comes_by_itself(
    chromium: Browser, tmp_path: Path
) -> None:
    port = free_port()
    async with served_sandbox() as (fake, sandbox_port):
        async with application(tmp_path, sandbox_port, port=port) as (app, settings):
            town = World(settings, fake, app)
            context = visit(chromium, town, forgive=AWAY)
            _, page = await context.__aenter__()
            await log_in(page)
            async with town.logged_in() as ada:
                hook = (await ada.subscribe("job.created"))["hookId"]
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            for number in range(3):
                await town.notify(hook, b"{}", event_name=f"job.{number}")
            await expect(feed(page)).to_have_count(3)
        await expect(page.get_by_text("Reconnecting…")).to_be_visible()
        async with application(tmp_path, sandbox_port, port=port) as (app, settings):
            town = World(settings, fake, app)
            for number in range(3, 9):
                await town.notify(hook, b"{}", event_name=f"job.{number}")
            await expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=20_000)
            await town.notify(hook, b"{}", event_name="job.9")
            expected = [re.compile(rf"job\.{number}\b") for number in range(9, -1, -1)]
            await expect(feed(page)).to_have_text(expected)
            await context.__aexit__(None, None, None)


async def test_everything_works_without_javascript(chromium: Browser, town: World) -> None:
    async with visit(chromium, town, java_script_enabled=False) as (_, page):
        await log_in(page)
        await page.get_by_role("link", name="Subscriptions").click()
        await subscribe(page, "job.created", "job.updated", active=False)
        mine = card(page, "job.created")
        await expect(mine.get_by_text("inactive", exact=True)).to_be_visible()
        await mine.get_by_role("button", name="Activate").click()
        await expect(mine.get_by_text("active", exact=True)).to_be_visible()

        await town.fire("job.created")
        await town.fire("job.updated")
        await page.get_by_role("link", name="Notifications").click()
        await expect(feed(page)).to_have_count(2)
        await page.get_by_label("Event").select_option("job.updated")
        await page.get_by_role("button", name="Apply").click()
        await expect(feed(page)).to_have_count(1)
        await page.get_by_role("searchbox", name="Search").fill("nothing holds this")
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_text("No matches")).to_be_visible()
        await page.get_by_role("link", name="Show all").click()
        await feed(page).first.get_by_role("link").click()
        detail = page.get_by_role("region", name="Detail")
        await expect(detail.get_by_text("signature valid")).to_be_visible()
        await page.get_by_role("link", name="Older").click()
        await expect(detail.get_by_text("job.created").first).to_be_visible()

        await page.get_by_role("link", name="Account").click()
        await page.get_by_role("link", name="Terminal and tokens").click()
        await page.get_by_role("textbox", name="Name").fill("Laptop")
        await page.get_by_role("button", name="Create a token").click()
        await expect(page.get_by_text(re.compile("^srhooks_"))).to_be_visible()
        await page.get_by_role("button", name="Revoke Laptop").click()
        question = page.get_by_role("heading", name="Revoke the token Laptop?")
        await expect(question).to_be_visible()
        await page.get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("The token was revoked.")).to_be_visible()
        await expect(page.get_by_role("button", name="Revoke Laptop")).to_have_count(0)

        await page.get_by_role("link", name="Subscriptions").click()
        await mine.get_by_role("button", name="Delete").click()
        question = page.get_by_role("heading", name="Delete the subscription to job.created")
        await expect(question).to_be_visible()
        await page.get_by_role("button", name="Delete for good").click()
        await expect(mine).to_have_count(0)
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("link", name="Log in with SmartRecruiters")).to_be_visible()
