"""When srhooks itself was down: it writes down that it runs, and gaps are down times."""

import asyncio
import logging
from dataclasses import dataclass

from srhooks.domain.clock import now_ms
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

INTERVAL = 15.0  # seconds between two notes that it runs
SHORTEST = 60_000  # ms: a restart is no down time
KEPT = 100 * 86_400_000  # ms that runs are remembered


@dataclass(frozen=True, slots=True)
class DownTime:
    began_at: int  # ms
    ended_at: int  # ms


async def record_runs(store: Store) -> None:
    """Until cancelled: note that the program runs."""
    started_at = now_ms()
    while True:
        try:
            await store.record_run(started_at, max(now_ms(), started_at))
        except StoreError as error:
            log.warning("cannot note that the program runs: %s", error)
        await asyncio.sleep(INTERVAL)


async def down_times(store: Store, since: int) -> list[DownTime]:
    """Those that ended after a time (ms), oldest first. Raises StoreError."""
    found: list[DownTime] = []
    up_until: int | None = None
    for run in await store.runs(now_ms() - KEPT):
        if up_until is not None and run.started_at - up_until >= SHORTEST:
            found.append(DownTime(up_until, run.started_at))
        up_until = max(up_until or 0, run.seen_at)
    return [one for one in found if one.ended_at > since]
