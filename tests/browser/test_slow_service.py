"""A slow service freezes no page: the frame comes at once, the list when it is there."""

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World

pytestmark = needs_chromium

SLOW = 3.0  # seconds for one answer


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_frame_comes_before_the_list(
    chromium: Browser, world: World, scripts: bool
) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("review.created")
    # A page that is navigated away from says that its socket broke off.
    async with open_browser(world, browser=chromium, java_script_enabled=scripts) as (_, page):
        world.sandbox.add_fault("/subscriptions$", method="GET", delay=SLOW)
        await page.goto("/subscriptions", wait_until="commit")
        if scripts:  # without, Playwright waits until the browser has loaded the page again
            await expect(page.get_by_role("form", name="New subscription")).to_be_visible()
            await expect(page.locator("#asking")).to_contain_text("Waiting for SmartRecruiters…")
        await expect(page.get_by_role("article", name="review.created")).to_be_visible()
        await expect(page.locator("#asking")).to_have_count(0)
        asked = [one for one in world.sandbox.requests if one.path.endswith("/subscriptions")]
        assert sum(one.method == "GET" for one in asked) == 1  # both requests shared one reading


async def test_what_was_created_says_what_comes_next(chromium: Browser, world: World) -> None:
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_label("job.created", exact=True).check()
        await form.get_by_role("button", name="Create").click()
        card = page.get_by_role("article", name="job.created")
        await expect(card).to_contain_text("Next: activate it")
        await expect(card).to_be_in_viewport()
        await card.get_by_role("button", name="Activate").click()
        await expect(card.get_by_role("link", name="send a test")).to_be_visible()
        await expect(card.get_by_role("link", name="watch what arrives")).to_be_visible()
        await world.fire("job.created")
        await page.reload()
        await expect(card.get_by_text("Next:")).to_have_count(0)  # it works


async def test_events_are_found_by_what_a_person_sees(chromium: Browser, world: World) -> None:
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        search = form.get_by_label("Find an event")
        await search.fill("rating")  # only the sentence says it: the sentence is shown
        await expect(form.get_by_label("review.created", exact=True)).to_be_visible()
        await expect(form.locator("#sends-review\\.created")).to_be_visible()
        await search.fill("review created")
        await expect(form.get_by_label("review.created", exact=True)).to_be_visible()
        await expect(form.locator("#sends-review\\.created")).to_be_hidden()
        await search.fill("rating nonsense")
        await expect(form.get_by_label("review.created", exact=True)).to_be_hidden()
