"""What arrives faster than a browser paints is shown together, and nothing of it is lost."""

import asyncio

from playwright.async_api import Browser, Page, expect
from srhooks.domain import clock, ids

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import Browser as Session
from tests.support.harness import World, eventually
from tests.support.notifications import notification
from tests.unit.test_view import frame

pytestmark = needs_chromium

# Lets a test put frames into the page's own socket, and counts the swaps.
SOCKET = """
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) { super(...given); window.socket = this; }
  };
  window.swaps = 0;
  document.addEventListener("htmx:after:swap", () => { window.swaps += 1; });
"""
PUSH = (
    "(frames) => { for (const data of frames)"
    " window.socket.dispatchEvent(new MessageEvent('message', { data })); }"
)


async def shown(page: Page) -> dict[str, str]:
    rows: dict[str, str] = await page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#feed > li')]"
        ".map((row) => [row.id.slice(2), row.querySelector('.title').textContent]))"
    )
    return rows


async def test_a_burst_of_frames_is_one_swap_and_a_later_state_of_a_row_wins(
    chromium: Browser, world: World
) -> None:
    first = ids.first_id_at(clock.now_ms())
    rows = [notification(id=first + n, rev=first + 100 + n, title=f"Row {n}") for n in range(40)]
    later = [notification(id=one.id, rev=one.rev + 50, title="Later") for one in rows[:3]]
    frames = [frame(world.app, one, new=True) for one in rows]
    frames += [frame(world.app, one) for one in later]
    left = notification(id=rows[5].id, rev=rows[5].rev + 60)
    frames += [frame(world.app, left, gone=True)]
    async with open_browser(world, browser=chromium) as (_, page):
        await page.add_init_script(SOCKET)
        await page.reload()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.evaluate(PUSH, frames)
        await expect(page.get_by_text("Later")).to_have_count(3)
        expected = {one.public_id: one.title for one in rows} | {
            one.public_id: "Later" for one in later
        }
        del expected[rows[5].public_id]
        assert list((await shown(page)).items()) == sorted(expected.items(), reverse=True)
        assert await page.evaluate("window.swaps") == 2
        assert f"cursor={left.rev}" in await page.evaluate(
            "document.getElementById('live')._htmx.ws.connection.url"
        )


async def complete(ada: Session) -> dict[str, str]:
    found = await ada.notifications("?limit=200")
    done = len(found) == 60 and all(one["entity"]["status"] != "pending" for one in found)
    return {one["id"]: one["entity"]["status"] for one in found} if done else {}


async def test_a_real_burst_arrives_whole_and_in_its_last_state(
    chromium: Browser, world: World
) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created", active=False))["hookId"]
        async with open_browser(world, browser=chromium) as (_, page):
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            link = f"<{world.settings.api_url}/jobs/none>; rel=self"
            await asyncio.gather(*(world.notify(hook, link=link) for _ in range(60)))
            known = await eventually(lambda: complete(ada))
            await expect(page.locator("#feed > li")).to_have_count(60)
            await expect(page.locator("#feed > li", has_text="loading details")).to_have_count(0)
            assert list(await shown(page)) == sorted(known, reverse=True)
