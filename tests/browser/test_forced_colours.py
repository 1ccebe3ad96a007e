"""With forced colours what only a background or a shade tells is told in another way."""

from playwright.async_api import Browser, Page

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World

pytestmark = needs_chromium


async def style(page: Page, selector: str, name: str, part: str = "") -> str:
    found: str = await page.locator(selector).first.evaluate(
        "(one, [name, part]) => getComputedStyle(one, part || null)[name]", [name, part]
    )
    return found


async def test_what_is_chosen_and_what_kind_it_is_can_be_seen(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await world.fire("job.created")
        (n,) = await ada.notifications()
    async with open_browser(world, browser=chromium, forced_colors="active") as (_, page):
        await page.goto(f"/notifications/{n['id']}")
        assert await style(page, ".feed a[aria-current]", "outlineStyle") == "solid"
        assert await style(page, ".badge", "borderTopStyle") == "solid"
        # Its colour is the family's still.
        assert await style(page, ".feed > li", "forcedColorAdjust", "::before") == "none"
        await page.goto("/overview")
        assert await style(page, ".chart rect:not(.reach)", "forcedColorAdjust") == "none"
        assert await style(page, ".windows .chip[aria-current]", "outlineStyle") == "solid"
