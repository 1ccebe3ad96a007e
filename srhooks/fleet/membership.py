"""This process among those that serve the database: it renews its row, and notices when it is late.

A process whose row is not renewed for TTL is taken for dead: another one removes the row, and with
it all leases. So what a process has been given is its own until TTL after it last began to renew,
by its own evenly passing time, which goes on while it is frozen; after that only once the
database has said that the row is still there.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Callable

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.store import StoreError
from srhooks.store.process_table import ProcessInfo, ProcessTable
from srhooks.version import program_version

log = logging.getLogger(__name__)

# Seconds. One that dies is replaced after TTL and two beats, which is well below 30 s: those who
# find it overdue look once more, since after a pause of the database all are overdue. No setting:
# tests that start whole programs shorten it.
TTL = float(os.environ.get("SRHOOKS_PROCESS_TTL", "12"))
BEATS = 5  # in that time
RETRY_PAUSE = 0.5  # seconds after a beat that failed


class Membership:
    def __init__(
        self, table: ProcessTable, on_number: Callable[[int], None],
        on_failure: Callable[[], None] = lambda: None, *, ttl: float = TTL,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:  # fmt: skip
        """`on_number` is called with the process number that ids have to hold from now on.

        `on_failure` is called each time that the row could not be renewed.
        """
        self.table = table
        self._on_number = on_number
        self._on_failure = on_failure
        self._ttl = ttl
        self._clock = clock
        self._valid_until = 0  # elapsed ms
        self._overdue: frozenset[str] = frozenset()
        self._task: asyncio.Task[None] | None = None
        self._changed: list[Callable[[], None]] = []
        self.process_id = ""
        self.others: frozenset[str] = frozenset()
        self.held: set[str] = set()  # leases, those that are just being acquired among them
        self.acquired: dict[str, Callable[[], None]] = {}  # to what is called when one is lost

    async def join(self) -> None:
        """Raises StoreUnavailableError."""
        await self._join()
        await self._beat()
        self._task = asyncio.create_task(self._beat_forever(), name="process-beat")

    async def leave(self) -> None:
        """Remove this process from the table, so that the others take over at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self.table.leave(self.process_id)
        self._valid_until = 0
        await self.table.close()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have it called when other processes came or left, or this one has lost its leases."""
        self._changed.append(listener)

    def owns_as(self, process_id: str) -> bool:
        """Whether what was given to it under this id cannot be another's yet."""
        return process_id == self.process_id and self._clock.elapsed_ms() < self._valid_until

    async def _join(self) -> None:
        began = self._clock.elapsed_ms()
        process = ProcessInfo(
            secrets.token_hex(8), socket.gethostname(), os.getpid(), program_version()
        )
        self._on_number(await self.table.join(process, self._ttl))
        self.held.clear()
        self.acquired.clear()
        self.process_id = process.id
        self._valid_until = began + round(self._ttl * 1000)

    async def _beat_forever(self) -> None:
        failing = False
        while True:
            try:
                await self._beat()
            except StoreError as error:
                self._on_failure()
                if not failing:
                    log.warning("cannot say that this process runs: %s", error)
                failing = True
                await asyncio.sleep(min(RETRY_PAUSE, self._ttl / BEATS))
            except Exception:  # a defect must not make the others take this process for dead
                self._on_failure()
                log.exception("saying that this process runs failed")
                await asyncio.sleep(RETRY_PAUSE)
            else:
                failing = False
                await asyncio.sleep(self._ttl / BEATS)

    async def _beat(self) -> None:
        began = self._clock.elapsed_ms()
        acquired = self.acquired.copy()
        beat = await self.table.beat(self.process_id, self._ttl, self._overdue, self.held)
        if beat.is_known:
            self._valid_until = began + round(self._ttl * 1000)
        else:
            log.warning("this process was away for long: others have taken over what it did")
            await self._join()
        self._overdue = beat.overdue
        has_lost = self._give_up_lost(acquired, beat.leases)
        if beat.others != self.others or not beat.is_known or has_lost:
            self.others = beat.others
            for listener in self._changed:
                listener()

    def _give_up_lost(
        self, acquired: dict[str, Callable[[], None]], leases: frozenset[str]
    ) -> bool:
        """Rows that a server lost which crashed, or whose data another one took over too early."""
        lost = [
            name for name, lose in acquired.items()
            if name not in leases and self.acquired.get(name) is lose
        ]  # fmt: skip
        for name in lost:
            log.warning("the database has lost the lease %s: it is acquired anew", name)
            self.held.discard(name)
            self.acquired.pop(name)()
        return bool(lost)
