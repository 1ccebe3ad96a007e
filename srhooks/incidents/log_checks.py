"""Checks for missed notifications on request: they go on when nobody waits, and report progress.

The progress is in the store, so pages also see a check of another process, or an interrupted one.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from srhooks.domain.clock import now_ms
from srhooks.domain.missed import LogWalk
from srhooks.incidents.reconciler import Reconciler
from srhooks.smartrecruiters.errors import brief
from srhooks.store import Store

log = logging.getLogger(__name__)

STALLED = 60_000  # ms without a page: whoever read them is gone


@dataclass(frozen=True, slots=True)
class CheckProgress:
    began_at: int  # ms
    done: int  # subscriptions whose logs are read
    total: int
    records: int  # that were read
    reached: int | None  # ms: the oldest record of the log that is being read
    is_running: bool  # else it was broken off: the next check goes on where it ended


class LogChecks:
    def __init__(self, store: Store, reconciler: Reconciler) -> None:
        self._store = store
        self._reconciler = reconciler
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self, user_id: str) -> None:
        """Compare all logs of an account. Raises ServiceError and StoreError."""
        await self._reconciler.check(user_id)

    async def start(self, user_id: str, seconds: float) -> None:
        """Start a check and wait for it at most `seconds`. Raises what it raises until then."""
        task = self._running.get(user_id)
        if task is None:
            task = asyncio.create_task(self._reconciler.check(user_id), name="check-logs")
            self._running[user_id] = task
            task.add_done_callback(partial(self._finish, user_id))
        done, _ = await asyncio.wait([task], timeout=seconds)
        for finished in done:
            finished.result()

    async def progress(self, user_id: str) -> CheckProgress | None:
        """The progress of the account's check; None when none is under way. Raises StoreError."""
        walks = await self._store.log_walks(user_id)
        whole = walks.pop("", LogWalk())
        if whole.top is None:
            return None
        hooks = await self._store.hooks(user_id)
        ours = {hook.subscription_id for hook in hooks if hook.deleted_at is None} - {None}
        mine = [walk for subscription_id, walk in walks.items() if subscription_id in ours]
        moved_at = max([whole.moved_at, *(walk.moved_at for walk in mine)])
        fresh = [walk for walk in mine if walk.moved_at >= whole.top]
        return CheckProgress(
            began_at=whole.top,
            done=sum(walk.top is None for walk in fresh),
            total=len(ours),
            records=sum(walk.records for walk in fresh),
            reached=next((walk.reached for walk in fresh if walk.top is not None), None),
            is_running=user_id in self._running or now_ms() - moved_at < STALLED,
        )

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, user_id: str, task: asyncio.Task[None]) -> None:
        del self._running[user_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("comparing the logs of an account failed: %s", brief(error))
