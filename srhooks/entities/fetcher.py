"""Fetch the entities that notifications link to.

Driven by rows: a notification whose entity is `pending` and due is fetched, whoever stored it and
whenever, so a restart loses nothing. All that wait for the same link share one request. Each user
has a worker of their own, in one of the processes that serve the database.
"""

import asyncio
import logging

from srhooks.accounts.user_client import UserClient
from srhooks.domain.clock import now_ms
from srhooks.domain.models import EntityJob
from srhooks.entities.account_worker import AccountState, AccountWorker
from srhooks.fleet.fleet import Fleet
from srhooks.hub import Hub
from srhooks.observability.metrics import Metrics
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

IDLE = 30.0  # seconds after which the rows are looked at again in any case
ELSEWHERE_PAUSE = 1.0  # seconds until the next try to get an account that another process has
STORE_PAUSE = 1.0  # seconds while the store does not work


class EntityFetcher:
    def __init__(
        self, store: Store, user_client: UserClient, hub: Hub, fleet: Fleet, metrics: Metrics
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._user_client = user_client
        self._hub = hub
        self._metrics = metrics
        self._looked = asyncio.Event()
        self._ended_for_good = False
        self._workers: dict[str, AccountWorker] = {}
        self._states: dict[str, AccountState] = {}
        self._elsewhere: dict[str, bool] = {}  # users to whether there is more since the last look
        fleet.on_change(self._looked.set)  # what a process had that is gone is free

    def wake(self, user_id: str, fresh: EntityJob | None = None) -> None:
        """Let the user's worker look for work; `fresh` was just stored. Never waits."""
        worker = self._workers.get(user_id)
        if user_id in self._elsewhere:
            self._elsewhere[user_id] = True
            return
        if worker is None:
            state = self._states.setdefault(user_id, AccountState.new())
            worker = AccountWorker(
                user_id, state, self._store, self._user_client, self._hub, self._fleet.leases,
                self._metrics,
            )  # fmt: skip
            self._workers[user_id] = worker
            worker.task.add_done_callback(lambda _: self._ended(user_id))
        if fresh is not None:
            worker.fresh.append(fresh)
        worker.woken.set()

    async def run(self) -> None:
        """Start a worker for each user with entities that are due, until cancelled."""
        self._ended_for_good = False  # it is started again after a defect
        try:
            while True:
                self._looked.clear()
                pause = STORE_PAUSE
                own = self._fleet.process_id
                try:
                    for user_id in await self._store.users_with_due_entities(now_ms(), own):
                        self.wake(user_id)
                    due = await self._store.next_due(own)
                    pause = IDLE if due is None else min(max((due - now_ms()) / 1000, 1.0), IDLE)
                except StoreError as error:
                    log.warning("cannot look for entities to fetch: %s", error)
                try:
                    async with asyncio.timeout(pause):
                        await self._looked.wait()
                except TimeoutError:
                    pass
        finally:
            self._ended_for_good = True
            tasks = [worker.task for worker in self._workers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, user_id: str) -> None:
        worker = self._workers.pop(user_id)
        task = worker.task
        if worker.is_elsewhere:
            # Whoever has it looks again after giving it back, so one look a second is enough.
            self._elsewhere[user_id] = worker.woken.is_set()
            asyncio.get_running_loop().call_later(ELSEWHERE_PAUSE, self._look_again, user_id)
            return
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fetching entities broke off", exc_info=error)
        self._looked.set()

    def _look_again(self, user_id: str) -> None:
        if self._elsewhere.pop(user_id) and not self._ended_for_good:
            self.wake(user_id)
