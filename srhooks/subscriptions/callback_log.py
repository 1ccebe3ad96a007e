"""What the service says it sent to a subscription, and how that went (its callbacks log).

The service's records have no id, and its pages are an object with `nextPageId` or a plain array.
After an array the log goes on `before` the oldest time seen; whether that bound is inclusive is
not documented, so what was seen at that very time is recognised by a digest and left out. A page
may be shorter than its limit: only an empty one is the end.

The log has 30 days, and its times may not lie before them ("the minimum value is 30 days ago" in
the vendor's description): what is older is not asked for.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from srhooks.accounts.user_client import UserClient
from srhooks.domain.clock import DAY, iso, now_ms
from srhooks.domain.feed_filter import event_matches
from srhooks.domain.missed import LOG_DAYS
from srhooks.domain.models import REDACTED
from srhooks.smartrecruiters.client import raise_for_error
from srhooks.smartrecruiters.errors import OddAnswerError
from srhooks.smartrecruiters.webhooks_api import subscription_path

PAGE = 100
MAX_REQUESTS = 4  # for one page of ours
EDGE = 600_000  # ms from the end of the log that are left out: they end while a call waits in line
STATUSES = ("failed", "successful")
# Any other header may be the subscription's own authentication.
PLAIN_HEADERS = frozenset({
    "content-type", "content-length", "user-agent", "accept", "host", "event-id", "event-name",
    "event-version", "link", "smartrecruiters-timestamp", "smartrecruiters-signature",
})  # fmt: skip
SERIES = 3  # failures in a row from which on a suspension is to be feared
SECONDS_END = 100_000_000_000  # a larger number counts milliseconds (from the year 5138 on)
LAST_TIME = 253_402_300_799_999  # ms: the end of the year 9999
DIGEST = 8  # hexadecimal digits
MAX_POSITION = 4000  # characters


@dataclass(frozen=True, slots=True)
class Call:
    successful: bool
    at: int | None  # ms
    url: str
    body: str
    headers: dict[str, str]
    logged_headers: dict[str, str]  # with secrets: never shown

    @property
    def event(self) -> str | None:
        return self.headers.get("event-name")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a log goes on: after the service's page, or with what is older than a time."""

    page_id: str = ""
    before: int | None = None  # ms, the oldest time that was seen
    seen: tuple[str, ...] = ()  # digests of the records seen at that time

    def __str__(self) -> str:
        if self.before is None:
            return f"p{self.page_id}"
        return ".".join((f"t{self.before}", *self.seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which calls of a log. Times are in ms; a bound itself is left out."""

    status: str = ""  # one of STATUSES
    event: str = ""  # a name, or a prefix that ends in a dot
    after: int | None = None
    before: int | None = None

    def fits(self, call: Call) -> bool:
        """The service filters by outcome and time, too; whether bounds are inclusive is unknown."""
        if self.event and not event_matches(self.event, call.event):
            return False
        if call.at is None:
            return self.after is None and self.before is None
        return (self.after is None or call.at > self.after) and (
            self.before is None or call.at < self.before
        )


ANY_CALL = LogFilter()


@dataclass(frozen=True, slots=True)
class CallPage:
    calls: list[Call]
    following: str | None  # the position of older ones


def read_position(text: str) -> Position:
    """Raises ValueError unless `CallPage.following` gave it."""
    if len(text) > MAX_POSITION or text[:1] not in ("", "p", "t"):
        raise ValueError("not a position of a log")
    if not text.startswith("t"):
        return Position(page_id=text[1:])
    before, *seen = text[1:].split(".")
    if not (before.isascii() and before.isdigit() and int(before[:20]) < LAST_TIME):
        raise ValueError("not a position of a log")
    return Position(before=int(before), seen=tuple(seen))


async def callbacks_log(
    user_client: UserClient,
    user_id: str,
    subscription_id: str,
    *,
    log_filter: LogFilter = ANY_CALL,
    position: Position | None = None,
    foreground: bool = True,
) -> CallPage:
    """Newest first. Raises ServiceError, or UnknownSubscriptionError.

    Where few fit the filter, a page may have none although older ones follow.
    """
    calls: list[Call] = []
    following: Position | None = position or Position()
    for _ in range(MAX_REQUESTS):
        if following is None or len(calls) >= PAGE:
            break
        found, following = await _one_page(
            user_client, user_id, subscription_id, log_filter, following, foreground=foreground
        )
        calls += [call for call in found if log_filter.fits(call)]
        after = log_filter.after
        if after is not None and any(call.at is not None and call.at <= after for call in found):
            following = None
    return CallPage(calls, None if following is None else str(following))


async def newest_calls(user_client: UserClient, user_id: str, subscription_id: str) -> list[Call]:
    """Request the newest page of the log, at the lowest priority. Raises ServiceError."""
    calls, _ = await _one_page(
        user_client, user_id, subscription_id, ANY_CALL, Position(), foreground=False
    )
    return calls


async def _one_page(
    user_client: UserClient,
    user_id: str,
    subscription_id: str,
    log_filter: LogFilter,
    position: Position,
    *,
    foreground: bool = True,
) -> tuple[list[Call], Position | None]:
    """The records of one page that were not seen yet, and where older ones are."""
    bound = log_filter.before if position.before is None else position.before
    if bound is not None and bound < _end_of_log():
        return [], None
    for later in (1, 0, -1) if position.before is not None else (0,):
        # A page full of one time: first with all of it, then without. `-1` is asked only of a
        # service whose bound is inclusive: it just gave the same page again.
        query = _query(log_filter, position, later)
        value = await _request(user_client, user_id, subscription_id, query, foreground=foreground)
        items = value.get("content") if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise OddAnswerError("SmartRecruiters sent a log in an unknown form")
        records = [item for item in items if isinstance(item, dict)]
        if isinstance(value, dict):
            page_id = value.get("nextPageId")
            calls = [read_call(record) for record in records]
            return calls, Position(page_id=str(page_id)) if page_id else None
        fresh = [(read_call(record), _digest(record)) for record in records]
        fresh = [one for one in fresh if _is_fresh(*one, position)]
        if fresh:
            return [call for call, _ in fresh], _oldest(fresh, position)
        if not records:
            break
    return [], None


async def _request(
    user_client: UserClient,
    user_id: str,
    subscription_id: str,
    query: Mapping[str, str],
    *,
    foreground: bool,
) -> Any:
    path = subscription_path(subscription_id, f"/callbacks-log?{urlencode(query)}")
    answer = await user_client.call(user_id, "GET", path, foreground=foreground)
    return await raise_for_error(answer).read_json()


def _query(log_filter: LogFilter, position: Position, later: int) -> dict[str, str]:
    query = {"limit": str(PAGE)}
    query |= {"callbackStatus": log_filter.status} if log_filter.status else {}
    if log_filter.after is not None and log_filter.after >= _end_of_log():
        query["after"] = iso(log_filter.after)
    if position.before is not None:
        query["before"] = iso(position.before + later)
    elif log_filter.before is not None:
        query["before"] = iso(log_filter.before)
    if position.page_id:
        query["page_id"] = position.page_id
    return query


def _end_of_log() -> int:
    return now_ms() - LOG_DAYS * DAY + EDGE


def _is_fresh(call: Call, digest: str, position: Position) -> bool:
    if position.before is None or call.at is None:
        return True
    return call.at < position.before or (call.at == position.before and digest not in position.seen)


def _oldest(fresh: Sequence[tuple[Call, str]], position: Position) -> Position | None:
    """Where to go on behind these; None when no time says where."""
    times = [call.at for call, _ in fresh if call.at is not None]
    if not times:
        return None
    before = min(times)
    seen = position.seen if before == position.before else ()
    at_that_time = [digest for call, digest in fresh if call.at == before]
    return Position(before=before, seen=tuple(dict.fromkeys((*seen, *at_that_time))))


def _digest(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST]


def failures_in_a_row(calls: Sequence[Call]) -> int:
    """How many calls failed in a row, counted from the newest."""
    for position, call in enumerate(calls):
        if call.successful:
            return position
    return len(calls)


def read_call(item: Mapping[str, Any]) -> Call:
    details = item.get("requestDetails")
    details = details if isinstance(details, dict) else {}
    headers = read_headers(details.get("headers"))
    return Call(
        successful=str(item.get("status")).lower() == "successful",
        at=read_moment(item.get("timestamp")),
        url=_text(details.get("url")),
        body=_text(details.get("body")),
        headers={
            name: value if name in PLAIN_HEADERS else REDACTED for name, value in headers.items()
        },
        logged_headers=headers,
    )


def read_headers(value: Any) -> dict[str, str]:
    """By lower-case name: of an object, of a list of pairs, of {"name", "value"} or of lines."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [pair for one in value if (pair := _pair(one)) is not None]
    headers: dict[str, str] = {}
    for name, given in pairs:
        text = ", ".join(map(_text, given)) if isinstance(given, list) else _text(given)
        key = _text(name).strip().lower()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _pair(one: Any) -> tuple[Any, Any] | None:
    if isinstance(one, dict):
        return (one["name"], one.get("value")) if "name" in one else None
    if isinstance(one, list) and len(one) == 2:
        return one[0], one[1]
    if isinstance(one, str):
        name, colon, rest = one.partition(":")
        return (name, rest.strip()) if colon else None
    return None


def read_moment(value: Any) -> int | None:
    """A time in ms: of RFC 3339, of a number of seconds or of milliseconds."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return round(datetime.fromisoformat(value.strip()).timestamp() * 1000)
        except (ValueError, OverflowError):
            pass
        try:
            value = float(value) if len(value) < 40 else None
        except ValueError:
            return None
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    ms = value * 1000 if value < SECONDS_END else value
    return round(ms) if ms <= LAST_TIME else None


def _text(value: Any) -> str:
    """A text as it is, nothing as an empty one, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
