"""Beyond capacity: 503 with Retry-After at once, 408 for the slow, and everything bounded."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from srhooks.domain.ids import IdSource
from srhooks.domain.models import NewNotification, Stored
from srhooks.observability.metrics import Metrics
from srhooks.server.connection import ENDED_AT_ONCE, Gate
from srhooks.server.runner import served
from srhooks.store import StoreBusyError, StoreUnavailableError
from srhooks.store.group_commit import MAX_WAITING, MAX_WAITING_BYTES, Transaction, Writer
from srhooks.web.hooks.body_reader import MAX_UNFINISHED
from yarl import URL

from tests.support.harness import DEADLINE, World, eventually
from tests.support.harness import world as start_world

T = TypeVar("T")
SENDERS = 200
PIECE = 256 * 1024  # bytes that each of them sends before it pauses


async def plain() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(await request.read())}")

    app = web.Application()
    app.router.add_route("*", "/", answer)
    return app


async def converse(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(reader.read())
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
    async with asyncio.timeout(DEADLINE):
        got = await reading
    writer.close()
    return got


@pytest.mark.parametrize("path", ["/hooks/{hook}", "/subscriptions", "/terminal/tokens"])
async def test_who_leaves_in_the_middle_of_a_body_is_no_failure_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    begun, answered = asyncio.Event(), asyncio.Queue[int]()

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        asyncio.get_running_loop().call_soon(begun.set)
        response = await handler(request)
        answered.put_nowait(response.status)
        return response

    def prepare(app: web.Application) -> None:
        app.middlewares.insert(0, record)

    async with start_world(tmp_path, prepare=prepare) as world, world.logged_in() as ada:
        path = path.format(hook=(await ada.subscribe("job.created"))["hookId"])
        cookies = ada.session.cookie_jar.filter_cookies(URL(world.base))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {world.base}\r\nContent-Length: 99\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n"
            f"Cookie: {'; '.join(f'{one.key}={one.value}' for one in cookies.values())}\r\n\r\n"
        )
        begun.clear()
        answered = asyncio.Queue()
        _, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        writer.write(head.encode() + b'{"a')
        await asyncio.wait_for(begun.wait(), DEADLINE)
        writer.close()
        assert await asyncio.wait_for(answered.get(), DEADLINE) == 400
    assert not [one for one in caplog.records if one.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize(
    ("pieces", "statuses"),
    [
        ([], []),
        ([b"GET / HTT"], [b"408"]),
        ([b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"X: y\r\n"] * 20], [b"408"]),
        ([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\n"], [b"200", b"408"]),
        ([b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n",
          *[b"a"] * 9], [b"200"]),
    ],
)  # fmt: skip
async def test_a_request_head_that_does_not_end_is_cut_off(
    pieces: list[bytes], statuses: list[bytes]
) -> None:
    async with served(await plain(), "127.0.0.1", 0, head_timeout=0.3) as port:
        got = await converse(port, *pieces, pause=0.05)
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == statuses


async def test_many_heads_that_do_not_end_are_all_cut_off() -> None:
    async with served(await plain(), "127.0.0.1", 0, head_timeout=0.3) as port:
        asked = (converse(port, b"GET / HTT") for _ in range(3 * ENDED_AT_ONCE))
        answers = await asyncio.gather(*asked)
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)


async def test_of_many_connections_a_few_are_ended_in_each_turn() -> None:
    gate = Gate(cast("web.Server", None), 1, 1.0, lambda _: None)
    ended: list[int] = []
    for _ in range(2):
        turns: list[int] = []
        for number in range(2 * ENDED_AT_ONCE + 1):
            gate.end_soon(partial(ended.append, number))
        while len(turns) < 4:
            await asyncio.sleep(0)
            turns.append(len(ended))
            ended.clear()
        assert turns == [ENDED_AT_ONCE, ENDED_AT_ONCE, 1, 0]


async def test_a_connection_too_many_is_refused_and_told_when_to_come_back() -> None:
    ask = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with served(await plain(), "127.0.0.1", 0, connections=2) as port:
        taken = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        refused = await converse(port, ask)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in refused
        for _, writer in taken:
            writer.close()

        async def welcome() -> bool:
            return (await converse(port, ask)).startswith(b"HTTP/1.1 200 ")

        await eventually(welcome)


async def test_many_large_bodies_at_a_time_are_held_within_bounds(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
    head = f"POST /hooks/{hook} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 20}\r\n\r\n".encode()
    bodies = world.services.bodies
    most = 0
    refused = 0

    async def send() -> None:
        nonlocal most, refused
        reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        try:
            writer.write(head + b"x" * PIECE)
            answer = await reader.read(12)
            most = max(most, bodies.unfinished)
            refused += answer == b"HTTP/1.1 503"
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    senders = [asyncio.create_task(send()) for _ in range(SENDERS)]

    async def full() -> bool:
        return refused > 0

    await eventually(full)
    assert await world.notify(hook) == 202  # others get through meanwhile
    assert 0 < bodies.unfinished <= MAX_UNFINISHED + PIECE
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    assert most <= MAX_UNFINISHED + PIECE

    async def forgotten() -> bool:
        return bodies.unfinished == 0

    bodies.patience = 0.1
    await eventually(forgotten)


async def test_a_body_that_does_not_end_is_answered_408(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        world.services.bodies.patience = 0.2
        head = f"POST /hooks/{hook} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode()
        _, writer = pair = await asyncio.open_connection("127.0.0.1", world.settings.port)
        writer.write(head + b"abc")
        assert (await asyncio.wait_for(pair[0].read(12), DEADLINE)) == b"HTTP/1.1 408"
        writer.close()
        assert await ada.notifications() == []


class Hanging:
    """A database whose transactions begin when they may."""

    reserve_in_use = False

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.works = False

    async def transact(
        self,
        work: Callable[[Transaction], Coroutine[Any, Any, T]],
        *,
        durable: bool = True,  # noqa: ARG002
        user_ids: Collection[str] = (),  # noqa: ARG002
    ) -> T:
        await self.may.wait()
        if not self.works:
            raise StoreUnavailableError("it never works")
        return await work(cast("Transaction", None))

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        await self.transact(_nothing)
        return [True] * len(rows)

    async def use_reserve(self) -> bool:
        return False

    async def restore_reserve(self) -> bool:
        return True


async def _nothing(_: Transaction) -> None: ...


async def test_the_writers_queue_is_bounded_in_number_and_bytes() -> None:
    connection = Hanging()
    writer = Writer(connection, IdSource(), Metrics())

    async def insert(body: bytes) -> Stored:
        new = NewNotification(
            id=1, user_id="u", hook_id="h", subscription_id=None, event_id=None, event_name=None,
            event_version=None, link=None, headers="{}", body=body, signature="valid",
            sent_at=None, entity_status="none",
        )  # fmt: skip
        return await writer.insert(new)

    def job(body: bytes) -> asyncio.Task[Stored]:
        return asyncio.create_task(insert(body))

    async def first() -> list[asyncio.Task[Stored]]:
        """One that is under way, so that what comes then waits."""
        one = job(b"")
        for _ in range(5):
            await asyncio.sleep(0)
        assert writer.depth == 0
        return [one]

    waiting = await first()
    waiting += [job(b"") for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    assert writer.depth == MAX_WAITING
    with pytest.raises(StoreBusyError):
        await job(b"")
    connection.may.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, StoreUnavailableError) for result in results)

    connection.may.clear()
    large = b"x" * (MAX_WAITING_BYTES // 8)
    waiting = [*await first(), *(job(large) for _ in range(10))]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusyError):
        await job(b"")
    connection.may.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    await writer.close()


async def test_who_waits_too_long_is_told_no_before_the_sender_gives_up() -> None:
    connection = Hanging()
    writer = Writer(connection, IdSource(), Metrics(), patience=0.2)
    new = NewNotification(
        id=1, user_id="u", hook_id="h", subscription_id=None, event_id=None, event_name=None,
        event_version=None, link=None, headers="{}", body=b"", signature="valid", sent_at=None,
        entity_status="none",
    )  # fmt: skip
    with pytest.raises(StoreUnavailableError, match="not stored in time"):
        await asyncio.wait_for(writer.insert(new), 2)  # sooner than the commit counts as stuck
    connection.works = True
    connection.may.set()
    writer._patience = DEADLINE
    assert (await writer.insert(new)).id == new.id
    await writer.close()
