"""What the service says it sent to a subscription, and how that went (its callbacks log)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from srhooks.accounts.user_client import Gateway
from srhooks.domain.models import REDACTED
from srhooks.smartrecruiters.client import raise_for_error
from srhooks.smartrecruiters.errors import OddAnswerError
from srhooks.smartrecruiters.webhooks_api import subscription_path

PAGE = 50
STATUSES = ("failed", "successful")
# Any other header may be the subscription's own authentication.
PLAIN_HEADERS = frozenset({
    "content-type", "content-length", "user-agent", "accept", "host", "event-id", "event-name",
    "event-version", "link", "smartrecruiters-timestamp", "smartrecruiters-signature",
})  # fmt: skip
SERIES = 3  # failures in a row from which on a suspension is to be feared


@dataclass(frozen=True, slots=True)
class Call:
    successful: bool
    at: int | None  # ms
    url: str
    body: str
    headers: dict[str, str]

    @property
    def event(self) -> str | None:
        return self.headers.get("event-name")


@dataclass(frozen=True, slots=True)
class CallPage:
    calls: list[Call]
    following: str | None  # the page id of older ones


async def callbacks_log(
    gateway: Gateway, user_id: str, number: str, *, status: str = "", page: str = ""
) -> CallPage:
    """Newest first. Raises ServiceError, or UnknownSubscriptionError."""
    query = {"limit": str(PAGE)}
    query |= {"callbackStatus": status} if status else {}
    query |= {"page_id": page} if page else {}
    path = subscription_path(number, f"/callbacks-log?{urlencode(query)}")
    value = raise_for_error(await gateway.ask(user_id, "GET", path, foreground=True)).json()
    items = value.get("content") if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise OddAnswerError("SmartRecruiters sent a log that is none")
    following: Any = value.get("nextPageId") if isinstance(value, dict) else None
    kept = [item for item in items if isinstance(item, dict)]
    if isinstance(value, list) and len(items) >= PAGE and kept:
        following = kept[-1].get("id")
    return CallPage([read_call(item) for item in kept], str(following) if following else None)


def failures_in_a_row(calls: Sequence[Call]) -> int:
    """How many of the newest failed without one between them that did not."""
    for position, call in enumerate(calls):
        if call.successful:
            return position
    return len(calls)


def read_call(item: Mapping[str, Any]) -> Call:
    details = item.get("requestDetails")
    details = details if isinstance(details, dict) else {}
    headers = details.get("headers")
    headers = headers if isinstance(headers, dict) else {}
    return Call(
        successful=item.get("status") == "successful",
        at=_moment(item.get("timestamp")),
        url=str(details.get("url") or ""),
        body=str(details.get("body") or ""),
        headers={
            str(name).lower(): str(value) if str(name).lower() in PLAIN_HEADERS else REDACTED
            for name, value in headers.items()
        },
    )


def _moment(value: Any) -> int | None:
    try:
        return round(datetime.fromisoformat(str(value)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
