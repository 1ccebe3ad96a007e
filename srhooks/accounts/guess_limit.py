"""Limit guessing of credentials: 10 refused attempts a minute from an address, 30 from all.

An attempt counts as refused until its outcome is known, so sending a hundred at once gets no
further than sending them one by one. Attempts over the limit wait for those outcomes; accepted
ones are not counted.
"""

import asyncio
import contextlib
import math
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from time import monotonic

from srhooks.hub import ANYTHING, Hub

WINDOW = 60.0  # seconds
PER_ADDRESS = 10
OVERALL = 30
MAX_REFUSED = 10_000  # that other processes tell of
TOPIC = "refused-log-in"  # of the messages between processes
MAX_WAITING = 200  # tries that wait for those before them


class TooManyTriesError(Exception):
    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many refused log-ins. Wait a minute and try again")
        self.retry_after = retry_after  # seconds


class Attempt:
    refused = False


class GuessLimit:
    """Other processes are told of each refused try, so the limit is one for all of them."""

    _hub: Hub | None = None

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock  # in seconds
        self._refused: deque[tuple[float, str]] = deque()  # when, and from which address
        self._running: Counter[str] = Counter()
        self._waiting = 0
        self._changed = asyncio.Event()

    @contextlib.asynccontextmanager
    async def attempt(self, address: str) -> AsyncIterator[Attempt]:
        """Set `refused` when the service refuses the credential. Raises TooManyTriesError."""
        await self._enter(address)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            self._running[address] -= 1
            self._running += Counter()  # drop the addresses without any
            if attempt.refused:
                self._refused.append((self._clock(), address))
                if self._hub is not None:  # each message another: equal ones are joined
                    self._hub.publish_to_processes(TOPIC, f"{secrets.token_hex(4)} {address}")
            self._changed.set()

    def share(self, hub: Hub) -> None:
        """Count the tries of other processes as well."""
        self._hub = hub
        hub.on_message(TOPIC, self._on_refused)

    def _on_refused(self, key: str) -> None:
        if key != ANYTHING and len(self._refused) < MAX_REFUSED:
            self._refused.append((self._clock(), key.partition(" ")[2]))

    async def _enter(self, address: str) -> None:
        while True:
            self._check(address)
            mine = sum(one == address for _, one in self._refused) + self._running[address]
            every = len(self._refused) + self._running.total()
            if mine < PER_ADDRESS and every < OVERALL:
                self._running[address] += 1
                return
            if self._waiting >= MAX_WAITING:
                raise TooManyTriesError(1)
            self._changed.clear()
            self._waiting += 1
            try:
                await self._changed.wait()
            finally:
                self._waiting -= 1

    def _check(self, address: str) -> None:
        now = self._clock()
        while self._refused and self._refused[0][0] <= now - WINDOW:
            self._refused.popleft()
        mine = [at for at, one in self._refused if one == address]
        every = [at for at, _ in self._refused]
        over = []
        if len(mine) >= PER_ADDRESS:
            over.append(mine[-PER_ADDRESS])
        if len(every) >= OVERALL:
            over.append(every[-OVERALL])
        if over:
            raise TooManyTriesError(max(1, math.ceil(max(over) + WINDOW - now)))
