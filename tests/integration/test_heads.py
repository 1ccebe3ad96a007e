"""Raw sockets: the head of a request is bounded as a whole, and so are all unfinished heads."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from srhooks.server import connection
from srhooks.server.bounded_parser import FIELD_COST, MAX_HEAD
from srhooks.server.connection import ON_REFUSED
from srhooks.server.runner import served

from tests.support.harness import DEADLINE, World, eventually

START = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
Refusals = Counter[str]


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[tuple[int, Refusals]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{await request.text()} {len(request.headers.get('x', ''))}")

    refusals = Refusals()
    app = web.Application()
    app[ON_REFUSED] = lambda reason: refusals.update([reason])
    app.router.add_route("*", "/", answer)
    async with served(app, "127.0.0.1", 0) as port:
        yield port, refusals


def request_of(size: int) -> bytes:
    """A request whose head has this size, with a body."""
    end = b"\r\n\r\n"
    return START + b"x: " + b"y" * (size - len(START) - 3 - len(end)) + end + b"abc"


async def converse(port: int, *pieces: bytes, answers: int = 1) -> bytes:
    """What comes back: so many answers, or all until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
    got = b""
    async with asyncio.timeout(DEADLINE):
        with contextlib.suppress(ConnectionError):
            while len(statuses(got)) < answers and (more := await reader.read(10_000)):
                got += more
    writer.transport.abort()
    return got


def statuses(got: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.[01] (\d+)", got)


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("piece", [1 << 20, 10_000, 997])
@pytest.mark.parametrize(("size", "status"), [(MAX_HEAD, b"200"), (MAX_HEAD + 1, b"431")])
async def test_a_head_may_be_64_kb_and_no_more(size: int, status: bytes, piece: int) -> None:
    async with server() as (port, refusals):
        got = await converse(port, *pieces_of(request_of(size), piece))
        assert statuses(got) == [status]
        assert refusals == ({"head-size": 1} if status == b"431" else {})


async def test_each_head_counts_for_itself_however_requests_are_cut() -> None:
    request = request_of(40_000)
    for piece in (1 << 20, 39_999, 1234):
        async with server() as (port, refusals):
            got = await converse(port, *pieces_of(request * 6, piece), answers=6)
            assert statuses(got) == [b"200"] * 6
            assert not refusals


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (START + b"a: b\r\n" * 200 + b"\r\nabc", b"431"),
        (START + b"y" * 70_000 + b": x\r\n\r\nabc", b"431"),
        (b"\r\n" * 40_000 + START, b"431"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (START + b"bad header\r\n\r\n", b"400"),
    ],
)
async def test_other_heads_that_are_too_much(head: bytes, status: bytes) -> None:
    async with server() as (port, _):
        assert statuses(await converse(port, head)) == [status]


async def test_trailers_are_bounded_like_a_head() -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    async with server() as (port, refusals):
        got = await converse(port, chunked, *[b"x: " + b"y" * 5_000 + b"\r\n"] * 40)
        assert b" 200 " not in got
        assert refusals == {"head-size": 1}


async def test_the_sum_of_unfinished_heads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_UNFINISHED_HEADS", 400_000)
    async with server() as (port, refusals):
        taken = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in taken:
            writer.write(START + b"x: " + b"y" * 50_000)

        async def refused() -> bool:
            return refusals["heads"] >= 20 - 400_000 // 50_000

        await eventually(refused)
        # A small head in two pieces has room all the same.
        assert statuses(await converse(port, START, b"\r\nabc")) == [b"200"]
        # And a head that comes whole is never unfinished.
        assert statuses(await converse(port, request_of(MAX_HEAD))) == [b"200"]
        got = await taken[-1][0].read()
        assert statuses(got) == [b"503"]
        assert b"Retry-After: 1" in got
        for _, writer in taken:
            writer.transport.abort()

        async def room() -> bool:
            head = request_of(60_000)
            return statuses(await converse(port, head[:59_000], head[59_000:])) == [b"200"]

        await eventually(room)  # what they held is given back


async def test_many_short_fields_count_for_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_UNFINISHED_HEADS", 100 * FIELD_COST)
    async with server() as (port, refusals):
        first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in (first, second):
            writer.write(START + b"a:\r\n" * 60)

        async def refused() -> bool:
            return refusals["heads"] == 1

        await eventually(refused)
        for _, writer in (first, second):
            writer.transport.abort()


async def test_refused_connections_are_in_the_metrics(world: World) -> None:
    assert statuses(await converse(world.settings.port, request_of(MAX_HEAD + 1))) == [b"431"]
    async with world.nobody() as nobody:
        text = await nobody.page("/metrics")
    assert 'srhooks_refused_connections_total{reason="head-size"} 1.0' in text
