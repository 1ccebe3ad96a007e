"""Down times of srhooks itself: it records regularly that it runs; gaps are down times."""

import asyncio
import logging
from dataclasses import dataclass

from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

INTERVAL = 15.0  # seconds between two notes that it runs
SHORTEST = 60_000  # ms: a restart is no down time
MOST = 10  # down times that are reported
READ = 5000  # notifications that are looked at for each
REDELIVERED_WITHIN = 2 * DAY  # ms: the last tries come a day apart
KEPT = 100 * DAY  # ms that runs are remembered


@dataclass(frozen=True, slots=True)
class DownTime:
    began_at: int  # ms
    ended_at: int  # ms


async def record_runs(store: Store) -> None:
    """Record every INTERVAL seconds that the program runs, until cancelled."""
    started_at = now_ms()
    while True:
        try:
            await store.record_run(started_at, max(now_ms(), started_at))
        except StoreError as error:
            log.warning("cannot note that the program runs: %s", error)
        await asyncio.sleep(INTERVAL)


@dataclass(frozen=True, slots=True)
class DownTimeReport:
    """A down time, and what became of the notifications that were sent during it."""

    began_at: int  # ms
    ended_at: int  # ms
    redelivered: int
    missing: int


async def report_down_times(store: Store, user_id: str, since: int) -> list[DownTimeReport]:
    """The newest MOST down times that ended after `since` (ms), oldest first. Raises StoreError."""
    reports = []
    for down in (await down_times(store, since))[-MOST:]:
        until = first_id_at(down.ended_at + REDELIVERED_WITHIN)
        late, missing = await store.sent_between(user_id, down.began_at, down.ended_at, until, READ)
        reports.append(DownTimeReport(down.began_at, down.ended_at, late, missing))
    return reports


async def down_times(store: Store, since: int) -> list[DownTime]:
    """The down times that ended after `since` (ms), oldest first. Raises StoreError."""
    gaps: list[DownTime] = []
    up_until: int | None = None
    for run in await store.runs(now_ms() - KEPT):
        if up_until is not None and run.started_at - up_until >= SHORTEST:
            gaps.append(DownTime(up_until, run.started_at))
        up_until = max(up_until or 0, run.seen_at)
    return [gap for gap in gaps if gap.ended_at > since]
