"""Subscriptions and the overview as a person sees them change."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Route, expect
from srhooks.accounts.user_client import TIMEOUT
from srhooks.subscriptions.service import ACTIVATION_TIMEOUT
from srhooks.web.live import connection

from tests.support.browser import HASTE, answer_question, needs_chromium, open_browser
from tests.support.harness import DEADLINE, World

pytestmark = needs_chromium


async def test_one_is_made_with_all_there_is_and_its_secrets_never_come_back(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium, forgive="status of 400") as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_role("button", name="Create").click()
        await expect(form.get_by_role("alert").first).to_contain_text("Choose at least one event")
        await form.get_by_label("job.created", exact=True).check()
        await form.get_by_label("Alert address").fill("ops@example.com")
        await form.get_by_label("Header", exact=True).check()
        await expect(form.get_by_label("Client secret")).to_be_hidden()
        await form.get_by_label("Header name").fill("X-Key")
        await form.get_by_label("Header value").fill("never-to-be-seen")
        await form.get_by_label("Activate at once").check()
        await form.get_by_role("button", name="Create").click()
        card = page.get_by_role("article", name="job.created")
        await expect(card.get_by_text("active", exact=True)).to_be_visible()
        await expect(page.locator("#new-message")).to_be_empty()
        (made,) = world.sandbox.subscriptions.by_id.values()
        assert "never-to-be-seen" in repr(made.auth)
        assert made.signing_keys()
        await expect(page.get_by_text("1 of 20 used")).to_be_visible()
        await expect(page.get_by_role("meter")).to_have_attribute("value", "1")
        await card.get_by_role("link", name="Duplicate").click()
        await expect(form.get_by_label("job.created", exact=True)).to_be_checked()
        assert "never-to-be-seen" not in await page.content()
        await form.get_by_label("OAuth2").check()
        await form.get_by_label("Client id").fill("client-7")
        await form.get_by_label("Client secret").fill("never-to-be-seen")
        await form.get_by_label("Token address").fill("https://login.example.com/token")
        await form.get_by_role("button", name="Create").click()
        await expect(page.get_by_text("2 of 20 used")).to_be_visible()
        assert "never-to-be-seen" not in await page.content()
        await page.goto("/subscriptions#new")
        await form.get_by_label("offer.created", exact=True).check()
        await form.get_by_label("Basic", exact=True).check()
        await form.get_by_label("User name").fill("hooks")
        await form.get_by_label("Password").fill("never-to-be-seen")
        await form.get_by_role("button", name="Create").click()
        await expect(page.get_by_text("3 of 20 used")).to_be_visible()
        assert "never-to-be-seen" in repr([*world.sandbox.subscriptions.by_id.values()][-1].auth)
        assert "never-to-be-seen" not in await page.content()


async def test_another_systems_one_is_touched_only_after_a_question(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium) as (_, page):
        asked = {"callbackUrl": "https://other.example/in", "events": ["job.created"]}
        api = world.settings.api_url
        theirs = world.sandbox.subscriptions.create(world.person("Ada"), api, asked)
        await page.goto("/subscriptions")
        card = page.get_by_role("article", name="job.created")
        await expect(card.get_by_text("not ours", exact=True)).to_be_visible()
        questions: list[str] = []
        for action in ("Activate", "Delete"):
            await card.get_by_role("button", name=action).click()
            questions.append(await answer_question(page, yes=False))
        await expect(card).to_be_visible()
        assert all("another system" in question for question in questions)
        assert world.sandbox.subscriptions.by_id[theirs.id].handshake == "never tried"


async def test_a_suspension_shows_on_open_pages(chromium: Browser, world: World) -> None:
    watch = world.services.watch
    watch.interval, watch.first_pause = 0.2, 0.1
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
    async with open_browser(world, browser=chromium) as (context, page):
        subscriptions = await context.new_page()
        await subscriptions.goto("/subscriptions")
        for one in (page, subscriptions):
            await expect(one.get_by_text("Live", exact=True)).to_be_visible()
        world.sandbox.subscriptions.by_id[created["id"]].status = "suspended"
        card = subscriptions.get_by_role("article", name="job.created")
        await expect(card.get_by_text("inactive", exact=True)).to_be_visible()
        await expect(card).to_contain_text("by itself")
        await expect(page.locator("#incidents")).to_contain_text("job.created is inactive")
        await expect(page).to_have_title(re.compile("^⚠1 "))
        icon = page.locator("link[rel=icon]")
        await expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
        world.sandbox.subscriptions.by_id[created["id"]].status = "active"
        await expect(page.locator("#incidents")).to_be_empty()
        await expect(page).to_have_title(re.compile("^Notifications"))


async def test_the_overview_follows_what_arrives(
    chromium: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OVERVIEW_INTERVAL", 0.2)
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        await world.fire("job.created")
    async with open_browser(world, browser=chromium, timezone_id="Asia/Kolkata") as (_, page):
        await page.goto("/overview")
        await expect(page.get_by_text("1 notification in the last 24 hours")).to_be_visible()
        await expect(page.locator("rect[data-family=job]")).to_have_count(1)
        await expect(page.get_by_text("No known problems")).to_be_visible()
        # UTC and five and a half hours: a bar begins each half hour.
        tick = page.locator(".ticks time").first
        shown, exact = await tick.text_content(), await tick.get_attribute("title")
        assert shown
        assert exact
        assert f" {shown}:00.000 GMT+5:30" in exact
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        link = f"<{world.settings.api_url}/jobs/1>; rel=self"
        await world.notify(hook_id, event_name="offer.created", link=link, event_id="1",
                           smartrecruiters_signature="v1=00")  # fmt: skip
        await expect(page.get_by_text("2 notifications in the last 24 hours")).to_be_visible()
        await expect(page.locator("rect[data-family=offer]")).to_have_count(1)
        problem = page.get_by_role("listitem").filter(
            has_text="1 notification has a wrong signature"
        )
        await expect(page.get_by_role("row", name=re.compile("^Sent . received"))).to_contain_text(
            re.compile(r"\d m?s")
        )
        await expect(
            page.get_by_role("row", name=re.compile("^job.created active"))
        ).to_contain_text("2")
        await problem.get_by_role("link").click()
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("signature does not match")


async def test_the_keyboard_goes_on_where_a_form_was_sent(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        for event in ("offer.created", "job.created", "job.updated"):
            await ada.subscribe(event, active=False)
    async with open_browser(world, browser=chromium, forgive="status of 400") as (_, page):
        await page.goto("/subscriptions")

        def heading(name: str) -> Locator:
            card = page.get_by_role("article", name=name, exact=True)
            return card.get_by_role("heading")

        create = page.get_by_role("button", name="Create", exact=True)
        await create.press("Enter")
        await expect(page.locator("#new-message")).to_contain_text("Choose at least one event")
        await expect(create).to_be_focused()
        await page.get_by_role("checkbox", name="review.created", exact=True).check()
        await create.press("Enter")
        await expect(heading("review.created")).to_be_focused()
        await expect(heading("review.created")).to_be_in_viewport()
        card = page.get_by_role("article", name="job.created", exact=True)
        await card.get_by_role("button", name="Activate").press("Enter")
        await expect(card.get_by_text("active", exact=True)).to_be_visible()
        await expect(heading("job.created")).to_be_focused()
        said = page.locator("#announcer")
        await expect(said).to_have_text("The subscription was activated.")
        headings = page.get_by_role("article").get_by_role("heading")
        order = [text.strip() for text in await headings.all_text_contents()]
        following = order[order.index("job.created") + 1]
        await card.get_by_role("button", name="Delete").press("Enter")
        await answer_question(page, yes=True)
        await expect(card).to_have_count(0)
        await expect(heading(following)).to_be_focused()
        await expect(said).to_have_text("The subscription was deleted.")


async def test_a_server_out_of_reach_is_told_beside_the_form_until_it_is_back(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        for event in ("job.created", "job.updated", "offer.created"):
            await ada.subscribe(event, active=False)
    cut = f"{HASTE}|INTERNET_DISCONNECTED|Failed to fetch|htmx:ws:error"
    async with open_browser(world, browser=chromium, forgive=cut) as (context, page):
        await page.goto("/subscriptions")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await context.set_offline(True)
        words = "The server cannot be reached."
        card = page.get_by_role("article", name="job.created", exact=True)
        activate = card.get_by_role("button", name="Activate")
        await activate.press("Enter")
        await expect(card.get_by_role("alert")).to_contain_text(words)
        await expect(activate).to_be_focused()
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_label("review.created", exact=True).check()
        await form.get_by_role("button", name="Create").press("Enter")
        await expect(form.get_by_role("alert")).to_contain_text(words)
        await expect(form.get_by_role("alert")).to_be_in_viewport()
        await expect(page.get_by_text(words)).to_have_count(1)
        await expect(form.get_by_role("alert")).to_contain_text(
            "It may have been done all the same"
        )
        made_meanwhile(world)
        await context.set_offline(False)
        await expect(page.get_by_text(words)).to_have_count(0)
        await expect(form.get_by_label("review.created", exact=True)).to_be_checked()
        await expect(page.get_by_role("article", name="review.deleted")).to_be_visible()


def made_meanwhile(world: World) -> None:
    asked = {"callbackUrl": "https://other.example/in", "events": ["review.deleted"]}
    world.sandbox.subscriptions.create(world.person("Ada"), world.settings.api_url, asked)


async def test_a_creation_without_an_answer_says_so_and_shows_the_list(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium, forgive="status of 502") as (_, page):
        await page.goto("/subscriptions")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_label("review.deleted", exact=True).check()
        world.sandbox.add_fault("/subscriptions$", method="POST", drop=True, times=1)
        made_meanwhile(world)
        await form.get_by_role("button", name="Create").click()
        await expect(form.get_by_role("alert")).to_contain_text(
            "the connection broke. It may have been done all the same: check the list"
        )
        await expect(page.get_by_role("article", name="review.deleted")).to_be_visible()


async def test_the_form_says_what_it_waits_for_and_longer_than_the_server_does(
    chromium: Browser, world: World
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            asked.set()
            await answer.wait()
        await route.continue_()

    async with open_browser(world, browser=chromium, forgive="status of 400") as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        create = form.get_by_role("button", name="Create")
        await create.click()
        await expect(page.locator("#new-message")).to_contain_text("Choose at least one event")
        await form.get_by_label("job.created", exact=True).check()
        waiting = form.locator("[role=status]")
        await expect(waiting).to_have_text("", use_inner_text=True)
        await page.route("**/subscriptions", hold)
        await create.click()
        await asyncio.wait_for(asked.wait(), DEADLINE)
        await expect(waiting).to_have_text("Waiting for SmartRecruiters…", use_inner_text=True)
        await expect(page.locator("#new-message")).to_be_empty()
        answer.set()
        await expect(page.get_by_role("article", name="job.created")).to_be_visible()
        await expect(waiting).to_have_text("", use_inner_text=True)
        # To create it, make its key, activate it and list them all.
        seconds = 3 * TIMEOUT + ACTIVATION_TIMEOUT
        assert await page.evaluate("htmx.config.defaultTimeout") > 1000 * seconds
