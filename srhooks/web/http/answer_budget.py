"""Limit the bytes of notifications that all answers together hold until they have been sent.

A page's size is known only after reading it, so room for the largest is reserved first and the
surplus released then. A request that finds no room waits in line, and is a 503 after ROOM_TIMEOUT.
"""

import asyncio
from collections import deque
from typing import cast

from srhooks.store import PAGE_BYTES
from srhooks.web.http.errors import OverloadedError

MAX_IN_FLIGHT = 8 * PAGE_BYTES  # bytes of bodies, headers and entities
ROOM_TIMEOUT = 10.0  # seconds to wait for room
SEND_TIMEOUT = 60.0  # seconds to make and send an answer; a reader that is slower is cut off


class Lease:
    """The room that is reserved for one request."""

    def __init__(self, budget: "AnswerBudget", held: int) -> None:
        self._budget = budget
        self._held = held

    def shrink(self, size: int) -> None:
        """Release all but `size` bytes. It never grows."""
        if size < self._held:
            self._budget.give_back(self._held - size)
            self._held = size

    def release(self) -> None:
        self.shrink(0)


class AnswerBudget:
    def __init__(self, room: int = MAX_IN_FLIGHT) -> None:
        self._room = room
        self.in_flight = 0  # bytes that are reserved
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int = PAGE_BYTES, patience: float | None = None) -> Lease:
        """Wait for room, ROOM_TIMEOUT or `patience` seconds; the caller releases it.

        Raises OverloadedError.
        """
        size = min(size, self._room)
        if self._waiting or self._free() < size:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            try:
                async with asyncio.timeout(ROOM_TIMEOUT if patience is None else patience):
                    await turn
            except BaseException as error:
                if turn.done() and not turn.cancelled():
                    self.give_back(size)  # it came at the last moment
                self._waiting = deque(one for one in self._waiting if one[1] is not turn)
                self._admit()
                if isinstance(error, TimeoutError):
                    raise OverloadedError("Too many large answers at the same time") from None
                raise
        else:
            self.in_flight += size
        return Lease(self, size)

    async def reserve_for_request(self, size: int = PAGE_BYTES) -> Lease:
        """As `reserve`, until the answer to the request of this task has been sent.

        The HTTP library makes and sends an answer in one task. It is cancelled, and the connection
        closed, after SEND_TIMEOUT.
        """
        lease = await self.reserve(size)
        task = cast("asyncio.Task[object]", asyncio.current_task())
        overdue = asyncio.get_running_loop().call_later(SEND_TIMEOUT, task.cancel)

        def end(_: object) -> None:
            overdue.cancel()
            lease.release()

        task.add_done_callback(end)
        return lease

    def give_back(self, size: int) -> None:
        self.in_flight -= size
        self._admit()

    def _free(self) -> int:
        return self._room - self.in_flight

    def _admit(self) -> None:
        while self._waiting and self._free() >= self._waiting[0][0]:
            size, turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += size
                turn.set_result(None)
