"""Viewers that are slow, dead or gone cost nobody else anything."""

import asyncio
import base64
import gc
import socket
from pathlib import Path

import aiohttp
from aiohttp import web
from srhooks.hub import EventQueue
from srhooks.web.live.connection import LivePage
from srhooks.web.live.endpoint import AUDIENCES, LIVE_TIMEOUTS, LiveTimeouts
from yarl import URL

from tests.support.harness import DEADLINE, Browser, World, eventually
from tests.support.harness import world as start_world

VIEWERS = 120
SENT = 100


def hasty(app: web.Application) -> None:
    app[LIVE_TIMEOUTS] = LiveTimeouts(heartbeat=4.0, send=2.0)  # the good one is here, too


async def mute_viewer(world: World, ada: Browser) -> socket.socket:
    """An open page that never reads, never answers a ping and never says goodbye."""
    cookies = ada.session.cookie_jar.filter_cookies(URL(world.base))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    key = base64.b64encode(b"0123456789abcdef").decode()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", world.settings.port))
    asked = (
        f"GET /live HTTP/1.1\r\nHost: x\r\nOrigin: {world.base}\r\nCookie: {cookie}\r\n"
        f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    )
    await loop.sock_sendall(raw, asked.encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await loop.sock_recv(raw, 1)
    assert b" 101 " in head, head
    return raw


async def count_rows(page: aiohttp.ClientWebSocketResponse, enough: int) -> int:
    seen = 0
    while seen < enough:
        seen += (await page.receive_str(timeout=DEADLINE)).count('hx-swap-oob="afterbegin"')
    return seen


async def test_a_viewer_that_takes_nothing_is_cut_off_and_slows_nobody(tmp_path: Path) -> None:
    async with start_world(tmp_path, prepare=hasty) as world, world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        mute = [await mute_viewer(world, ada) for _ in range(3)]
        async with ada.live() as good:
            assert len(world.services.sockets) == 4
            reading = asyncio.create_task(count_rows(good, SENT))
            for number in range(SENT):
                assert await world.notify(hook, event_name=f"{number}") == 202
            assert await reading == SENT
            answering = asyncio.create_task(good.receive())  # answers pings meanwhile

            async def alone() -> bool:
                return len(world.services.sockets) == 1

            await eventually(alone)  # by the heartbeat, or by what they did not take
            answering.cancel()
        for one in mute:
            one.close()


async def test_pages_that_come_and_go_leave_nothing_behind(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        tasks = len(asyncio.all_tasks())

        async def visit(number: int) -> None:
            viewer = await ada.live("?cursor=1" if number % 2 else "")
            await world.notify(hook)
            if number % 3:
                await viewer.close()
            elif viewer._response.connection is not None:
                assert viewer._response.connection.transport is not None
                viewer._response.connection.transport.abort()

        for start in range(0, VIEWERS, 20):
            await asyncio.gather(*(visit(number) for number in range(start, start + 20)))

        async def nothing_left() -> bool:
            gc.collect()
            services = world.services
            return not (
                services.sockets
                or len(world.app[AUDIENCES])
                or any(isinstance(one, LivePage | EventQueue) for one in gc.get_objects())
                or len(asyncio.all_tasks()) > tasks + 2  # connections kept alive
            )

        await eventually(nothing_left)
