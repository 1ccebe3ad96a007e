"""What the cockpit does in the browser itself."""

import re

from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.feed_page import hook_of
from tests.support.harness import World

pytestmark = needs_chromium


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
        await world.fire("job.created")
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
        await world.fire("job.created")
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


async def test_what_scripts_add_works_again_after_going_back(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"])
        async with open_browser(world, browser=chromium) as (_, page):
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
