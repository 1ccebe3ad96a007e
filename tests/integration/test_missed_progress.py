"""A check of the logs tells how far it is, goes on by itself, and after `kill -9` where it was."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from srhooks.domain.clock import now_ms
from srhooks.domain.missed import LogWalk
from srhooks.sandbox import SandboxSettings

from tests.support.harness import Browser, World, eventually
from tests.support.process import process

HTMX: dict[str, Any] = {"HX-Request": "true"}
SANDBOX = SandboxSettings(seed=1, suspend_after=0, rate_limit=0, list_style="content")


async def words(ada: Browser, **headers: Any) -> str:
    """The page /missed, with one space where it has several or a new line."""
    return " ".join((await ada.page("/missed", **headers)).split())


async def send_in_vain(world: World, count: int) -> None:
    world.sandbox.limiter.rate = 0
    world.sandbox.courier.suspend_after = 0
    world.sandbox.troubles.order("refuse", count, 0)
    await asyncio.gather(*(world.sandbox.fire("job.updated") for _ in range(count)))


async def post_check(ada: Browser) -> str:
    """As the form does, and then the page that it leads to."""
    data = {"csrf": await ada.csrf()}
    async with ada.request("POST", "/missed/check", data=data) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/missed")
    return await words(ada)


def shows(ada: Browser, text: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return text in await words(ada)

    return look


async def test_the_page_tells_how_far_it_is_with_and_without_scripts(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.updated")
        await send_in_vain(world, 1)
        quick = await post_check(ada)
        assert "Comparing…" not in quick
        assert "job.updated" in quick
        assert "Moment(" not in quick
        world.sandbox.add_fault("/callbacks-log", times=1, delay=8)
        page = await post_check(ada)
        assert "Comparing…" in page
        assert "0 of 1 log, 0 records read" in page
        assert '<noscript><meta http-equiv="refresh"' in page
        fragment = await words(ada, **HTMX)
        assert fragment.startswith('<div id="progress"')
        assert 'hx-trigger="load delay:2s"' in fragment
        assert 'id="missed"' not in fragment
        # A second click joins the check that is under way.
        before = len(world.sandbox.requests)
        assert "Comparing…" in await post_check(ada)
        assert len(world.sandbox.requests) == before
        await eventually(lambda: over(ada))
        fragment = await words(ada, **HTMX)
        assert 'hx-swap-oob="outerMorph"' in fragment
        assert "hx-get" not in fragment.partition("</div>")[0]


async def over(ada: Browser) -> bool:
    return "Comparing…" not in await ada.page("/missed")


async def test_one_that_was_broken_off_says_so(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.updated")
        (user_id,) = await world.services.store.user_ids()
        began = now_ms() - 120_000
        await world.services.store.begin_log_check(user_id, began)
        walk = LogWalk(top=began, position="t5", records=1200, reached=began, moved_at=began + 1)
        await world.services.store.save_log_page(user_id, made["id"], [], walk, 100)
        page = await words(ada)
        assert "The comparison was interrupted." in page
        assert "0 of 1 log, 1,200 records read, back to" in page
        assert "http-equiv" not in page
        assert "comparison was interrupted" not in await post_check(ada)


async def test_after_kill_9_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """A real process, in the midst of a long log, and another one after it."""
    async with process(tmp_path, SANDBOX) as server:
        await server.start(WATCH_INTERVAL="0")
        world = server.world
        async with world.logged_in() as ada:
            made = await ada.subscribe("job.updated")
            await send_in_vain(world, 450)
            for entry in world.sandbox.subscriptions.by_id[made["id"]].log:
                object.__setattr__(entry, "at", entry.at - 3600)
            path = f"/subscriptions/{made['id']}/callbacks-log"
            world.sandbox.add_fault(path, times=2)  # two pages come at once
            world.sandbox.add_fault(path, delay=60)
            await post_check(ada)
            await eventually(shows(ada, "200 records read"))
            await server.kill()
            world.sandbox.faults.rules.clear()
            await server.start(WATCH_INTERVAL="0")
            page = await words(ada)
            kept = re.search(r"Backfill all (\d+)", page)
            assert kept is not None
            assert int(kept[1]) == 200
            seen = len(world.sandbox.requests)
            await ada.json("POST", "/missed/check?limit=200")
            asked = [one for one in list(world.sandbox.requests)[seen:] if path in one.path]
            # 100, 100, 50, and what is new since: from the top again it would be five.
            assert len(asked) == 4
            assert "Backfill all 450" in await words(ada)


async def test_a_page_that_is_always_refused_does_not_begin_anew_for_ever(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.updated")
        await send_in_vain(world, 150)
        path = f"/subscriptions/{made['id']}/callbacks-log"
        for _ in range(5):
            world.sandbox.add_fault(path, times=1)  # the first page comes, the second does not
            world.sandbox.add_fault(path, times=1, status=400)
        seen = len(world.sandbox.requests)
        await ada.json("POST", "/missed/check", status=400)
        asked = [one.status for one in list(world.sandbox.requests)[seen:] if path in one.path]
        assert asked == [200, 400, 200, 400]
