"""After any interruption a page has every notification exactly once, as it is now, in order."""

import asyncio
import contextlib
import os
import random
from pathlib import Path

import pytest
from aiohttp import ClientError
from srhooks.domain.clock import now_ms
from srhooks.domain.models import Hook
from srhooks.web.state.app_keys import STORE

from tests.support.harness import World, application, eventually, free_port, served_sandbox
from tests.support.page_model import Page

SEEDS = int(os.environ.get("SRHOOKS_LIVE_SEEDS", "3"))
HOOK = "live-walk-hook-000000000000"


async def entity_is_known(world: World, page: Page) -> bool:
    found = await page.browser.notifications("?limit=200")
    return all(one["entity"]["status"] != "pending" for one in found)


async def caught_up(page: Page) -> None:
    """Read until it shows what one that is loaded now does: how soon depends on the machine."""

    async def shows_the_same() -> bool:
        with contextlib.suppress(ClientError):  # a server that has just restarted closes sockets
            if page.socket is None or page.socket.closed:
                await page.connect()
        while await page.read(0.1):
            pass
        expected = Page(page.browser, page.query)
        await expected.load()
        return page.shown() == expected.shown()

    await eventually(shows_the_same)


async def walk(seed: int, folder: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a walk that can be repeated
    async with contextlib.AsyncExitStack() as stack:
        fake, sandbox_port = await stack.enter_async_context(served_sandbox())
        port = free_port()
        running = await stack.enter_async_context(contextlib.AsyncExitStack())
        app, settings = await running.enter_async_context(
            application(folder, sandbox_port, port=port)
        )
        world = World(settings, fake, app)
        ada = await stack.enter_async_context(world.logged_in())
        (user_id,) = await app[STORE].user_ids()
        await app[STORE].add_hook(Hook(HOOK, user_id, "s1", None, now_ms()))
        pages = [
            Page(ada),
            Page(ada, "&event=job."),
            Page(ada, "&q=needle", strict=False),  # such rows are pushed as new when in doubt
            Page(ada, "&status=gone", strict=False),
            Page(ada, "&status=pending", strict=False),
        ]
        for page in pages:
            await page.load()
            await page.connect()
        sent: list[dict[str, str]] = []

        async def notify(headers: dict[str, str]) -> None:
            body = b'{"id": "needle"}' if chance.random() < 0.5 else b"{}"
            assert await world.notify(HOOK, body, **headers) == 202

        for step in range(120):
            what = chance.random()
            page = chance.choice(pages)
            if what < 0.3 and len(sent) < 45:
                name = chance.choice(["job.created", "candidate.created"])
                headers = {"event-id": f"e{len(sent)}", "event-name": name}
                if chance.random() < 0.5:  # to be fetched: there is no such job
                    headers["link"] = f"<{settings.api_url}/jobs/{chance.randrange(9)}>; rel=self"
                sent.append(headers)
                await asyncio.gather(notify(headers), page.read())
            elif what < 0.4 and sent:
                again = chance.choices(sent, k=3)
                await asyncio.gather(*(notify(headers) for headers in again))
            elif what < 0.6:
                await page.read(0.02)
            elif what < 0.75:
                page.drop()
            elif what < 0.8 and page.socket is not None:
                await page.socket.close()
            elif what < 0.95:
                if page.socket is None or page.socket.closed:
                    await page.connect()
            elif step % 4 == 0:  # a restart, with pages open
                await running.aclose()
                app, _ = await running.enter_async_context(
                    application(folder, sandbox_port, port=port)
                )
        await eventually(lambda: entity_is_known(world, pages[0]))
        for page in pages:
            await caught_up(page)
            assert page.complaints == [], page.query
        assert len(pages[0].rows) == len(sent)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_any_interruption_leaves_the_feed_complete_and_in_order(
    seed: int, tmp_path: Path
) -> None:
    await walk(seed, tmp_path)
