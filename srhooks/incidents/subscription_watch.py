"""Compare an account's subscriptions with their last known state: suspended or deleted elsewhere?

A subscription that the service suspended reads `inactive`, just like one that was never activated:
only somebody who remembers that it was active can tell. What is remembered is in the store, so a
restart changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from srhooks.domain.clock import iso, now_ms
from srhooks.domain.incidents import IncidentKind, NewIncident
from srhooks.domain.watch import KnownSubscription
from srhooks.incidents.service import Incidents
from srhooks.protocol.event_types import subscription_label, subscription_name
from srhooks.smartrecruiters.errors import ServiceAnsweredError, ServiceError
from srhooks.store import Store

log = logging.getLogger(__name__)

MAX_STATUS = 40  # characters
GONE = (404, 410)
# What may be open about a subscription, and is no more once it is deleted.
OF_SUBSCRIPTION: tuple[IncidentKind, ...] = ("suspended", "failing", "silent")

FetchOne = Callable[[str, str], Awaitable[Mapping[str, Any]]]


class SubscriptionWatch:
    def __init__(self, store: Store, incidents: Incidents, fetch_one: FetchOne) -> None:
        """`fetch_one` asks the service for one subscription, behind all else."""
        self._store = store
        self._incidents = incidents
        self._fetch_one = fetch_one
        self._being_deleted: set[tuple[str, str]] = set()

    async def listed(self, user_id: str, subscriptions: Sequence[Mapping[str, Any]]) -> None:
        """Compare with the list that the service just gave. Raises ServiceError or StoreError."""
        known = await self._store.known_subscriptions(user_id)
        mine = {
            str(subscription["id"]): subscription
            for subscription in subscriptions
            if subscription.get("mine")
        }
        for subscription_id, subscription in mine.items():
            await self._compare_one(
                user_id, subscription_id, subscription, known.get(subscription_id)
            )
        for subscription_id, before in known.items():
            if subscription_id not in mine:
                await self._look_for(user_id, before)

    async def _compare_one(
        self, user_id: str, subscription_id: str, subscription: Mapping[str, Any],
        before: KnownSubscription | None,
    ) -> None:  # fmt: skip
        if (user_id, subscription_id) in self._being_deleted:
            return
        status = str(subscription.get("status") or "unknown")[:MAX_STATUS]
        active = status == "active"
        now = KnownSubscription(
            subscription_id=subscription_id,
            hook_id=str(subscription.get("hookId") or (before.hook_id if before else "")),
            name=subscription_name(subscription),
            status=status,
            since=before.since if before and before.status == status else now_ms(),
            changed_by=before.changed_by if before and before.status == status else "elsewhere",
            was_active=active or (before is not None and before.was_active),
        )
        if now != before:
            await self._store.remember_subscription(user_id, now)
        if active:
            if before is None or before.status != status:
                await self._incidents.end(user_id, "suspended", subscription_id)
        elif now.was_active:
            await self._open_suspended(user_id, now)

    async def _open_suspended(self, user_id: str, known: KnownSubscription) -> None:
        known_now = await self._store.known_subscriptions(user_id)
        if known.subscription_id not in known_now:  # it is being deleted here
            return
        await self._incidents.open(
            NewIncident(
                user_id=user_id,
                kind="suspended",
                subject=known.subscription_id,
                subscription_id=known.subscription_id,
                title=f"{known.name} is {known.status}: nothing arrives from it",
                details={"name": known.name, "status": known.status, "since": iso(known.since)},
            )
        )

    async def _look_for(self, user_id: str, before: KnownSubscription) -> None:
        """It is not listed. A credential may list only its own: ask for it by its id."""
        subscription_id = before.subscription_id
        try:
            subscription = await self._fetch_one(user_id, subscription_id)
        except ServiceAnsweredError as error:
            if error.status not in GONE:
                return
        except ServiceError:
            return
        else:
            mine = {"hookId": before.hook_id, **subscription}
            await self._compare_one(user_id, subscription_id, mine, before)
            return
        # Whoever deletes one here forgets it first: then there is nothing to tell.
        if (user_id, subscription_id) in self._being_deleted:
            return
        if not await self._store.forget_subscription(user_id, subscription_id):
            return
        await self._end_all(user_id, subscription_id)
        await self._incidents.open(
            NewIncident(
                user_id=user_id,
                kind="gone",
                subject=subscription_id,
                subscription_id=subscription_id,
                title=f"{before.name} was deleted elsewhere: nothing arrives from it",
                details={"name": before.name, "lastStatus": before.status},
            )
        )

    async def _end_all(self, user_id: str, subscription_id: str) -> None:
        """End all incidents of a subscription that was deleted."""
        for kind in OF_SUBSCRIPTION:
            await self._incidents.end(user_id, kind, subscription_id)

    async def deleting(self, user_id: str, subscription_id: str) -> None:
        """It is about to be deleted here: that it is missing is no news. Raises StoreError."""
        self._being_deleted.add((user_id, subscription_id))
        await self._store.forget_subscription(user_id, subscription_id)

    async def deleted(self, user_id: str, subscription_id: str, *, done: bool) -> None:
        """Raises StoreError."""
        self._being_deleted.discard((user_id, subscription_id))
        if done:
            await self._store.forget_subscription(user_id, subscription_id)
            await self._end_all(user_id, subscription_id)

    async def activated(self, user_id: str, subscription_id: str, hook_id: str) -> None:
        """Record that the subscription was activated here. Raises StoreError."""
        known = (await self._store.known_subscriptions(user_id)).get(subscription_id)
        now = KnownSubscription(
            subscription_id=subscription_id, hook_id=hook_id, name="", status="active",
            since=now_ms(), changed_by="srhooks", was_active=True,
        )  # fmt: skip
        name = known.name if known is not None else await self._name_of(hook_id)
        await self._store.remember_subscription(user_id, replace(now, name=name))
        await self._incidents.end(user_id, "suspended", subscription_id)

    async def _name_of(self, hook_id: str) -> str:
        hook = await self._store.hook(hook_id)
        return hook.label if hook is not None else subscription_label([])
