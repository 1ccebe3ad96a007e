"""The callbacks log's records as notifications, and which notification each arrived as."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from srhooks.domain.missed import YOUNG, LoggedNotification, Try
from srhooks.domain.models import Hook, Notification
from srhooks.domain.subjects import Subject, subjects_alone, with_timeline
from srhooks.intake.receiver import event_id_of, field_of, json_of, redacted, sent_at
from srhooks.protocol.notification_headers import HANDSHAKE_HEADER
from srhooks.store import Store
from srhooks.subscriptions.callback_log import Call

MAX_NAMED = 8  # things of one record

Outcome = Literal["arrived", "deleted", "on its way", "not here"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a logged call arrived here, if it did."""

    outcome: Outcome
    notification_id: int | None = None  # where it arrived and is still stored


def read_logged(call: Call, subscription_id: str, hook: Hook) -> LoggedNotification | None:
    """A record with its one try; None for a handshake, and where no time is known."""
    headers = call.logged_headers
    if HANDSHAKE_HEADER.lower() in headers or call.at is None:
        return None
    return LoggedNotification(
        hook_id=hook.id,
        subscription_id=subscription_id,
        event_id=event_id_of(headers),
        event_name=field_of(headers, "event-name"),
        timestamp=sent_at(headers),
        headers=json_of(redacted(headers, hook.auth_header)),
        body=call.body.encode("utf-8", "replace"),
        tries=(Try(call.at, call.successful),),
    )


def group_tries(records: Iterable[LoggedNotification]) -> list[LoggedNotification]:
    """Each notification once, with all its tries."""
    grouped: dict[bytes, LoggedNotification] = {}
    for record in records:
        known = grouped.setdefault(record.identity, record)
        tries = {*known.tries, *record.tries}
        ordered = sorted(tries, key=lambda attempt: (attempt.at, attempt.delivered))
        grouped[record.identity] = replace(known, tries=tuple(ordered))
    return list(grouped.values())


async def find_arrivals(
    store: Store, records: Sequence[LoggedNotification | None], now: int
) -> list[Arrival | None]:
    """In the order of the records, which are of one hook. Raises StoreError."""
    arrived = await store.arrived([record for record in records if record is not None])
    arrivals: list[Arrival | None] = []
    for record in records:
        if record is None:
            arrivals.append(None)
        elif record.identity in arrived:
            notification_id = arrived[record.identity]
            is_deleted = notification_id is None
            arrivals.append(Arrival("deleted" if is_deleted else "arrived", notification_id))
        elif record.tries[-1].delivered and now - record.last_at < YOUNG:
            arrivals.append(Arrival("on its way"))
        else:
            arrivals.append(Arrival("not here"))
    return arrivals


def as_notification(logged: LoggedNotification, user_id: str, row_id: int = 0) -> Notification:
    """The call as a notification that arrived unverified, for functions that read those."""
    headers: dict[str, str] = json.loads(logged.headers)
    link = headers.get("link", "").partition(">")[0].partition("<")[2] or None
    return Notification(
        id=row_id, rev=0, first_rev=0, user_id=user_id, hook_id=logged.hook_id,
        subscription_id=logged.subscription_id, event_id=logged.event_id,
        event_name=logged.event_name, event_version=None, link=link, signature="unverifiable",
        sent_at=logged.timestamp, deliveries=1, last_delivery_at=logged.last_at,
        entity_status="none", entity_at=None, entity_error=None, title=None, changes=None,
        headers_json=logged.headers, body=logged.body, entity=None, received_at=logged.last_at,
    )  # fmt: skip


def things_named(logged: LoggedNotification, user_id: str) -> list[Subject]:
    """What has a timeline and is named by its body or link, what it is about first."""
    return with_timeline(subjects_alone(as_notification(logged, user_id)))[:MAX_NAMED]
