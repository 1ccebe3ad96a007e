"""Notice when the service changes a subscription by itself: suspended, deactivated, deleted.

There is no event for that, so the list is asked for again, gently: only while somebody watches,
behind everything else, about once a minute, and less often while the service does not work.

Once a minute for all processes together: each is told of the others' looks, and one that has just
started goes by the last look that is in the store.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from srhooks.domain.clock import now_ms
from srhooks.domain.watch import Look
from srhooks.hub import Event, Hub
from srhooks.protocol.event_types import subscription_name
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceError, brief
from srhooks.store import StoreError
from srhooks.subscriptions.service import Subscriptions

log = logging.getLogger(__name__)

LOOK_INTERVAL = 60.0  # seconds between two looks
FIRST_PAUSE = 5.0  # seconds after a page was opened: most are closed again sooner
LOOKED = "subscriptions-looked-at"  # of the messages between processes; their key is the user's id
SLOWEST = 900.0  # seconds, while the service does not work


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of a subscription that srhooks did not make."""

    subscription_id: str
    name: str  # its events
    before: str
    now: str  # the new status
    at: int  # ms


@dataclass(slots=True)
class _Watched:
    viewers: int = 0
    task: asyncio.Task[None] | None = None
    looked_at: float = float("-inf")  # loop time of the last look
    known: list[dict[str, Any]] | None = None  # as last listed
    known_at: int | None = None  # ms
    drifts: dict[str, Drift] = field(default_factory=dict)


class StatusWatch:
    def __init__(
        self, subscriptions: Subscriptions, hub: Hub, last_look: Callable[[str], Awaitable[Look]]
    ) -> None:
        """`last_look`: when any process looked last, as the store knows it."""
        self._subscriptions = subscriptions
        self._hub = hub
        self._last_look = last_look
        hub.on_message(LOOKED, self._looked_elsewhere)
        self.interval = LOOK_INTERVAL
        self.first_pause = FIRST_PAUSE
        self._users: dict[str, _Watched] = {}

    @contextlib.contextmanager
    def attended(self, user_id: str) -> Iterator[None]:
        """A context in which a page of this user is open."""
        watched = self._users.setdefault(user_id, _Watched())
        watched.viewers += 1
        if watched.task is None:
            watched.task = asyncio.create_task(self._poll(user_id, watched), name="status-watch")
        try:
            yield
        finally:
            watched.viewers -= 1
            if not watched.viewers and watched.task is not None:
                watched.task.cancel()
                watched.task = None

    def known(self, user_id: str) -> list[dict[str, Any]] | None:
        """The subscriptions as last listed; None when they never were."""
        watched = self._users.get(user_id)
        return watched.known if watched is not None else None

    def known_at(self, user_id: str) -> int | None:
        """When they were last listed (ms); None when they never were."""
        watched = self._users.get(user_id)
        return watched.known_at if watched is not None else None

    def drifts(self, user_id: str) -> dict[str, Drift]:
        watched = self._users.get(user_id)
        return watched.drifts if watched is not None else {}

    def observe(self, user_id: str, listed: Sequence[dict[str, Any]]) -> list[Drift]:
        """Compare a fresh list with the previous one, and keep what changed by itself."""
        watched = self._users.setdefault(user_id, _Watched())
        before = {
            str(subscription["id"]): _status(subscription)
            for subscription in watched.known or ()
            if subscription.get("mine")
        }
        now = {str(subscription["id"]): _status(subscription) for subscription in listed}
        names = {
            str(subscription["id"]): subscription_name(subscription) for subscription in listed
        }
        fresh = [
            Drift(subscription_id, names[subscription_id], status, now[subscription_id], now_ms())
            for subscription_id, status in before.items()
            if status == "active" and subscription_id in now and now[subscription_id] != "active"
        ]
        watched.drifts.update((drift.subscription_id, drift) for drift in fresh)
        for subscription_id in list(watched.drifts):  # it works again, or is deleted
            if now.get(subscription_id, "active") == "active":
                del watched.drifts[subscription_id]
        watched.known = [dict(subscription) for subscription in listed]
        watched.known_at = now_ms()
        self._looked(user_id, watched)
        return fresh

    def remember(self, user_id: str, subscription: dict[str, Any]) -> None:
        """Record a subscription that was created or changed here; the list is not read."""
        watched = self._users.setdefault(user_id, _Watched())
        others = [
            other for other in watched.known or () if str(other["id"]) != str(subscription["id"])
        ]
        watched.known = [*others, dict(subscription)]

    def forget(self, user_id: str, subscription_id: str) -> None:
        """Record that a subscription was deleted here."""
        watched = self._users.setdefault(user_id, _Watched())
        watched.drifts.pop(subscription_id, None)
        if watched.known is not None:
            watched.known = [
                subscription
                for subscription in watched.known
                if str(subscription["id"]) != subscription_id
            ]

    async def _poll(self, user_id: str, watched: _Watched) -> None:
        pause = self.interval
        await self._recall(user_id, watched)
        while True:
            await self._until_due(watched, pause)
            try:
                listed = await self._subscriptions.all(user_id, foreground=False)
            except GrantDeadError:
                self._hub.publish(user_id, Event("login"))
                return
            except Exception as error:  # a defect must not end the looking either
                pause = min(pause * 2, SLOWEST)
                self._looked(user_id, watched)
                if isinstance(error, ServiceError | StoreError):
                    log.info("could not look after the subscriptions: %s", brief(error))
                else:
                    log.exception("looking after the subscriptions failed")
                continue
            pause = self.interval
            known = _statuses(watched.known)
            self.observe(user_id, listed)
            if known is not None and known != _statuses(listed):
                self._hub.publish(user_id, Event("subscriptions"))

    async def _until_due(self, watched: _Watched, pause: float) -> None:
        """Wait for the next look; one of another process meanwhile puts it off."""
        loop = asyncio.get_running_loop()
        soonest = loop.time() + self.first_pause
        jitter = random.uniform(0.0, self.first_pause)  # noqa: S311 - so that not all ask at once
        while (  # noqa: ASYNC110 - most often nothing puts it off
            wait := max(watched.looked_at + pause, soonest) + jitter - loop.time()
        ) > 0:
            await asyncio.sleep(wait)

    async def _recall(self, user_id: str, watched: _Watched) -> None:
        """Go by the store until this process has looked itself, or heard of a look."""
        with contextlib.suppress(StoreError):
            at = (await self._last_look(user_id)).looked_at
            if at is not None:
                ago = max(0, now_ms() - at) / 1000
                looked_at = asyncio.get_running_loop().time() - ago
                watched.looked_at = max(watched.looked_at, looked_at)

    def _looked(self, user_id: str, watched: _Watched) -> None:
        watched.looked_at = asyncio.get_running_loop().time()
        self._hub.publish_to_processes(LOOKED, user_id)

    def _looked_elsewhere(self, user_id: str) -> None:
        watched = self._users.get(user_id)
        if watched is not None:
            watched.looked_at = asyncio.get_running_loop().time()


def _status(subscription: dict[str, Any]) -> str:
    return str(subscription.get("status") or "unknown")


def _statuses(listed: Sequence[dict[str, Any]] | None) -> dict[str, str] | None:
    return (
        None
        if listed is None
        else {str(subscription["id"]): _status(subscription) for subscription in listed}
    )
