"""Seconds that pass as soon as nobody has anything left to do before them."""

import asyncio
import heapq
import itertools


class VirtualTime:
    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._order), wakes))
        await wakes

    async def run(self, work: "asyncio.Future[object]", settle: int = 3) -> None:
        """Let time pass until `work` is done. `settle`: turns of the loop that others get first."""
        while not work.done():
            for _ in range(settle):
                await asyncio.sleep(0)
            if self._waiting:
                self.now, _, wakes = heapq.heappop(self._waiting)
                if not wakes.done():
                    wakes.set_result(None)
