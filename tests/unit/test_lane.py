"""A lane beside the usual way of requests: order, bounds, failures and the end."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage
from srhooks.lane import LANE, Taken
from srhooks.server.connection import READ_BYTES
from srhooks.server.runner import served

from tests.support.harness import eventually


@dataclass
class Lane:
    """Takes what is posted, and answers when it is told to. What is asked for it leaves."""

    taken: list[bytes] = field(default_factory=list)
    under_way: list[asyncio.Future[bytes]] = field(default_factory=list)
    after: list[bytes] = field(default_factory=list)
    refuses: bool = False
    at_once: bool = False

    def take(self, message: RawRequestMessage, content: StreamReader) -> Taken | None:
        if message.method != "POST" or not content.is_eof():
            return None
        if self.refuses:
            raise ValueError("refused")
        self.taken.append(content.read_nowait())
        self.under_way.append(asyncio.get_running_loop().create_future())
        done = self.under_way[-1]
        if self.at_once:
            done.set_result(b"at once")
        return Taken(done, lambda: answer(b"lane " + done.result()), self.after.append)

    async def waits_for(self, count: int) -> None:
        async def there() -> bool:
            return len(self.taken) >= count

        await eventually(there)


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def post(body: bytes, more: str = "") -> bytes:
    head = f"POST / HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def usual(request: web.Request) -> web.Response:
    try:
        body = await request.read()
    except ValueError as error:
        return web.Response(text=f"usual error {error}")
    return web.Response(body=b"usual " + body)


async def read_by_now(writer: asyncio.StreamWriter) -> None:
    """The server has read what was written: it answered another connection since."""
    await writer.drain()
    port = writer.get_extra_info("peername")[1]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as got:
        assert await got.read() == b"usual "


@contextlib.asynccontextmanager
async def connected(
    lane: Lane, **patience: Any
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    app = web.Application()
    app.router.add_route("*", "/", usual)
    app[LANE] = lane.take
    async with served(app, "127.0.0.1", 0, **patience) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def next_body(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        return await reader.readexactly(int(length[1]))


async def cut_off(writer: asyncio.StreamWriter, said: bytes = b"") -> None:
    """Return when a connection that was opened now, and said no more, was closed."""
    port = writer.get_extra_info("peername")[1]
    reader, other = await asyncio.open_connection("127.0.0.1", port)
    other.write(said)
    async with asyncio.timeout(10):
        await reader.read()
    other.close()


async def test_what_comes_meanwhile_waits_for_its_turn() -> None:
    lane = Lane()
    async with connected(lane) as (reader, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + post(b"2"))
        writer.write(post(b"3"))
        await read_by_now(writer)
        assert lane.taken == [b"1"]
        lane.under_way[0].set_result(b"one")
        assert await next_body(reader) == b"lane one"
        assert await next_body(reader) == b"usual "
        assert await next_body(reader) == b"usual 2"
        assert await next_body(reader) == b"usual 3"
        writer.write(post(b"4"))
        await lane.waits_for(2)
        lane.under_way[1].set_result(b"four")
        assert await next_body(reader) == b"lane four"


async def send_until_stuck(writer: asyncio.StreamWriter) -> None:
    for _ in range(250):  # 16 MB; the system holds some of them
        writer.write(post(b"x" * READ_BYTES))
        async with asyncio.timeout(0.5):
            await writer.drain()


async def test_who_sends_without_end_is_not_read_without_end() -> None:
    lane = Lane()
    async with connected(lane) as (reader, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        with pytest.raises(TimeoutError):
            await send_until_stuck(writer)
        lane.under_way[0].set_result(b"")
        assert await next_body(reader) == b"lane "
        for _ in range(20):
            assert (await next_body(reader)).startswith(b"usual xxx")
        writer.transport.abort()


async def test_reading_goes_on_when_the_lane_takes_what_was_held_back() -> None:
    lane = Lane()
    second = b"x" * 1000
    async with connected(lane) as (reader, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        writer.write(post(second))
        await read_by_now(writer)
        lane.under_way[0].set_result(b"one")
        await lane.waits_for(2)
        assert lane.taken[1] == second
        lane.under_way[1].set_result(b"two")
        writer.write(post(b"3"))
        await lane.waits_for(3)
        lane.under_way[2].set_result(b"three")
        for expected in (b"lane one", b"lane two", b"lane three"):
            assert await next_body(reader) == expected


@pytest.mark.parametrize("refuses", [True, False])
async def test_what_fails_in_the_lane_is_answered_by_the_usual_way(*, refuses: bool) -> None:
    lane = Lane(refuses=refuses)
    async with connected(lane) as (reader, writer):
        writer.write(post(b"1"))
        if not refuses:
            await lane.waits_for(1)
            writer.write(post(b"2"))
            lane.under_way[0].set_exception(ValueError("refused"))
        assert await next_body(reader) == b"usual error refused"
        if not refuses:
            assert await next_body(reader) == b"usual 2"
            writer.write(post(b"3"))
            await lane.waits_for(2)
            lane.under_way[1].set_result(b"three")
            assert await next_body(reader) == b"lane three"


@pytest.mark.parametrize("refuses", [True, False])
async def test_no_head_is_expected_any_more_once_there_was_one(*, refuses: bool) -> None:
    lane = Lane(refuses=refuses)
    async with connected(lane, head_patience=0.2) as (reader, writer):
        for number in (1, 2):
            writer.write(post(b"1"))
            if not refuses:
                await lane.waits_for(number)
                await cut_off(writer, b"GET / HT")
                lane.under_way[-1].set_result(b"")
            assert await next_body(reader) == (b"usual error refused" if refuses else b"lane ")
            await cut_off(writer, b"GET / HT")


async def test_a_shutdown_waits_for_what_is_under_way_and_no_longer() -> None:
    lane = Lane()
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = await stack.enter_async_context(connected(lane, shutdown_patience=60))
        writer.write(post(b"1"))
        await lane.waits_for(1)
        leaving = asyncio.create_task(stack.aclose())
        answered = asyncio.create_task(next_body(reader))
        await asyncio.wait({leaving, answered}, timeout=0.3)
        lane.under_way[0].set_result(b"one")
        assert await answered == b"lane one"
        async with asyncio.timeout(10):
            await leaving


async def test_a_connection_is_idle_neither_while_it_waits_nor_while_it_is_used() -> None:
    lane = Lane()
    async with connected(lane, idle_patience=0.3) as (reader, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        await cut_off(writer)
        lane.under_way[0].set_result(b"one")
        assert await next_body(reader) == b"lane one"
        lane.at_once = True
        passing = asyncio.create_task(cut_off(writer))
        while not passing.done():
            writer.write(post(b"more"))
            assert await next_body(reader) == b"lane at once"
            await read_by_now(writer)  # takes longer than that
        async with asyncio.timeout(5):
            assert await reader.read() == b""  # and is closed when it is


async def test_nobody_waits_for_what_was_given_up() -> None:
    lane = Lane()
    async with connected(lane) as (reader, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        lane.under_way[0].cancel()
        async with asyncio.timeout(5):
            assert await reader.read() == b""


async def test_a_sender_that_leaves_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    lane = Lane()
    async with connected(lane) as (_, writer):
        writer.write(post(b"1"))
        await lane.waits_for(1)
        writer.transport.abort()
        port = writer.get_extra_info("peername")[1]
        reader, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(post(b"2"))
        await lane.waits_for(2)  # so that it is known by now that the first one left
        for done in lane.under_way:
            done.set_result(b"one")
        assert await next_body(reader) == b"lane one"
        assert lane.after == [b"one"] * 2
        other.close()
    assert not caplog.records
