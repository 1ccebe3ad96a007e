"""JSON on the page of a notification, in a real Chromium: fold, search, copy."""

import json

from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import Browser as Session
from tests.support.harness import World

pytestmark = needs_chromium

BODY = {
    "id": "1",
    "score": 12345678901234567890,
    "candidate": {"name": "Grace {[", "tags": ["a", "b"], "none": {}},
    "history": [{"step": number, "note": f"Needle {number} <b>"} for number in range(40)],
}


async def open_body(page: Page, ada: Session) -> Locator:
    (n,) = await ada.notifications()
    await page.goto(f"/notifications/{n['id']}")
    return page.locator(".json-block", has=page.get_by_role("group", name="Body", exact=True))


async def received(world: World, ada: Session, body: bytes) -> None:
    created = await ada.subscribe("job.created", active=False)
    assert await world.notify(created["hookId"], body) == 202


async def test_json_is_searched_and_what_is_found_unfolds(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        await received(world, ada, json.dumps(BODY).encode())
        async with open_browser(world, browser=chromium) as (_, page):
            block = await open_body(page, ada)
            folds = block.locator("details:not([open])")
            await expect(block.get_by_text('"Grace {["')).to_be_visible()
            folded = await folds.count()
            await expect(block.get_by_text("Needle 7 <b>")).to_be_hidden()
            search = block.get_by_role("searchbox", name="Find in body")
            await search.fill('note": "needle 7')
            found = block.locator("output")
            await expect(found).to_have_text("1 of 1")
            await expect(block.get_by_text("Needle 7 <b>")).to_be_visible()
            await search.fill("needle 1")
            await expect(found).to_have_text("1 of 11")
            await expect(block.get_by_text("Needle 7 <b>")).to_be_hidden()
            await search.press("Shift+Enter")
            await expect(found).to_have_text("11 of 11")
            await expect(block.get_by_text("Needle 19 <b>")).to_be_in_viewport()
            marks = "[...CSS.highlights.get('json-found')].map((one) => one.toString())"
            assert await page.evaluate(marks) == ["Needle 1"] * 11
            await search.fill("(no such+ text)")
            await expect(found).to_have_text("No matches")
            await search.fill("")
            await expect(folds).to_have_count(folded)
            await block.get_by_role("button", name="Unfold all").click()
            await expect(folds).to_have_count(0)
            await block.get_by_role("button", name="Fold all").click()
            await expect(block.get_by_text('"Grace {["')).to_be_hidden()


async def test_json_is_copied_whole_and_indented(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        await received(world, ada, json.dumps(BODY).encode())
        permissions = ["clipboard-read", "clipboard-write"]
        async with open_browser(world, browser=chromium, permissions=permissions) as (_, page):
            block = await open_body(page, ada)
            await block.get_by_role("button", name="Copy").click()
            await expect(block.get_by_role("button", name="Copied")).to_be_visible()
            copied = await page.evaluate("navigator.clipboard.readText()")
            assert copied == json.dumps(BODY, indent=2)


async def test_folds_and_search_outlive_a_live_refresh(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        headers = {"event-id": "e1"}
        await world.notify(created["hookId"], json.dumps(BODY).encode(), **headers)
        async with open_browser(world, browser=chromium) as (_, page):
            block = await open_body(page, ada)
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            await block.get_by_text('"history": [').click()  # unfold
            await block.get_by_text('"candidate": {').click()  # fold
            await block.get_by_role("searchbox").fill("Needle 3 ")
            await expect(block.get_by_text("Needle 3 <b>")).to_be_visible()
            await world.notify(created["hookId"], json.dumps(BODY).encode(), **headers)
            await expect(page.locator("#d-deliveries + ol li")).to_have_count(2)
            await expect(block.get_by_text("Needle 3 <b>")).to_be_visible()
            await expect(block.get_by_text('"Grace {["')).to_be_hidden()
            await expect(block.get_by_role("searchbox")).to_have_value("Needle 3 ")
            await expect(block.locator("output")).to_have_text("1 of 1")


async def test_a_followed_link_outlives_a_live_refresh(chromium: Browser, world: World) -> None:
    me = f"{world.settings.api_url}/user-api/v201804/users/me"
    actions = {f"me{number}": f"{me}?n={number}" for number in range(30)}
    world.sandbox.add_fault("/jobs/", method="GET", status=200, body={"actions": actions})
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.fire("job.created")
        async with open_browser(world, browser=chromium) as (_, page):
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            await page.get_by_role("list", name="Notifications").get_by_role("link").first.click()
            await page.get_by_text("30 links inside").click()
            link = page.get_by_role("link", name="Follow actions.me7")
            await link.press("Enter")
            followed = page.get_by_label("Details that the link leads to", exact=True)
            await expect(followed).to_contain_text("ADMINISTRATOR")
            told = page.locator(".followed [role=status]")
            await expect(told).to_be_in_viewport()
            assert await page.evaluate("document.getElementById('detail').scrollTop") > 0
            await world.notify(created["hookId"], event_name="job.updated", event_id="later")
            await expect(page.locator("#detail").get_by_role("link", name="Newer")).to_be_visible()
            await expect(followed).to_contain_text("ADMINISTRATOR")
            await expect(told).to_contain_text("actions.me7 200")
            await expect(told).to_be_in_viewport()
            await expect(link).to_be_focused()


async def test_the_keyboard_stays_at_older_when_a_newer_one_arrives(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        for number in range(2):
            await world.notify(created["hookId"], event_id=str(number))
        async with open_browser(world, browser=chromium) as (_, page):
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            await page.get_by_role("list", name="Notifications").get_by_role("link").first.click()
            older = page.get_by_role("link", name="Older", exact=True)
            await older.focus()
            await world.notify(created["hookId"], event_id="later")
            await expect(page.get_by_role("link", name="Newer", exact=True)).to_be_visible()
            await expect(older).to_be_focused()


async def test_without_scripts_json_unfolds_by_hand(chromium: Browser, world: World) -> None:
    async with world.logged_in() as ada:
        await received(world, ada, json.dumps(BODY).encode())
        async with open_browser(world, browser=chromium, java_script_enabled=False) as (_, page):
            block = await open_body(page, ada)
            await expect(block.get_by_role("searchbox")).to_be_hidden()
            await expect(block.get_by_role("button", name="Copy")).to_be_hidden()
            await block.get_by_text('"history": [').click()
            await block.locator("summary").nth(11).click()  # the eighth in "history"
            await expect(block.get_by_text("Needle 7 <b>")).to_be_visible()


async def test_text_that_is_no_json_can_be_searched_and_copied(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        await received(world, ada, b"plain\n{ text of [ no JSON")
        permissions = ["clipboard-read", "clipboard-write"]
        async with open_browser(world, browser=chromium, permissions=permissions) as (_, page):
            (n,) = await ada.notifications()
            await page.goto(f"/notifications/{n['id']}")
            await page.get_by_role("searchbox", name="Find in body").fill("[")
            await expect(page.locator(".json-block output")).to_have_text("1 of 1")
            await page.locator(".json-block").get_by_role("button", name="Copy").click()
            await expect(page.get_by_role("button", name="Copied")).to_be_visible()
            copied = await page.evaluate("navigator.clipboard.readText()")
            assert copied == "plain\n{ text of [ no JSON"
