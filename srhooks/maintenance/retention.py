"""Delete what is older than RETENTION_DAYS, from the tables and from the files on disk."""

import logging

from srhooks.domain.clock import DAY, Clock
from srhooks.maintenance.supervisor import run_steps
from srhooks.maintenance.trusted_time import TrustedTime
from srhooks.store import Store, using_reserve

log = logging.getLogger(__name__)

PURGE_INTERVAL = 60.0  # seconds
PURGE_PAUSE = 0.01  # seconds between two transactions, while there is more
MERGE_INTERVAL = DAY  # the search index keeps traces of what was deleted until it is merged
PURGE_BATCH = 200  # rows a transaction at most: intake waits for no longer than that
SMALLEST_BATCH = 10  # on a slow disk, where old pages have to be read first
LONG = 100  # ms: a batch that takes longer is followed by one of half as many
LATEST_DUE = DAY // 24  # ms: no back-off of an entity is longer


class Retention:
    """Deletes in batches. The time is `TrustedTime`: a clock that leaps ahead deletes nothing."""

    def __init__(self, store: Store, time: TrustedTime, clock: Clock, days: int) -> None:
        self._store = store
        self._time = time
        self._clock = clock
        self._days = days
        self._batch = PURGE_BATCH
        self._unclean = True  # also after a crash between the two
        self._merged_at = clock.elapsed_ms()

    async def run(self) -> None:
        """Until cancelled."""
        await run_steps(self.step, "the retention")

    async def step(self) -> float:
        """Delete one batch; return the seconds until the next. Raises StoreError."""
        with using_reserve():
            return await self._step()

    async def _step(self) -> float:
        now = await self._time.now()
        batch, began = self._batch, self._clock.elapsed_ms()
        try:
            removed = await self._store.purge(now - self._days * DAY, now, batch)
        finally:
            is_long = self._clock.elapsed_ms() - began > LONG
            self._batch = (
                max(batch // 2, SMALLEST_BATCH) if is_long else min(batch * 2, PURGE_BATCH)
            )
        if removed:
            log.info("retention removed %d notifications", removed)
        self._unclean = self._unclean or removed > 0
        if removed == batch:
            return PURGE_PAUSE
        wall = self._clock.now_ms()
        await self._store.bring_due_forward(wall, wall + LATEST_DUE)
        if ended := await self._store.end_sessions_of_later(wall):
            log.warning("the clock had been ahead: %d sessions that were used then ended", ended)
        if self._unclean:
            elapsed = self._clock.elapsed_ms()
            merge = elapsed - self._merged_at > MERGE_INTERVAL
            self._unclean = not await self._store.scrub(index=merge)
            self._merged_at = elapsed if merge else self._merged_at
        return PURGE_INTERVAL
