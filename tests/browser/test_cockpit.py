"""What the cockpit does in the browser itself."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.integration.test_bulk import form
from tests.support.browser import answer_question, needs_chromium, open_browser
from tests.support.harness import World
from tests.support.harness import world as start_world

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


async def test_an_export_shows_its_progress_and_becomes_a_file(
    chromium: Browser, world: World, tmp_path: Path
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for _ in range(3):
            await world.notify(created["hookId"])
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/notifications/export")
        await page.evaluate(  # what it says on the way, kept: it may be gone at once
            "new MutationObserver(() => (window.said ??= []).push(document.getElementById("
            "'export-progress').textContent)).observe(document.getElementById('export-progress'),"
            "{childList: true, subtree: true, characterData: true})"
        )
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download NDJSON").click()
        file = await download.value
        assert file.suggested_filename.endswith(".ndjson")
        await file.save_as(tmp_path / "export")
        rows = [json.loads(line) for line in (tmp_path / "export").read_text().splitlines()]
        assert len(rows) == 3
        await expect(page.locator("#export-progress")).to_have_text(
            "Done: the file is in your downloads."
        )
        assert any("3 of 3" in text for text in await page.evaluate("window.said"))


COUNT_ROWS = """async ([format, size]) => {
    const { rowCounter } = await import(document.querySelector('link[href*="/export."]').href);
    const query = location.search.replace("?", "&");
    const answer = await fetch(`/notifications/export?format=${format}${query}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const count = rowCounter(format);
    let rows = 0;
    for (let at = 0; at < bytes.length; at += size) rows = count(bytes.subarray(at, at + size));
    return rows;
}"""


@pytest.mark.parametrize("format_name", ["ndjson", "csv", "har"])
async def test_the_progress_of_an_export_counts_rows_however_they_are_cut(
    chromium: Browser, world: World, format_name: str
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for body in (b'{"a": "1"}', b'line\r\n"quoted"\nlast\r\n', b'"', b"\n"):
            await world.notify(created["hookId"], body)
    async with open_browser(world, browser=chromium) as (_, page):
        for size in (1, 7, 1_000_000):
            assert await page.evaluate(COUNT_ROWS, [format_name, size]) == 4
        await page.goto("/notifications?q=quoted")
        assert await page.evaluate(COUNT_ROWS, [format_name, 1]) == 1


async def test_events_are_found_and_chosen_by_family(chromium: Browser, world: World) -> None:
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_label("All review events").check()
        for name in ("created", "updated", "deleted"):
            await expect(form.get_by_label(f"review.{name}", exact=True)).to_be_checked()
        await form.get_by_label("review.deleted", exact=True).uncheck()
        await expect(form.get_by_label("All review events")).not_to_be_checked()
        await expect(form.get_by_text("Sends a link to the review").first).to_be_visible()
        await form.get_by_label("Find an event").fill("screening answers")
        await expect(form.get_by_label("application.screening-answers.created")).to_be_visible()
        await expect(form.get_by_label("job.created", exact=True)).to_be_hidden()
        await form.get_by_role("button", name="Create").click()
        card = page.get_by_role("article", name="review.created")
        await expect(card).to_contain_text("review.updated")
        await expect(card).not_to_contain_text("review.deleted")


async def test_finding_events_says_what_fits_and_how_many_are_chosen(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        search, told = form.get_by_label("Find an event"), form.locator("output")
        await expect(told).to_have_text("")
        await search.fill("no such thing")
        await expect(told).to_have_text("No matching event")
        await search.fill("offer.approver.")
        await expect(told).to_have_text("2 shown")
        await form.get_by_label("offer.approver.skipped").check()
        await expect(told).to_have_text("1 selected, 2 shown")
        await search.fill("no such thing")
        await expect(told).to_have_text("No matching event, 1 selected")
        await search.fill("")
        await form.get_by_label("All review events").check()
        await expect(told).to_have_text("4 selected")
        await form.get_by_role("button", name="Create").click()
        await expect(told).to_have_text("")  # it is empty again


async def test_an_export_that_breaks_off_says_so_in_plain_words(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium, forgive="ERR_FAILED") as (_, page):
        await page.goto("/notifications/export")
        await page.route("**/notifications/export?format=csv", lambda route: route.abort())
        await page.get_by_role("link", name="Download CSV").click()
        await expect(page.locator("#export-progress")).to_have_text(
            "The export was interrupted. The server cannot be reached. Try again in a moment."
        )


async def test_the_steps_of_an_activation_appear(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created", active=False)
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/subscriptions")
        await page.get_by_role("button", name="Activate").click()
        card = page.get_by_role("article", name="job.created")
        await expect(card).to_contain_text("Handshake received from")
        await expect(card).to_contain_text("SmartRecruiters activated it")


async def test_the_time_an_old_key_has_left_counts_down(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto(f"/subscriptions/{created['id']}")
        for _ in range(2):  # the second answers the question
            await page.get_by_role("button", name="Rotate key").click()
        await expect(page.locator("#secret")).not_to_be_empty()
        await expect(page.locator("[data-until]")).to_contain_text("23 h 59 min")


async def test_on_a_phone_one_sees_what_a_button_brought(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated")
        await world.sandbox.fire("job.created")
        (n,) = await ada.notifications()
    size = {"width": 390, "height": 640}
    async with open_browser(world, browser=chromium, viewport=size) as (_, page):
        await page.goto(f"/subscriptions/{created['id']}")
        for _ in range(2):  # the second answers the question
            await page.get_by_role("button", name="Rotate key").click()
        await expect(page.locator("#secret")).to_be_in_viewport()
        await page.get_by_role("button", name="Test", exact=True).click()
        await expect(page.get_by_text("It arrived: 202")).to_be_in_viewport()
        await page.goto(f"/notifications/{n['id']}")
        await page.get_by_role("button", name="Process again", exact=True).click()
        await expect(page.get_by_role("heading", name="Details", exact=True)).to_be_in_viewport()
        await expect(page.get_by_text("It was processed again.")).to_be_in_viewport()
        await page.goto("/terminal")
        await page.get_by_label("Name").fill("documentation@workstation")
        await page.get_by_role("button", name="Create a token").click()
        hidden = "table => table.parentElement.scrollWidth - table.parentElement.clientWidth"
        assert await page.locator(".tokens").evaluate(hidden) == 0  # Revoke stands last


async def hook_of(world: World) -> str:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for number in range(3):
            await world.notify(created["hookId"], event_name="job.created", event_id=str(number))
    return str(created["hookId"])


async def test_a_pause_holds_back_and_then_shows_all(chromium: Browser, world: World) -> None:
    hook_id = await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(page.locator("#live-status")).to_have_text("Live")
        await page.get_by_role("button", name="Pause").click()
        for number in range(10, 15):
            await world.notify(hook_id, event_name="job.updated", event_id=str(number))
        await expect(page.get_by_role("button", name="Resume · 5 new")).to_be_visible()
        await expect(rows).to_have_count(3)
        await page.get_by_role("button", name="Resume").click()
        await expect(rows).to_have_count(8)
        await world.notify(hook_id, event_name="job.updated", event_id="20")
        await expect(rows).to_have_count(9)


async def test_what_a_pause_holds_back_is_of_the_list_that_is_shown(
    chromium: Browser, world: World
) -> None:
    hook_id = await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await expect(page.locator("#live-status")).to_have_text("Live")
        await page.get_by_role("button", name="Pause").click()
        await world.notify(hook_id, event_name="job.updated", event_id="10")
        await expect(page.get_by_role("button", name="Resume · 1 new")).to_be_visible()
        await page.get_by_label("Event", exact=True).select_option("job.updated")
        await expect(rows).to_have_count(1)
        pause = page.locator("#pause")
        await expect(pause).to_have_text("Resume")
        await expect(pause).to_have_attribute("aria-pressed", "true")
        for number in (11, 12):
            await world.notify(hook_id, event_name="job.updated", event_id=str(number))
        await expect(pause).to_have_text("Resume · 2 new")
        await pause.click()
        await expect(rows).to_have_count(3)


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


async def test_back_and_forward_show_what_was_there(chromium: Browser, world: World) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("listitem")
        await page.get_by_label("Signature").select_option("valid")
        await expect(page).to_have_url(f"{world.base}/notifications?signature=valid")
        await expect(rows).to_have_count(0)
        await page.get_by_label("Signature").select_option("")
        await expect(rows).to_have_count(3)
        await rows.nth(1).get_by_role("link").click()
        await expect(page.locator("#detail article")).to_be_visible()
        detail = page.url
        await page.go_back()
        await expect(page).to_have_url(f"{world.base}/notifications")
        await expect(page.locator("#detail article")).to_have_count(0)
        await page.go_back()
        await expect(page).to_have_url(f"{world.base}/notifications?signature=valid")
        await expect(rows).to_have_count(0)
        await expect(page.get_by_label("Signature")).to_have_value("valid")
        await page.go_forward()
        await page.go_forward()
        await expect(page).to_have_url(detail)
        await expect(page.locator("#detail article")).to_be_visible()


async def test_all_of_it_works_without_javascript(chromium: Browser, world: World) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium, java_script_enabled=False) as (_, page):
        await page.get_by_label("Received").select_option("1h")
        await page.get_by_role("button", name="Apply").click()
        feed = page.get_by_role("list", name="Notifications")
        await expect(feed.get_by_role("listitem")).to_have_count(3)
        await feed.get_by_role("checkbox").first.check()
        await page.get_by_role("button", name="Process again").click()
        await expect(page).to_have_url(re.compile(r"since=1h"))
        await feed.get_by_role("checkbox").first.check()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="CSV").click()
        assert (await download.value).suggested_filename.endswith(".csv")
        await feed.get_by_role("checkbox").first.check()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete for good").click()
        await expect(feed.get_by_role("listitem")).to_have_count(2)


async def test_a_link_inside_opens_within_the_detail(chromium: Browser, world: World) -> None:
    me = f"{world.settings.api_url}/user-api/v201804/users/me"
    world.sandbox.add_fault("/jobs/", method="GET", status=200, body={"actions": {"me": me}})
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await world.sandbox.fire("job.created")
    async with open_browser(world, browser=chromium) as (_, page):
        await page.get_by_role("list", name="Notifications").get_by_role("link").first.click()
        await page.get_by_text("1 link inside").click()
        await page.get_by_role("link", name="Follow actions.me").click()
        answer = page.get_by_label("Details that the link leads to", exact=True)
        await expect(answer).to_contain_text("ADMINISTRATOR")
        await expect(answer).to_be_in_viewport(ratio=1)
        told = page.locator("#detail [role=status]")
        await expect(told).to_have_text(re.compile(r"^actions.me 200 \d+ B, shown and not stored$"))
        await expect(page).to_have_url(re.compile(r"/notifications/[0-9a-z]{13}$"))


async def test_the_curl_command_is_copied(chromium: Browser, world: World) -> None:
    hook_id = await hook_of(world)
    async with open_browser(world, browser=chromium) as (context, page):
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("list", name="Notifications").get_by_role("link").first.click()
        await page.get_by_text("As curl", exact=True).click()
        await page.get_by_role("button", name="Copy as curl").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"curl -X POST {world.base}/hooks/{hook_id}")


async def test_keys_move_open_search_and_go_places(chromium: Browser, world: World) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("link")
        await page.keyboard.press("j")
        await expect(rows.nth(0)).to_be_focused()
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        await expect(rows.nth(1)).to_be_focused()
        await page.keyboard.press("x")
        await expect(page.locator("#bulk .count")).to_have_text("1 selected")
        await page.keyboard.press("o")
        article = page.locator("#detail article")
        await expect(article).to_be_visible()
        second = await article.get_attribute("data-id")
        assert page.url.endswith(f"/notifications/{second}")
        await page.keyboard.press("]")
        await expect(rows.nth(2)).to_have_attribute("aria-current", "true")
        await page.keyboard.press("/")
        await expect(page.get_by_label("Search")).to_be_focused()
        await page.keyboard.type("jgo")  # in a field letters are letters
        await expect(page.get_by_label("Search")).to_have_value("jgo")
        await page.keyboard.press("Escape")
        for letter, path in (("s", "subscriptions"), ("o", "overview"), ("n", "notifications")):
            await page.keyboard.press("g")
            await page.keyboard.press(letter)
            await expect(page).to_have_url(f"{world.base}/{path}")


async def test_what_the_keyboard_opens_is_where_the_keyboard_goes_on(
    chromium: Browser, world: World
) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("link")
        heading = page.locator("#detail article h2")
        await rows.nth(0).press("Enter")
        await expect(heading).to_be_focused()
        await page.keyboard.press("Tab")
        inside = "document.activeElement.closest('#detail') !== null"
        assert await page.evaluate(inside)
        await page.keyboard.press("j")
        await expect(rows.nth(1)).to_be_focused()
        await page.keyboard.press("o")
        await expect(heading).to_be_focused()
        await page.keyboard.press("k")
        await expect(rows.nth(0)).to_be_focused()
        await rows.nth(2).click()
        await expect(rows.nth(2)).to_have_attribute("aria-current", "true")
        await expect(rows.nth(2)).to_be_focused()  # a mouse leaves it where it was
        await rows.nth(1).press("Enter")
        await expect(rows.nth(1)).to_have_attribute("aria-current", "true")
        await expect(heading).to_be_focused()
        await page.keyboard.press("u")
        await expect(heading).to_have_count(0)
        await expect(rows.nth(1)).to_be_focused()


async def test_the_help_lists_keys_and_switches_them_off(chromium: Browser, world: World) -> None:
    await hook_of(world)
    async with open_browser(world, browser=chromium) as (_, page):
        rows = page.get_by_role("list", name="Notifications").get_by_role("link")
        await page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard")
        await expect(dialog).to_contain_text("next and previous notification")
        await page.keyboard.press("j")  # not behind the dialog
        await dialog.get_by_label("Use these keys").uncheck()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await page.reload()
        await page.keyboard.press("j")
        await page.get_by_role("button", name="Keyboard").click()
        await expect(dialog.get_by_label("Use these keys")).not_to_be_checked()
        await dialog.get_by_label("Use these keys").check()
        await dialog.get_by_role("button", name="Close").click()
        await expect(rows.nth(0)).not_to_be_focused()
        await page.locator("main").focus()
        await page.keyboard.press("j")
        await expect(rows.nth(0)).to_be_focused()


async def test_what_scripts_add_works_again_after_going_back(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"])
        async with open_browser(world) as (_, page):
            await page.evaluate("window.htmx.isFirst = true")
            await page.get_by_role("list", name="Notifications").get_by_role("link").click()
            await expect(page.locator("#detail article")).to_be_visible()
            await page.go_back()
            await expect(page.locator("#detail article")).to_have_count(0)
            await page.get_by_role("button", name="Pause").click()
            await expect(page.get_by_role("button", name="Resume")).to_be_visible()
            await page.get_by_role("button", name="Keyboard").click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            assert await page.evaluate("window.htmx.isFirst")  # its scripts did not run again
