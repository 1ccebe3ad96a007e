"""Watch every account, whether a page is open or not: its subscriptions and their deliveries.

Gently: behind all else, at most CALLS_A_SECOND over all accounts, each at its own jittered time,
less often while the service fails. When each account is due is in the store, so a restart neither
asks for all of them at once nor forgets one.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

from srhooks.domain.backoff import backoff
from srhooks.domain.clock import iso, now_ms
from srhooks.domain.incidents import NewIncident
from srhooks.incidents.account_checks import AccountChecks
from srhooks.incidents.audit import AuditTrail
from srhooks.incidents.reconciler import Reconciler
from srhooks.incidents.service import Incidents
from srhooks.incidents.silence_watch import SilenceWatch
from srhooks.protocol.event_types import event_names, subscription_label
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceError, brief
from srhooks.smartrecruiters.pacing import paced_by
from srhooks.store import Store, StoreError
from srhooks.subscriptions.callback_log import Call, failures_in_a_row
from srhooks.subscriptions.service import Subscriptions

log = logging.getLogger(__name__)

CALLS_A_SECOND = 5.0
LOCAL_INTERVAL = 15.0  # seconds between two looks at what the store alone tells, at most
AT_A_TIME = 4  # accounts that are looked at side by side
SLOWEST = 3600.0  # seconds, while the service fails
FAILING = 3  # deliveries in a row
STORE_PAUSE = 5.0  # seconds after the store has failed once, at most
LONGEST_STORE_PAUSE = 60.0  # seconds while it goes on failing


class Pace:
    """Limits the calls of all watchers together to a number per second."""

    def __init__(
        self, calls_a_second: float = CALLS_A_SECOND,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        """`clock` counts seconds; `sleep` waits for so many of them."""
        self._gap = 1.0 / calls_a_second
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    async def turn(self) -> None:
        now = self._clock()
        self._next = max(self._next, now)
        wait = self._next - now
        self._next += self._gap
        await self._sleep(wait)


class Watch:
    def __init__(
        self, store: Store, incidents: Incidents, subscriptions: Subscriptions, interval: float,
        audit: AuditTrail, reconciler: Reconciler,
    ) -> None:  # fmt: skip
        """`interval`: seconds between two looks at an account."""
        self._reconciler = reconciler
        self._store = store
        self._incidents = incidents
        self._subscriptions = subscriptions
        self._interval = interval
        self._audit = audit
        self.pace = Pace()
        self.checks = AccountChecks(store, incidents)
        self._silence = SilenceWatch(store, incidents)
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._has_room = asyncio.Event()
        self._store_failures = 0  # in a row

    async def run(self) -> None:
        """Check the accounts that are due at the service, until cancelled."""
        try:
            while True:
                try:
                    self._has_room.clear()
                    await self._start_due()
                except StoreError as error:
                    self._store_failed(error)
                else:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(min(self._interval / 4, 5.0)):
                            await self._has_room.wait()
                if self._store_failures:
                    # A look that failed stays due: without a pause it would begin again at once.
                    failures = self._store_failures - 1
                    await asyncio.sleep(backoff(STORE_PAUSE, LONGEST_STORE_PAUSE, failures))
        finally:
            tasks = list(self._looking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def run_local(self) -> None:
        """Run the checks that need the store alone, until cancelled."""
        interval = min(self._interval or LOCAL_INTERVAL, LOCAL_INTERVAL)
        while True:
            try:
                await self.checks.run()
            except StoreError as error:
                log.warning("the watch waits for the store: %s", error)
            await asyncio.sleep(interval)

    async def _start_due(self) -> None:
        room = AT_A_TIME - len(self._looking)
        if room <= 0:
            return
        # A log-in has just asked for all that a first look would.
        await self._store.plan_first_looks(now_ms() + int(self._interval * 1000))
        due = await self._store.accounts_to_watch(now_ms(), room + len(self._looking))
        for user_id in [user_id for user_id in due if user_id not in self._looking][:room]:
            task = asyncio.create_task(self._look_and_record(user_id), name="watch")
            self._looking[user_id] = task
            task.add_done_callback(partial(self._looked, user_id))
        if not self._looking:  # else the looks tell whether the store works
            self._store_failures = 0

    def _looked(self, user_id: str, _: asyncio.Task[None]) -> None:
        self._looking.pop(user_id, None)
        self._has_room.set()

    def _store_failed(self, error: StoreError) -> None:
        if not self._store_failures:
            log.warning("the watch waits for the store: %s", error)
        self._store_failures += 1

    async def _look_and_record(self, user_id: str) -> None:
        try:
            await self._record(user_id)
            self._store_failures = 0
        except StoreError as error:
            self._store_failed(error)

    async def _record(self, user_id: str) -> None:
        """Look at an account, and store when it is due again. Raises StoreError."""
        try:
            failures = (await self._store.last_look(user_id)).failures
            worked = await self.look(user_id)
            pause = self._interval * random.uniform(0.9, 1.1)  # noqa: S311 - jitter
            if not worked:
                pause = max(pause, backoff(self._interval, SLOWEST, failures + 1))
            await self._store.record_look(
                user_id,
                now_ms() if worked else None,
                now_ms() + int(pause * 1000),
                0 if worked else failures + 1,
            )
        except StoreError:
            raise
        except Exception:  # one account's defect must not end the looking at others
            log.exception("looking after an account failed")
            await self._store.record_look(user_id, None, now_ms() + int(SLOWEST * 1000), 1)

    async def look(self, user_id: str) -> bool:
        """Check one account; return whether the service answered."""
        try:
            with paced_by(self.pace.turn):
                await self._look_at(user_id)
        except GrantDeadError:
            return True  # it is not looked at while it is; the incident tells
        except ServiceError as error:
            log.info("could not look after the subscriptions: %s", brief(error))
            return False
        return True

    async def _look_at(self, user_id: str) -> None:
        """Raises ServiceError or StoreError."""
        listed = await self._subscriptions.all(user_id, foreground=False)
        for subscription in listed:
            if not subscription.get("mine"):
                continue
            subscription_id, events = str(subscription["id"]), event_names(subscription)
            await self._check_deliveries(user_id, subscription_id)
            if subscription.get("status") == "active":
                name = subscription_label(events)
                await self._silence.check(user_id, subscription_id, name, events)
            else:  # that it is not active says why nothing comes
                await self._incidents.end(user_id, "silent", subscription_id)
        await self._reconciler.check(user_id, listed)
        await self._audit.explain(user_id)

    async def _check_deliveries(self, user_id: str, subscription_id: str) -> None:
        """Raises ServiceError or StoreError."""
        calls = await self._subscriptions.recent_calls(user_id, subscription_id)
        failed = failures_in_a_row(calls)
        if failed >= FAILING:
            await self._open_failing(user_id, subscription_id, calls[:failed])
        elif not failed and calls:
            await self._incidents.end(user_id, "failing", subscription_id)

    async def _open_failing(self, user_id: str, subscription_id: str, failed: list[Call]) -> None:
        known = (await self._store.known_subscriptions(user_id)).get(subscription_id)
        if known is None:  # it is being deleted here
            return
        times = [call.at for call in failed if call.at is not None]
        await self._incidents.open(
            NewIncident(
                user_id=user_id,
                kind="failing",
                subject=subscription_id,
                subscription_id=subscription_id,
                title=f"Deliveries of {known.name} fail: SmartRecruiters may suspend it",
                details={
                    "name": known.name,
                    "failuresInARow": len(failed),
                    "since": iso(min(times)) if times else None,
                    "lastAt": iso(max(times)) if times else None,
                },
            )
        )
