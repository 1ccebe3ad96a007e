"""Choosing several notifications, and deleting them."""

import pytest
from playwright.async_api import Browser, expect

from tests.integration.test_bulk import form
from tests.support.browser import answer_question, needs_chromium, open_browser
from tests.support.feed_page import hook_of
from tests.support.harness import World

pytestmark = needs_chromium


@pytest.mark.parametrize("width", [1280, 390])
async def test_far_down_the_list_what_can_be_done_with_the_chosen_is_at_hand(
    chromium: Browser, world: World, width: int
) -> None:
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        for number in range(40):
            await world.notify(hook_id, event_name="job.created", event_id=str(number))
    size = {"width": width, "height": 700}
    async with open_browser(world, browser=chromium, viewport=size) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await rows.nth(30).get_by_role("checkbox").check()
        await expect(page.get_by_role("button", name="Delete")).to_be_in_viewport()
        await rows.nth(31).get_by_role("link").focus()
        for _ in range(21):
            await page.keyboard.press("k")
        await expect(rows.nth(10).get_by_role("link")).to_be_focused()
        shown = await rows.nth(10).bounding_box()
        tools = await page.locator("#bulk").bounding_box()
        assert shown
        assert tools
        assert shown["y"] >= tools["y"] + tools["height"] - 1
        await page.get_by_role("button", name="Process again").click()
        await expect(page.locator("#bulk .count")).to_be_empty()


async def test_several_are_chosen_and_deleted(chromium: Browser, world: World) -> None:
    hook_id = await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        feed = page.get_by_role("list", name="Notifications")
        boxes = feed.get_by_role("checkbox")
        await expect(page.get_by_role("button", name="Delete")).to_be_hidden()
        await boxes.nth(0).check()
        await boxes.nth(1).click(modifiers=["Shift"])
        await expect(page.locator("#bulk .count")).to_have_text("2 selected")
        await world.notify(hook_id, event_id="late")  # arrives above them: the choice stays
        await expect(boxes).to_have_count(4)
        await expect(page.locator("#bulk .count")).to_have_text("2 selected")
        await expect(boxes.nth(0)).not_to_be_checked()
        await page.get_by_role("button", name="Delete").click()
        await answer_question(page, yes=True)
        await expect(feed.get_by_role("listitem")).to_have_count(2)
        await expect(page.locator("#messages")).to_contain_text("2 notifications were deleted.")


async def test_no_to_the_question_before_deleting_loses_nothing(
    chromium: Browser, world: World
) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        boxes = page.get_by_role("list", name="Notifications").get_by_role("checkbox")
        await boxes.nth(1).check()
        await boxes.nth(2).check()
        await page.get_by_role("button", name="Delete").click()
        asked = await answer_question(page, yes=False)
        assert asked.startswith("Delete 2 notifications?")
        await expect(page.locator("#bulk .count")).to_have_text("2 selected")
        async with page.expect_download():  # what was refused is not remembered
            await page.get_by_role("button", name="CSV").click()
        await expect(boxes).to_have_count(3)
        ids = [str(await box.get_attribute("value")) for box in await boxes.all()]
        async with world.logged_in() as ada:
            _, ask = await form(ada, "/notifications/delete", {"id": ids[1:]})
        assert all(line in ask for line in asked.splitlines())


async def test_the_open_one_is_deleted_after_a_question_whatever_is_chosen(
    chromium: Browser, world: World
) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await page.get_by_label("Select all shown").check()
        await rows.nth(1).get_by_role("link").click()
        await page.locator("#detail").get_by_role("button", name="Delete").click()
        question = await answer_question(page, yes=True)
        assert question.startswith("Delete this notification?")
        await expect(rows).to_have_count(2)


async def test_back_in_the_browser_ticks_no_row(chromium: Browser, world: World) -> None:
    """By position they would be others: something has arrived meanwhile."""
    hook_id = await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        boxes = page.get_by_role("list", name="Notifications").get_by_role("checkbox")
        await page.get_by_label("Select all shown", exact=True).check()
        await page.get_by_role("link", name="Overview").click()
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        await world.notify(hook_id, event_id="late")
        await page.go_back()
        await expect(boxes).to_have_count(4)
        await expect(page.locator("#live-status")).to_have_text("Live")  # its scripts are here
        for box in [*await boxes.all(), page.get_by_label("Select all shown")]:
            await expect(box).not_to_be_checked()
