"""Raw sockets: nothing behind a request with chunked coding is used, and its trailers lead nowhere.

The HTTP library's parser takes the last trailer of a request for the first header of the next one
on that connection: behind a proxy that pools connections, one user would get another's session.
"""

import asyncio
import re

import pytest
from aiohttp import web
from srhooks.server.runner import served

from tests.support.harness import DEADLINE, World

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
TRAILER = b"3\r\nabc\r\n0\r\nCookie: session=stolen\r\n\r\n"


class Seen:
    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None, bytes]] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.method, request.headers.get("Cookie"), body))
        return web.Response(text="ok")


async def converse(seen: Seen, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server hangs up."""
    app = web.Application()
    app.router.add_route("*", "/", seen.answer)
    async with served(app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)  # a sender's; that they arrive together is right as well
        async with asyncio.timeout(DEADLINE):
            got = await reader.read()
        writer.close()
    return got


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNKED + TRAILER + NEXT],
        [CHUNKED, TRAILER, NEXT],
        [CHUNKED + TRAILER[:-2], TRAILER[-2:] + NEXT],
        [CHUNKED, *[TRAILER[at : at + 1] for at in range(len(TRAILER))], NEXT],
        [CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + NEXT],  # without a trailer, too
        [CHUNKED + TRAILER + CHUNKED + TRAILER + NEXT],
    ],
)
async def test_a_connection_ends_with_its_chunked_request(pieces: list[bytes]) -> None:
    seen = Seen()
    got = await converse(seen, *pieces, pause=0.005)
    assert seen.requests == [("POST", None, b"abc")]
    assert got.count(b"HTTP/1.1 ") == 1
    assert re.search(rb"(?i)\r\nconnection: close\r\n", got)


async def test_what_came_before_it_is_answered() -> None:
    seen = Seen()
    got = await converse(seen, NEXT + NEXT + CHUNKED + TRAILER + NEXT)
    assert [method for method, _, _ in seen.requests] == ["GET", "GET", "POST"]
    assert got.count(b"HTTP/1.1 200") == 3


async def test_a_declined_upgrade_is_no_way_round() -> None:
    """What follows an upgrade is handed to the parser by another part of the library."""
    seen = Seen()
    upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    got = await converse(seen, upgrade + CHUNKED + TRAILER + NEXT)
    assert [(method, cookie) for method, cookie, _ in seen.requests] == [
        ("GET", None), ("POST", None),
    ]  # fmt: skip
    assert got.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("body", [b"zz\r\n", b"3\r\nabcdef\r\n", b"3\r\nabc\r\n0\r\n:bad\r\n\r\n"])
async def test_a_malformed_chunk_ends_the_body_at_once(body: bytes) -> None:
    """Not when the time for a whole body is over: the library does not tell its reader."""
    seen = Seen()
    got = await asyncio.wait_for(converse(seen, CHUNKED, body), 5)
    assert seen.requests == []
    assert b" 200 " not in got


@pytest.mark.parametrize("path", ["/hooks/{hook}", "/subscriptions", "/login/api-key"])
async def test_a_malformed_body_is_the_senders_mistake(world: World, path: str) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe())["hookId"]
    head = (
        f"POST {path.format(hook=hook)} HTTP/1.1\r\nHost: x\r\nOrigin: {world.base}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for pieces in ([head.encode() + b"3\r\nabcdef"], [head.encode(), b"zz\r\n"]):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)  # a sender's, as above
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        assert answer.split()[1] in {b"303", b"400", b"401", b"404"}, answer[:200]
        writer.close()
