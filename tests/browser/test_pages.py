"""Every page: narrow and enlarged, by keyboard, without motion, and without JavaScript."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World

pytestmark = needs_chromium

ERASED = {"candidateId": "candidate-7", "confirm": True}


async def addresses(world: World) -> list[str]:
    """Every page there is, with something to show."""
    async with world.logged_in() as ada:
        created = await ada.subscribe(
            "onboarding.assignments.high-priority.completed", "job.created"
        )
        number = created["id"]
        await ada.json("POST", f"/subscriptions/{number}/secret-key", status=201)
        await ada.json("POST", "/terminal/tokens", status=201, data={"name": "Build machine"})
        await world.notify(
            created["hookId"], b'{"candidate_id": "candidate-7", "long": "%s"}' % (b"x" * 300)
        )
        await ada.json("POST", "/candidates/erase", json=ERASED)
        await world.notify(created["hookId"], b'{"long": "%s"}' % (b"y" * 300))
        await world.fire("job.created")
        found = [one["id"] for one in await ada.notifications()]
    return [
        "/notifications", "/notifications?q=nothing", "/notifications/export", "/overview",
        "/latency", "/missed",
        *(f"/notifications/{one}" for one in found), "/subscriptions", f"/subscriptions/{number}",
        f"/subscriptions?clone={number}", f"/subscriptions/{number}/delete",
        f"/subscriptions/{number}/callbacks-log", "/subscriptions/coverage", "/events", "/account",
        "/terminal", "/api", "/no-such-page",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400)])
async def test_nothing_is_cut_off_at_320_px_nor_at_twice_the_size(
    chromium: Browser, world: World, width: int, height: int
) -> None:
    """1280 px at 200 % are 640 px. What is wider than a page scrolls within it (WCAG 1.4.10)."""
    paths = await addresses(world)
    too_wide = []
    async with open_browser(world, browser=chromium, forgive="status of 404") as (_, page):
        await page.set_viewport_size({"width": width, "height": height})
        for path in paths:
            await page.goto(path)
            if await page.locator("html").evaluate("html => html.scrollWidth") > width:
                too_wide.append(path)
    assert not too_wide


OUTLINED = """() => {
    const one = document.activeElement;
    const style = getComputedStyle(one);
    const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    const fine = one === document.body || one.matches("#main") || shown;
    return fine ? "" : one.outerHTML.slice(0, 200);
}"""


async def test_the_focus_is_seen_wherever_it_goes(chromium: Browser, world: World) -> None:
    paths = await addresses(world)
    unseen = []
    async with open_browser(world, browser=chromium, forgive="status of 404") as (_, page):
        for path in paths:
            await page.goto(path)
            await page.keyboard.press("Tab")
            skip = page.get_by_role("link", name="Skip to content")
            await expect(skip).to_be_focused()
            await expect(skip).to_be_in_viewport()
            for _ in range(25):
                await page.keyboard.press("Tab")
                if found := await page.evaluate(OUTLINED):
                    unseen.append((path, found))
            await skip.focus()
            await page.keyboard.press("Enter")
            await expect(page.locator("#main")).to_be_focused()
    assert not unseen


async def test_nothing_moves_for_whoever_wants_no_motion(chromium: Browser, world: World) -> None:
    for wish, some in (("reduce", False), ("no-preference", True)):
        async with open_browser(world, browser=chromium, reduced_motion=wish) as (_, page):
            status = page.locator("#live-status")
            await expect(status).to_have_text("Live")
            # As while the server is away, which would be a complaint of the browser's here.
            await status.evaluate("(status) => { status.dataset.state = 'reconnecting'; }")
            assert (await page.evaluate("document.getAnimations().length") > 0) is some


async def test_subscriptions_and_overview_work_without_javascript(
    chromium: Browser, world: World
) -> None:
    await addresses(world)
    async with open_browser(
        world, browser=chromium, java_script_enabled=False, forgive="status of 400"
    ) as (_, page):
        await page.goto("/subscriptions")
        await page.get_by_role("link", name="Details").click()
        await page.get_by_role("button", name="Rotate key").click()
        await expect(page.get_by_role("heading", name="Rotate the key of the sub")).to_be_visible()
        await page.get_by_role("button", name="Rotate key").click()
        await expect(page.locator("#secret")).not_to_be_empty()
        await page.get_by_role("button", name="Test", exact=True).click()
        await expect(page.get_by_text("It arrived: 202")).to_be_visible()
        await page.get_by_role("link", name="Callbacks log").click()
        await page.locator("summary", has_text="job.created").first.click()
        await expect(page.get_by_text("/hooks/").first).to_be_visible()
        await page.locator(".head").get_by_role("link").first.click()  # the subscription
        await page.get_by_role("link", name="Duplicate").click()
        form = page.get_by_role("form", name="New subscription")
        await expect(form.get_by_label("job.created", exact=True)).to_be_checked()
        await form.get_by_label("All review events").check()
        await form.get_by_label("Activate at once").check()
        await form.get_by_role("radio", name="Basic").check()
        await form.get_by_role("button", name="Create").click()
        await expect(form.get_by_text("fill in User name, Password")).to_be_in_viewport()
        await form.get_by_role("radio", name="None").check()
        await form.get_by_role("button", name="Create").click()
        made = page.get_by_role("article", name="review.created")
        await expect(made).to_contain_text("active")
        await expect(made).to_be_in_viewport()
        await page.get_by_role("link", name="Coverage").click()
        await expect(
            page.get_by_role("row", name=re.compile("^job.created duplicate"))
        ).to_be_visible()
        await page.get_by_role("link", name="Overview").click()
        await page.get_by_role("link", name="Last hour").click()
        await page.get_by_text("As a table").click()
        await expect(page.get_by_role("columnheader", name="From")).to_be_visible()
        await page.get_by_role("link", name="Job", exact=True).click()
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(rows).to_have_count(1)
        await page.get_by_role("link", name="Export").click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download HAR").click()
        assert (await download.value).suggested_filename.endswith(".har")


async def test_an_address_that_is_not_there_keeps_the_way_back(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium, forgive="status of 404") as (context, page):
        await page.goto("/nowhere")
        await expect(page.get_by_text("There is no such page")).to_be_visible()
        await page.get_by_role("link", name="Subscriptions", exact=True).click()
        await expect(page.get_by_role("heading", name="Subscriptions")).to_be_visible()
        await context.clear_cookies()
        await page.goto("/nowhere")
        await page.get_by_role("link", name="Home").click()
        await expect(page.get_by_role("link", name="Log in with SmartRecruiters")).to_be_visible()
