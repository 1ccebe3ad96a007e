"""The WHERE of a filtered feed. Values are always parameters, never part of the text."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srhooks.domain.clean_text import clean_text
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import LOW_BITS, received_ms
from srhooks.domain.models import NewNotification, Notification

# The next number of a change: of the database's own sequence, or a function of the connection's.
REV = "nextval('change_rev')"
# The column is empty where it would say what the id says.
RECEIVED_AT = f"coalesce(n.received_at, n.id >> {LOW_BITS})"
COLUMNS = (
    "n.id, n.rev, n.first_rev, n.user_id, n.hook_id, n.subscription_id, n.event_id, n.event_name,"
    " n.event_version, n.link, n.signature, n.sent_at, n.deliveries, n.last_delivery_at,"
    " n.entity_status, n.entity_at, n.entity_error, n.title, n.changes, n.headers, n.body,"
    f" n.entity, {RECEIVED_AT}"
    ", EXISTS (SELECT 1 FROM backfilled b WHERE b.notification_id = n.id)"
)
INSERT_COLUMNS = (
    "id, user_id, hook_id, subscription_id, event_id, event_name, event_version,"
    " link, signature, sent_at, last_delivery_at, entity_status, due_at, headers, body,"
    " received_at"
)
# Partial indexes find these; a condition must repeat theirs for them to be used.
RARE_SIGNATURES = ("invalid", "unverifiable")
RARE_STATUSES = ("failed", "refused", "gone", "none")
UNFETCHED = "entity_status IN ('failed', 'refused', 'gone', 'none')"
INDEXED_STATUSES = (*RARE_STATUSES, "pending")
FENCE = 1 << 40  # rows: no limit, but each database then takes the part by itself
PREFIX_END = "\U0010ffff"  # above every character that can follow a prefix


def storable(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Texts from outside as a database takes them: no NUL (PostgreSQL), no broken surrogates."""
    return tuple(clean_text(arg) if isinstance(arg, str) else arg for arg in args)


def like_pattern(text: str) -> str:
    """The text anywhere, each of its characters as it is: for LIKE with the backslash to escape."""
    for letter in "\\%_":
        text = text.replace(letter, "\\" + letter)
    return f"%{text}%"


def parts_of(feed_filter: Filter) -> list[Filter]:
    """A filter for each condition, those for the text and the time left out."""
    fields = ("events", "subscription", "signature", "status", "link")
    given = {name: value for name in fields if (value := getattr(feed_filter, name))}
    return [replace(Filter(), **{name: value}) for name, value in given.items()]


def has_times(feed_filter: Filter) -> bool:
    return feed_filter.received_after is not None or feed_filter.received_before is not None


def is_indexed(feed_filter: Filter) -> bool:
    """Whether one index gives just what fits, newest first."""
    parts = parts_of(feed_filter)
    if feed_filter.q or len(parts) > 1 or has_times(feed_filter):
        return False
    if not parts or feed_filter.subscription or feed_filter.link:
        return True
    if feed_filter.events:
        return len(feed_filter.events) == 1 and not feed_filter.events[0].endswith(".")
    return feed_filter.signature in RARE_SIGNATURES or feed_filter.status in INDEXED_STATUSES


def conditions(
    user_id: str, feed_filter: Filter, args: list[Any] | None = None
) -> tuple[str, list[Any]]:
    """All of the filter but its text search, for the table alias `n`; adds to the values."""
    args = [] if args is None else args
    args.append(user_id)
    parts = [f"n.user_id = ${len(args)}"]

    def add(condition: str, *values: Any) -> None:
        numbers = [f"${len(args) + 1 + position}" for position in range(len(values))]
        parts.append(condition.format(*numbers))
        args.extend(values)

    if feed_filter.events:
        add(*_of_events(feed_filter.events))
    if feed_filter.subscription:
        add("n.subscription_id = {}", feed_filter.subscription)
    if feed_filter.signature:
        add("n.signature = {}", feed_filter.signature)
        if feed_filter.signature in RARE_SIGNATURES:
            parts.append("n.signature IN ('invalid', 'unverifiable')")
    if feed_filter.status:
        add("n.entity_status = {}", feed_filter.status)
        if feed_filter.status in RARE_STATUSES:
            parts.append(f"n.{UNFETCHED}")
        if feed_filter.status == "pending":
            parts.append("n.entity_status = 'pending'")
    if feed_filter.link:
        add("n.link = {}", feed_filter.link)
    if feed_filter.after is not None:
        add("n.id > {}", feed_filter.after)
    if feed_filter.before is not None:
        add("n.id < {}", feed_filter.before)
    if feed_filter.received_after is not None:
        add(f"{RECEIVED_AT} > {{}}", feed_filter.received_after)
    if feed_filter.received_before is not None:
        add(f"{RECEIVED_AT} < {{}}", feed_filter.received_before)
    return " AND ".join(parts), args


def _of_events(events: Sequence[str]) -> tuple[str, *tuple[str, ...]]:
    """The condition for one or more names or beginnings that end with a dot, and its values."""
    exact = [event for event in events if not event.endswith(".")]
    names = [f"n.event_name = {{{position}}}" for position in range(len(exact))]
    values = list(exact)
    for event in events:
        if event.endswith("."):
            low, high = len(values), len(values) + 1
            names.append(f"(n.event_name >= {{{low}}} AND n.event_name < {{{high}}})")
            values += [event, event + PREFIX_END]
    return "(" + " OR ".join(names) + ")", *values


def insert_values(new: NewNotification) -> tuple[Any, ...]:
    """The values of INSERT_COLUMNS."""
    at = new.received_ms
    return (
        new.id,
        new.user_id,
        new.hook_id,
        new.subscription_id,
        new.event_id,
        new.event_name,
        new.event_version,
        new.link,
        new.signature,
        new.sent_at,
        at,
        new.entity_status,
        at if new.entity_status == "pending" else None,
        new.headers,
        new.body,
        None if at == received_ms(new.id) else at,
    )


def notification_of(row: Any) -> Notification:
    """From a row of COLUMNS."""
    return Notification(
        id=row[0], rev=row[1], first_rev=row[2], user_id=row[3], hook_id=row[4],
        subscription_id=row[5], event_id=row[6], event_name=row[7], event_version=row[8],
        link=row[9], signature=row[10], sent_at=row[11], deliveries=row[12],
        last_delivery_at=row[13], entity_status=row[14], entity_at=row[15], entity_error=row[16],
        title=row[17], changes=row[18], headers_json=row[19], body=bytes(row[20]),
        entity=None if row[21] is None else bytes(row[21]),
        received_at=row[22],
        is_backfilled=bool(row[23]),
    )  # fmt: skip
