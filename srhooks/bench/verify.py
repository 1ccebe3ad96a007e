"""Checks of what was stored and shown. All raise BenchError, which fails the benchmark."""

import time
from collections.abc import Sequence

from srhooks.bench.database import Database
from srhooks.bench.processes import BenchError
from srhooks.domain.ids import encode_id

SETTLE = 5.0  # seconds in which the last entity must be fetched


def all_stored_once(database: Database, hook_id: str, sent: Sequence[str]) -> None:
    """Each event id that was answered 202 is stored exactly once, and nothing else is."""
    rows = database.fetch(
        "SELECT event_id, deliveries FROM notifications WHERE hook_id = $1", hook_id
    )
    stored = {event_id for event_id, _ in rows}
    lost = len(set(sent) - stored)
    doubled = len(rows) - len(stored) + sum(deliveries != 1 for _, deliveries in rows)
    if lost or doubled or stored - set(sent):
        raise BenchError(
            f"{len(sent)} notifications were answered 202: {lost} were lost, {doubled} doubled,"
            f" {len(stored - set(sent))} are unknown"
        )


def all_fetched(database: Database) -> None:
    """Every entity was fetched: one that failed would make the measured time too short."""
    statuses = _statuses(database)
    until = time.monotonic() + SETTLE
    while "pending" in statuses and time.monotonic() < until:
        time.sleep(0.05)
        statuses = _statuses(database)
    if statuses != {"fetched"}:
        raise BenchError(f"entities that exist are {', '.join(sorted(statuses))}")


def _statuses(database: Database) -> set[str]:
    return {row[0] for row in database.fetch("SELECT entity_status FROM notifications")}


def shown_ids(database: Database, sent: Sequence[str]) -> set[bytes]:
    """The notification ids, as pages have them, of these event ids."""
    known: dict[str, int] = dict(database.fetch("SELECT event_id, id FROM notifications"))
    return {encode_id(known[event_id]).encode() for event_id in sent}


def all_shown(rows: Sequence[bytes], expected: set[bytes]) -> None:
    """A viewer that stayed connected got the row of every expected notification."""
    missing = len(expected - set(rows))
    if missing:
        raise BenchError(f"a viewer was not shown {missing} of {len(expected)} notifications")
