"""What the keyboard does."""

from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.feed_page import hook_of
from tests.support.harness import World

pytestmark = needs_chromium


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
