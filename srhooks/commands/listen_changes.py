"""The fields that a notification changed, as one line (`listen --verbose`)."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from srhooks.commands.listen_client import Heard, RefusedError, Stream, UnreachableError
from srhooks.commands.terminal import fit
from srhooks.domain.json_writing import dumps
from srhooks.entities import diff

ENTITY_TIMEOUT = 15.0  # seconds in which the entity must have been fetched
LOOK_INTERVAL = 0.5  # seconds between two requests for it
EARLIER = 20  # earlier notifications with the same link that are searched for a state
SHOWN = 3  # changes in the line
VALUE = 40  # characters shown of a value


async def changes_line(stream: Stream, heard: Heard) -> str | None:
    """Up to three changed fields with old and new value.

    None: nothing changed, no earlier state is known, or the entity was not fetched in time.
    """
    with suppress(TimeoutError, UnreachableError, RefusedError, KeyError, TypeError):
        async with asyncio.timeout(ENTITY_TIMEOUT):
            notification = await _with_details(stream, heard.id)
        now = notification["entity"]["data"]
        before = await _earlier_state(stream, notification)
        if before is not None and now is not None:
            return _line(diff.changes(before, now))
    return None


async def _with_details(stream: Stream, notification_id: str) -> Mapping[str, Any]:
    """The notification, as soon as its entity is no longer pending."""
    while True:
        notification: Mapping[str, Any] = await stream.read_json(
            f"/notifications/{notification_id}", []
        )
        if notification["entity"]["status"] != "pending":
            return notification
        await asyncio.sleep(LOOK_INTERVAL)


async def _earlier_state(stream: Stream, notification: Mapping[str, Any]) -> Any:
    if not notification["link"]:
        return None
    query = [
        ("link", notification["link"]), ("before", notification["id"]), ("limit", str(EARLIER)),
    ]  # fmt: skip
    page = await stream.read_json("/notifications", query)
    states = (earlier["entity"]["data"] for earlier in page["notifications"])
    return next((state for state in states if state is not None), None)


def _line(changes: Sequence[Mapping[str, Any]]) -> str | None:
    parts = [
        f"{fit(change['field'] or 'all', VALUE)}:"
        f" {_value(change['before'])} → {_value(change['now'])}"
        for change in changes[:SHOWN]
    ]
    more = [f"{len(changes) - SHOWN} more"] if len(changes) > SHOWN else []
    return "; ".join(parts + more) or None


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return fit(value if isinstance(value, str) else dumps(value), VALUE)
