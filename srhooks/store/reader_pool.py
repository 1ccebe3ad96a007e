"""A few reading connections: each opened on first use, and again after a failure.

A query that takes too long is given up by whoever waits for it, and told to stop. Its place stays
taken until it does: a disk that hangs holds these few connections, never one for each request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from srhooks.store.errors import StoreUnavailableError

TIMEOUT = 8.0  # seconds for a free connection and its rows together
CLOSE_TIMEOUT = 0.5  # seconds that queries under way get when the store closes


class ReadingConnection(Protocol):
    def usable(self) -> bool:
        """Whether it still reads where the store is kept."""

    def interrupt(self) -> None:
        """Stop the query under way. Never waits."""

    async def close(self) -> None:
        """Never raises."""


T = TypeVar("T")
C = TypeVar("C", bound=ReadingConnection)


class _Place(Generic[C]):
    connection: C | None = None


class Readers(Generic[C]):
    def __init__(self, count: int, connect: Callable[[], Awaitable[C]]) -> None:
        self._connect = connect
        self._free: asyncio.Queue[_Place[C]] = asyncio.Queue()
        self._busy: dict[asyncio.Task[Any], _Place[C]] = {}
        for _ in range(count):
            self._free.put_nowait(_Place())

    async def run(self, query: Callable[[C], Awaitable[T]]) -> T:
        """What the query returns or raises. Raises StoreUnavailableError when it takes too long."""
        reading: asyncio.Task[T] | None = None
        try:
            async with asyncio.timeout(TIMEOUT):
                place = await self._free.get()
                reading = asyncio.create_task(self._read(place, query), name="store-read")
                self._busy[reading] = place
                reading.add_done_callback(self._done)
                return await asyncio.shield(reading)
        except TimeoutError:
            if reading is not None:
                self._interrupt(reading)
            raise StoreUnavailableError("the database did not answer in time") from None

    def _done(self, reading: asyncio.Task[Any]) -> None:
        self._busy.pop(reading)
        if not reading.cancelled():
            reading.exception()  # whoever asked may have left

    async def close(self) -> None:
        if self._busy:
            for reading in self._busy:
                self._interrupt(reading)
            await asyncio.wait(list(self._busy), timeout=CLOSE_TIMEOUT)
        places = [self._free.get_nowait() for _ in range(self._free.qsize())]
        open_ones = [place.connection for place in places if place.connection is not None]
        # At once: one time limit for all of them.
        await asyncio.gather(*(connection.close() for connection in open_ones))

    async def _read(self, place: _Place[C], query: Callable[[C], Awaitable[T]]) -> T:
        connection, place.connection = place.connection, None
        try:
            if connection is not None and not connection.usable():
                await connection.close()
                connection = None
            if connection is None:
                connection = await self._connect()
            place.connection = connection
            return await query(connection)
        except BaseException:
            place.connection = None
            if connection is not None:
                await connection.close()
            raise
        finally:
            self._free.put_nowait(place)

    def _interrupt(self, reading: asyncio.Task[Any]) -> None:
        place = self._busy.get(reading)
        if place is not None and place.connection is not None:
            place.connection.interrupt()
