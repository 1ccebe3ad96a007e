"""Notifications that the callbacks log has and that never arrived. Pure data and rules."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from srhooks.domain.ids import encode_id
from srhooks.protocol.retry_schedule import next_try

MissedState = Literal["retrying", "given-up", "elsewhere"]

LOG_DAYS = 30  # the service's log goes back that far
YOUNG = 60_000  # ms in which a delivered notification may still be on its way into the store


@dataclass(frozen=True, slots=True)
class Try:
    """One call of the service to the hook address."""

    at: int  # ms
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedNotification:
    """A notification of the callbacks log with all its delivery attempts, oldest first."""

    hook_id: str
    subscription_id: str
    event_id: str | None
    event_name: str | None
    timestamp: int | None  # ms, of the header smartrecruiters-timestamp
    headers: str  # JSON object: lower-case names, secrets redacted
    body: bytes
    tries: tuple[Try, ...]

    @property
    def first_at(self) -> int:
        return self.tries[0].at

    @property
    def last_at(self) -> int:
        return self.tries[-1].at

    @property
    def identity(self) -> bytes:
        """What identifies it: its event-id, else body, event and timestamp."""
        if self.event_id is not None:
            return id_digest(self.hook_id, self.event_id)
        return body_digest(self.hook_id, None, self.event_name, self.timestamp, self.body)


@dataclass(frozen=True, slots=True)
class MissedNotification:
    """A notification that did not arrive, as the store keeps it."""

    id: int
    logged: LoggedNotification

    @property
    def public_id(self) -> str:
        return encode_id(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWalk:
    """How far a subscription's log was read. Reading goes from `top` (newest) down to `floor`."""

    checked_to: int | None = None  # ms: everything before is done
    top: int | None = None  # ms; None: no walk is under way
    floor: int = 0  # ms
    position: str = ""  # where it goes on
    records: int = 0  # that this walk has read
    reached: int | None = None  # ms: the oldest of them
    moved_at: int = 0  # ms: when a page was read last


def state_of(logged: LoggedNotification, now: int) -> tuple[MissedState, int | None] | None:
    """The state and the time of the next try (ms); None while it may still be on its way."""
    delivered = [attempt.at for attempt in logged.tries if attempt.delivered]
    if delivered:
        return None if now - delivered[-1] < YOUNG else ("elsewhere", None)
    due = next_try(len(logged.tries), logged.last_at, now)
    return ("given-up", None) if due is None else ("retrying", due)


def elsewhere_at(logged: LoggedNotification) -> int:
    """When (ms) one that was delivered counts as missing, if it is not here by then."""
    return max(attempt.at for attempt in logged.tries if attempt.delivered) + YOUNG


def id_digest(hook_id: str, event_id: str) -> bytes:
    return _digest(b"id", hook_id.encode(), event_id.encode("utf-8", "replace"))


def body_digest(
    hook_id: str, event_id: str | None, event_name: str | None, timestamp: int | None, body: bytes
) -> bytes:
    """Those with and without an event-id are apart: two with different ids are never the same."""
    name = (event_name or "").encode("utf-8", "replace")
    kind = b"body" if event_id is None else b"body-of-id"
    return _digest(kind, hook_id.encode(), name, str(timestamp).encode(), body)


def digests_of_arrived(
    hook_id: str, event_id: str | None, event_name: str | None, timestamp: int | None, body: bytes
) -> list[bytes]:
    """Digests by which a stored notification is recognised after it was deleted."""
    digests = [body_digest(hook_id, event_id, event_name, timestamp, body)]
    return digests if event_id is None else [id_digest(hook_id, event_id), *digests]


def digests_to_look_for(logged: LoggedNotification) -> list[bytes]:
    """Digests of a log record; a deleted notification that has one of them is the same one."""
    parts = (logged.event_name, logged.timestamp, logged.body)
    if logged.event_id is not None:
        return [logged.identity, body_digest(logged.hook_id, None, *parts)]
    return [body_digest(logged.hook_id, kind, *parts) for kind in (None, "any")]


def _digest(*parts: bytes) -> bytes:
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.blake2b(text, digest_size=16).digest()
