"""The records of each notification sent: a delivery, its attempts, the log entries."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Outcome = Literal["pending", "delivered", "retrying", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One call to the receiver. `status` is None when there was no answer."""

    at: float
    status: int | None
    error: str | None
    seconds: float


@dataclass(kw_only=True)
class Delivery:
    """One event on its way to one subscription."""

    id: str
    event_id: str
    event_name: str
    subscription_id: str
    owner_id: str
    link: str  # the header's whole value
    body: bytes
    state: Outcome = "pending"
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One attempt as the callbacks log keeps it."""

    successful: bool
    at: float  # seconds, in whole milliseconds as the log has them
    url: str
    body: str
    headers: dict[str, str]


def log_json(entry: LogEntry) -> dict[str, Any]:
    """An entry as the API returns it: without an id."""
    return {
        "status": "successful" if entry.successful else "failed",
        "timestamp": stamp(entry.at),
        "requestDetails": {"url": entry.url, "body": entry.body, "headers": entry.headers},
    }


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the control routes return it."""
    return {
        "id": delivery.id,
        "eventId": delivery.event_id,
        "eventName": delivery.event_name,
        "subscriptionId": delivery.subscription_id,
        "link": delivery.link,
        "body": delivery.body.decode(),
        "state": delivery.state,
        "attempts": [
            {
                "at": stamp(attempt.at),
                "status": attempt.status,
                "error": attempt.error,
                "milliseconds": round(attempt.seconds * 1000, 1),
            }
            for attempt in delivery.attempts
        ],
    }


def stamp(at: float) -> str:
    """`yyyy-MM-ddTHH:mm:ss.SSSZZ`, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
