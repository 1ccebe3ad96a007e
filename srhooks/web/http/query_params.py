"""Parse the query of a feed into a filter, for the page, JSON, the live page and exports alike."""

import math
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from multidict import MultiMapping

from srhooks.domain.clock import HOUR, iso, now_ms, read_time
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import LENGTH, decode_id, first_id_at
from srhooks.domain.models import ENTITY_STATUSES, SIGNATURES
from srhooks.web.http.errors import BadRequestError
from srhooks.web.presentation.reader_zone import zone_named

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_TEXT = 500  # characters of any one value
MAX_EVENTS = 100
ANYWHERE = timezone(timedelta(0), "of the reader")
SIMPLE = ("q", "subscription", "signature", "status", "link")
TIMES = ("since", "after", "before", "until")
SINCE: Mapping[str, int] = {"1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR}
CHOICES: Mapping[str, tuple[str, ...]] = {"signature": SIGNATURES, "status": ENTITY_STATUSES}


def read_filter(query: MultiMapping[str]) -> Filter:
    """Raises BadRequestError that says which parameter is wrong. Empty ones count as not there."""
    values = {name: query.get(name, "").strip() for name in SIMPLE if name != "q"}
    values["q"] = query.get("q", "")
    events = tuple(event for event in query.getall("event", []) if event.strip())
    for name, text in (*values.items(), *(("event", event) for event in events)):
        if len(text) > MAX_TEXT:
            raise BadRequestError(f"{name} is too long: at most {MAX_TEXT} characters")
    for name, allowed in CHOICES.items():
        if values[name] and values[name] not in allowed:
            raise BadRequestError(f"{name} must be one of {', '.join(allowed)}")
    if len(events) > MAX_EVENTS:
        raise BadRequestError(f"at most {MAX_EVENTS} events at once")
    params: dict[str, Any] = {"event": list(events)} if events else {}
    params |= {name: text for name, text in values.items() if text}
    params |= {name: query[name] for name in TIMES if query.get(name)}
    zone_name = query.get("zone", "")
    zone = zone_named(zone_name)
    if zone is not None and any(_lacks_zone(query.get(name, "")) for name in TIMES):
        params["zone"] = zone_name
    after, received_after = read_bound("after", query.get("after", ""), zone)
    since = read_since(query.get("since", ""))
    if since is not None:
        received_after = max(received_after or 0, since)
    before, received_before = read_bound("before", query.get("before", ""), zone)
    until = read_until(query, zone)
    if until is not None:
        received_before = until if received_before is None else min(received_before, until)
    return Filter(
        events=events,
        after=after,
        before=before,
        received_after=received_after,
        received_before=received_before,
        params=params,
        **values,
    )


def read_since(text: str) -> int | None:
    """A span of time that ends now, or its beginning: the last millisecond before it.

    In milliseconds since 1970.
    """
    if not text:
        return None
    if text in SINCE:
        return now_ms() - SINCE[text] - 1
    try:
        return math.floor(read_time(text).timestamp() * 1000 + 0.0005) - 1
    except (ValueError, OverflowError):
        raise BadRequestError(f"since must be one of {', '.join(SINCE)}, or a time") from None


def read_until(query: MultiMapping[str], zone: ZoneInfo | None = None) -> int | None:
    """The millisecond (since 1970) before which something was received."""
    cursor, ms = read_bound("until", query.get("until", ""), zone)
    if cursor is not None:
        raise BadRequestError("until must be a time such as 2026-11-24T13:00:00Z")
    return ms


def read_limit(query: MultiMapping[str]) -> int:
    text = query.get("limit", "")
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:10]) <= MAX_LIMIT:
        raise BadRequestError(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def read_cursor(name: str, text: str) -> int | None:
    """A cursor, or an RFC 3339 time as the id that lies between before and after it."""
    cursor, ms = read_bound(name, text)
    if ms is None:
        return cursor
    return first_id_at(ms) if name == "before" else first_id_at(ms + 1) - 1


def _lacks_zone(text: str) -> bool:
    """Whether the text is a time without a zone, as a browser's date field sends it."""
    try:
        return read_time(text, ANYWHERE).tzinfo is ANYWHERE
    except (ValueError, OverflowError):
        return False


def read_bound(name: str, text: str, zone: ZoneInfo | None = None) -> tuple[int | None, int | None]:
    """A cursor or, second, the milliseconds of an RFC 3339 time; None for what it is not.

    A time without a zone is in the one given, else in UTC.

    `before` such a time lies what was received in an earlier millisecond, after it in a later one.
    """
    if not text.strip():
        return None, None
    if len(text) == LENGTH and (notification_id := decode_id(text)) is not None:
        return notification_id, None
    try:
        ms = read_time(text, zone or UTC).timestamp() * 1000
    except (ValueError, OverflowError):
        raise BadRequestError(
            f"{name} must be a time such as 2026-11-24T13:00:00Z, or an id"
        ) from None
    return None, math.floor(ms + 0.0005) if name == "after" else math.ceil(ms - 0.0005)


def older_url(feed_filter: Filter, last_id: str, limit: str) -> str:
    """The address of the page after this one.

    A span of time stays where it was on the first page, whatever the clock does meanwhile. A page
    begins at an id; that is no time, so one that the filter ends at is kept beside it.
    """
    params = {**feed_filter.params, "before": last_id} | ({"limit": limit} if limit else {})
    if "since" in params and feed_filter.received_after is not None:
        params["since"] = iso(feed_filter.received_after + 1)
    if feed_filter.received_before is not None:
        params["until"] = iso(feed_filter.received_before)
    return "/notifications?" + urlencode(params, doseq=True, errors="replace")


def live_url(feed_filter: Filter, cursor: int) -> str:
    """The address of the socket that goes on where a page of the feed ends.

    With `before` it tells what becomes of the rows on the page, and brings none that are newer.
    """
    return "/live?" + urlencode(
        {**feed_filter.params, "cursor": cursor}, doseq=True, errors="replace"
    )
