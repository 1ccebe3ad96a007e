"""Compare the callbacks logs with what arrived, and store missing notifications on request.

Each subscription's log is walked from its newest record down to where the last walk began; where a
walk stands is saved with what it found, so a killed process goes on at the same page. Everything on
a page is compared, older records included: the log may have got one late. What is missing is looked
at again whenever somebody asks and every RECHECK seconds: one that arrived meanwhile, was deleted,
is older than the retention or belongs to an erased candidate is dropped.
"""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srhooks.accounts.user_client import UserClient
from srhooks.domain.clock import DAY, iso, now_ms
from srhooks.domain.incidents import NewIncident
from srhooks.domain.missed import (
    LOG_DAYS,
    LoggedNotification,
    LogWalk,
    MissedNotification,
    MissedState,
    elsewhere_at,
    state_of,
)
from srhooks.fleet.leases import Leases
from srhooks.incidents.erased_records import ErasedRecords
from srhooks.incidents.logged_calls import group_tries, read_logged
from srhooks.incidents.service import Incidents
from srhooks.intake.hook_cache import HookDirectory, HookEntry
from srhooks.intake.receiver import Intake
from srhooks.maintenance.supervisor import run_steps
from srhooks.smartrecruiters.errors import ServiceAnsweredError
from srhooks.smartrecruiters.pacing import paced_by
from srhooks.smartrecruiters.webhooks_api import UnknownSubscriptionError
from srhooks.store import Store
from srhooks.store.fencing import fenced
from srhooks.subscriptions.callback_log import Call, callbacks_log, read_position
from srhooks.subscriptions.service import Subscriptions

MAX_MISSED = 20_000  # of an account
OVERLAP = 120_000  # ms: a record is in the log a little after the time that it bears
RECHECK = 5.0  # seconds
SHORTEST_PAUSE = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Missed:
    """A notification that did not arrive, with its state and its next attempt."""

    kept: MissedNotification
    state: MissedState
    next_attempt_at: int | None  # ms

    @property
    def public_id(self) -> str:
        return self.kept.public_id

    @property
    def logged(self) -> LoggedNotification:
        return self.kept.logged


class Reconciler:
    def __init__(
        self, store: Store, user_client: UserClient, subscriptions: Subscriptions,
        hooks: HookDirectory, intake: Intake, incidents: Incidents, leases: Leases, *,
        retention_days: int, automatic: bool,
    ) -> None:  # fmt: skip
        """`automatic`: store what the service will not send again, without being asked."""
        self._store = store
        self._user_client = user_client
        self._subscriptions = subscriptions
        self._hooks = hooks
        self._intake = intake
        self._incidents = incidents
        self._erased = ErasedRecords(store)
        self._window = min(retention_days, LOG_DAYS) * DAY
        self._automatic = automatic
        self._leases = leases

    async def check(self, user_id: str, listed: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Read the logs of all the account's subscriptions. Raises ServiceError and StoreError.

        `listed` are the subscriptions if they are known.
        """
        if listed is None:
            listed = await self._subscriptions.all(user_id, foreground=False)
        ours = [(str(one["id"]), str(one["hookId"])) for one in listed if one.get("mine")]
        async with self._alone(user_id):
            await self._store.begin_log_check(user_id, now_ms())
            for subscription_id, hook_id in ours:
                entry = await self._hooks.get(hook_id)
                if entry is not None and entry.hook.user_id == user_id:
                    await self._walk(user_id, subscription_id, entry)
            await self._store.record_log_check(user_id, now_ms())
        await self.settle(user_id)

    async def missing(self, user_id: str) -> list[Missed]:
        """Return what did not arrive, newest first. Raises StoreError."""
        missed, _ = await self._judge(user_id)
        return missed

    async def _judge(self, user_id: str) -> tuple[list[Missed], int | None]:
        """What is missing, and when (ms) the first of those that may be on their way will be."""
        now = now_ms()
        kept = await self._still_missing(user_id, now)
        states = [(record, state_of(record.logged, now)) for record in kept]
        missed = [Missed(record, *state) for record, state in states if state is not None]
        missed.sort(key=lambda record: (record.logged.first_at, record.kept.id), reverse=True)
        young = [elsewhere_at(record.logged) for record, state in states if state is None]
        return missed, min(young, default=None)

    async def backfill(self, user_id: str, ids: Sequence[str] | None) -> int:
        """Store these (None: all) as backfilled; return their number. Raises StoreError."""
        async with self._alone(user_id):
            wanted = await self.missing(user_id)
            if ids is not None:
                chosen = set(ids)
                wanted = [record for record in wanted if record.public_id in chosen]
            stored = await self._store_all(user_id, wanted)
        await self.settle(user_id)
        return stored

    async def settle(self, user_id: str) -> int | None:
        """Open or end the incident, and store what is to be stored by itself.

        When to look again (ms), if something is too young to be missing.
        """
        if self._automatic:
            async with self._alone(user_id):
                lost = [
                    record for record in await self.missing(user_id) if record.state != "retrying"
                ]
                await self._store_all(user_id, lost)
        missed, look_again = await self._judge(user_id)
        lost = [record for record in missed if record.state != "retrying"]
        if not lost:
            await self._incidents.end(user_id, "missed")
            return look_again
        count = len(lost)
        events = Counter(record.logged.event_name or "unknown" for record in lost)
        many = f"{count} notifications" if count > 1 else "1 notification"
        await self._incidents.open(
            NewIncident(
                user_id=user_id,
                kind="missed",
                subject="",
                title=f"{many} that SmartRecruiters sent never arrived",
                details={
                    "count": count,
                    "byEvent": dict(events.most_common(20)),
                    "from": iso(lost[-1].logged.first_at),
                    "to": iso(lost[0].logged.first_at),
                },
            )
        )
        return look_again

    async def run(self) -> None:
        """Until cancelled: look again at what is missing, without asking the service."""
        await run_steps(self._step, "looking at what is missing")

    async def _step(self) -> float:
        pause = RECHECK
        for user_id in await self._store.users_with_missed():
            look_again = await self.settle(user_id)
            if look_again is not None:  # as soon as the rule allows
                pause = min(pause, max(SHORTEST_PAUSE, (look_again - now_ms()) / 1000))
        await self._store.forget_deleted(now_ms() - LOG_DAYS * DAY)
        return pause

    @contextlib.asynccontextmanager
    async def _alone(self, user_id: str) -> AsyncIterator[None]:
        """Let one process at a time check the account: two would store the same twice."""
        async with self._leases.exclusive(f"missed:{user_id}") as fence:
            with fenced(fence):
                yield

    async def _walk(self, user_id: str, subscription_id: str, entry: HookEntry) -> None:
        walk = await self._store.log_walk(user_id, subscription_id)
        try:
            if walk.top is not None:  # one that was broken off
                walk = await self._walk_down(user_id, subscription_id, entry, walk)
            now = now_ms()
            floor = max(now - self._window, (walk.checked_to or 0) - OVERLAP)
            begun = replace(walk, top=now, floor=floor, position="", records=0, reached=None)
            await self._walk_down(user_id, subscription_id, entry, begun)
        except UnknownSubscriptionError:
            return  # deleted meanwhile: its log went along

    async def _walk_down(
        self, user_id: str, subscription_id: str, entry: HookEntry, walk: LogWalk
    ) -> LogWalk:
        """Until the floor; the walk that is over. Raises ServiceError and StoreError."""
        restarted = False
        while walk.top is not None:
            try:
                page = await callbacks_log(
                    self._user_client, user_id, subscription_id,
                    position=read_position(walk.position), foreground=False,
                )  # fmt: skip
            except ServiceAnsweredError as error:
                if error.status != 400 or not walk.position or restarted:
                    raise
                restarted = True  # once: it would go on for ever where a page is always refused
                walk = replace(walk, position="")  # that page is no longer known: from the top
                continue
            fresh = [call for call in page.calls if _is_after(walk.floor, call)]
            is_over = len(fresh) < len(page.calls) or page.following is None
            oldest = now_ms() - self._window
            compared = [
                call
                for call in page.calls
                if _is_after(walk.floor, call) or (_has_id(call) and _is_after(oldest, call))
            ]
            walk = _moved(walk, fresh)
            if is_over:
                walk = replace(walk, checked_to=walk.top, top=None, floor=0, position="")
            else:
                walk = replace(walk, position=page.following or "")
            records = (read_logged(call, subscription_id, entry.hook) for call in compared)
            logged = group_tries(record for record in records if record is not None)
            arrived = await self._store.arrived(logged)
            missed = [record for record in logged if record.identity not in arrived]
            await self._store.save_log_page(user_id, subscription_id, missed, walk, MAX_MISSED)
        return walk

    async def _still_missing(self, user_id: str, now: int) -> list[MissedNotification]:
        kept = await self._store.missed(user_id)
        if not kept:
            return []
        gone: set[int] = set()
        by_hook: dict[str, list[MissedNotification]] = {}
        for record in kept:
            by_hook.setdefault(record.logged.hook_id, []).append(record)
        for group in by_hook.values():
            arrived = await self._store.arrived([record.logged for record in group])
            gone |= {record.id for record in group if record.logged.identity in arrived}
        gone |= {record.id for record in kept if record.logged.first_at < now - self._window}
        rest = [record for record in kept if record.id not in gone]
        gone |= await self._erased.find(user_id, rest)
        if gone:
            await self._store.forget_missed(user_id, sorted(gone))
        return [record for record in kept if record.id not in gone]

    async def _store_all(self, user_id: str, missed: Sequence[Missed]) -> int:
        stored = 0
        for record in reversed(missed):  # in the order in which they were sent
            entry = await self._hooks.get(record.logged.hook_id)
            if entry is None or entry.hook.user_id != user_id:
                continue
            headers: dict[str, str] = json.loads(record.logged.headers)
            with paced_by(None):  # what is fetched for it has a pace of its own
                await self._intake.backfill(entry, headers, record.logged.body)
            await self._store.forget_missed(user_id, [record.kept.id])
            stored += 1
        return stored


def _is_after(moment: int, call: Call) -> bool:
    return call.at is None or call.at >= moment


def _has_id(call: Call) -> bool:
    """Whether it can be looked up by its id. By its body takes too long to do so at each check."""
    return bool(call.logged_headers.get("event-id"))


def _moved(walk: LogWalk, calls: Sequence[Call]) -> LogWalk:
    """The position in the log after these calls were read."""
    times = [call.at for call in calls if call.at is not None]
    reached = min([*times, *([walk.reached] if walk.reached is not None else [])], default=None)
    return replace(walk, records=walk.records + len(calls), reached=reached, moved_at=now_ms())
