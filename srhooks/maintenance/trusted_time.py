"""The time that deletions go by: the machine's, as far as something else makes it plausible.

A clock that leaps a month ahead would make the retention delete everything within a minute, and a
personal token that is made then last a month too long. So the time of day counts as far as it
agrees with the time that passed since srhooks knew it last:

- while srhooks runs, by the machine's evenly passing time (`Clock.elapsed_ms`), give or take SLACK
  and DRIFT;
- over a restart, by the time that was kept last (or the newest notification), if that is at most
  GAP ago: a machine may be switched off for a night.

A clock that is further ahead is not trusted: time then goes on evenly from where it was, until the
clock steps back, or something else says that it is right: the newest validly signed notification,
whose sender gave the same time, or an operator (`srhooks confirm-clock`).
"""

import logging

from srhooks.domain.clock import MINUTE, Clock
from srhooks.observability.metrics import Metrics
from srhooks.store import Store

log = logging.getLogger(__name__)

SLACK = 10 * MINUTE  # ms: a clock that is set right by its time server steps by less
GAP = 1440 * MINUTE  # ms
DRIFT = 0.001  # of the time that passed: ten times as much as a bad quartz
KEEP_INTERVAL = 5 * MINUTE  # ms between two notes of the time in the database
REMIND_INTERVAL = 60 * MINUTE  # ms between two lines of log about the same
KNOWN, CONFIRMED = "trusted_time", "clock_confirmed_at"  # what is kept in the database


class TrustedTime:
    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._base: tuple[int, int] | None = None  # a time (ms) and the elapsed ms back then
        self._kept = 0
        self._reminded_at: int | None = None  # elapsed ms
        self.ahead = 0  # ms by which the machine's clock is ahead of what is plausible

    async def now(self) -> int:
        """As `plausible`; kept in the database now and then, for the time after a restart."""
        time = await self.plausible()
        await self._keep(time)
        return time

    async def plausible(self) -> int:
        """Milliseconds since 1970: never later than is plausible. Raises StoreError."""
        base, begun = self._base or await self._first()
        wall, elapsed = self._clock.now_ms(), self._clock.elapsed_ms()
        passed = elapsed - begun
        plausible = base + passed
        if wall > plausible + SLACK + int(passed * DRIFT):
            if await self._is_confirmed(wall):
                self._base = (wall, elapsed)
                self._settled("the machine's clock was confirmed: the retention goes by it again")
            else:
                self._mistrust(wall - plausible, elapsed)
                wall = plausible
        else:
            self._settled("the machine's clock is plausible again, and so is the retention")
        return wall

    async def _first(self) -> tuple[int, int]:
        wall, elapsed = self._clock.now_ms(), self._clock.elapsed_ms()
        known = await self._store.maintenance_state(KNOWN)
        if known is None:
            known = await self._store.newest_received_time()
        if known is None or wall - known <= GAP:
            known = wall
        self._base = (known, elapsed)
        return self._base

    async def _is_confirmed(self, wall: int) -> bool:
        times = (
            await self._store.newest_signed_time(),
            await self._store.maintenance_state(CONFIRMED),
        )
        return any(time is not None and abs(wall - time) <= SLACK for time in times)

    async def _keep(self, time: int) -> None:
        if abs(time - self._kept) >= KEEP_INTERVAL:
            await self._store.save_maintenance_state(KNOWN, time)
            self._kept = time

    def _mistrust(self, ahead: int, elapsed: int) -> None:
        self.ahead = ahead
        self._metrics.clock_ahead.set(ahead / 1000)
        if self._reminded_at is None or elapsed - self._reminded_at >= REMIND_INTERVAL:
            self._reminded_at = elapsed
            log.error(
                "this machine's clock is %.1f hours ahead of what is plausible: the retention"
                " deletes nothing because of that. Set the clock, or run `srhooks confirm-clock`"
                " if it is right",
                ahead / (60 * MINUTE),
            )

    def _settled(self, message: str) -> None:
        if self.ahead:
            self.ahead = 0
            self._reminded_at = None
            self._metrics.clock_ahead.set(0)
            log.warning("%s", message)
