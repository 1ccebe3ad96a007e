"""The store's reading connections, as a whole."""

import asyncio

from srhooks.store.reader_pool import Readers

from tests.support.harness import DEADLINE

COUNT = 3


class SlowToClose:
    def __init__(self, all_closing: asyncio.Barrier) -> None:
        self._all_closing = all_closing

    def usable(self) -> bool:
        return True

    def interrupt(self) -> None:
        pass

    async def close(self) -> None:
        await self._all_closing.wait()


async def test_all_close_at_the_same_time() -> None:
    """A disk that hangs holds the end up once, not once for each of them."""
    all_closing, all_reading = asyncio.Barrier(COUNT), asyncio.Barrier(COUNT)

    async def connect() -> SlowToClose:
        return SlowToClose(all_closing)

    async def read(_: SlowToClose) -> int:
        return await all_reading.wait()

    readers = Readers(COUNT, connect)
    await asyncio.gather(*(readers.run(read) for _ in range(COUNT)))
    async with asyncio.timeout(DEADLINE):
        await readers.close()
