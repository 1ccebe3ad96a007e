"""Filters and functions of the templates. Values from outside are hostile here."""

from collections.abc import Mapping
from datetime import UTC
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from srhooks.domain import clock, ids
from srhooks.domain.clock import DAY, HOUR, MINUTE, SECOND
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification
from srhooks.web.presentation.reader_zone import current, local, zone_named
from srhooks.web.presentation.words import WORDS

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_cursor(value: object) -> bool:
    """Whether it names a place in the list, not a time."""
    return isinstance(value, str) and ids.decode_id(value) is not None


def field_time(value: object, zone: object = None) -> str:
    """A time as a date field takes it, in the reader's zone; nothing for a cursor.

    `zone` names the one that a time without any is in; else it is UTC.
    """
    if is_cursor(value):
        return ""
    try:
        moment = clock.read_time(str(value), zone_named(str(zone or "")) or UTC)
        moment = moment.astimezone(current.get() or UTC)
    except (ValueError, OverflowError):
        return ""
    part = "milliseconds" if moment.microsecond else "seconds" if moment.second else "minutes"
    return moment.replace(tzinfo=None).isoformat(timespec=part)


def size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def ago(ms: int | None, now: int | None = None) -> str:
    """How long ago, as time.js goes on with; of yesterday and before: day and time."""
    if ms is None:
        return "never"
    now = clock.now_ms() if now is None else now
    gone = now - ms
    if gone < -MINUTE:
        return day_and_time(ms, now)
    if gone < SECOND * 2:
        return WORDS["just_now"]
    if gone < MINUTE:
        return WORDS["seconds_ago"].format(count=gone // SECOND)
    if gone < HOUR:
        return WORDS["minutes_ago"].format(count=gone // MINUTE)
    if gone < DAY and local(ms).day == local(now).day:
        return WORDS["hours_ago"].format(count=gone // HOUR)
    return day_and_time(ms, now)


def iso(ms: int | None) -> str:
    return "" if ms is None else clock.iso(ms)


def id_at(ms: int) -> str:
    """The lowest id of what was received after this moment: ids are ordered as text."""
    return ids.encode_id(ids.first_id_at(ms + 1))


def date(ms: int) -> str:
    return _date(local(ms).isoformat()[:10])


def day_and_time(ms: int, now: int) -> str:
    """Without the year where it is this one."""
    moment = local(ms)
    year = "" if moment.year == local(now).year else f" {moment.year}"
    return f"{moment.day} {MONTHS[moment.month - 1]}{year}, {moment:%H:%M}"


@lru_cache(maxsize=256)
def _date(text: str) -> str:
    return f"{int(text[8:])} {MONTHS[int(text[5:7]) - 1]} {text[:4]}"


def exact(ms: int | None) -> str:
    """In the reader's zone where the request told it, else in UTC; time.js knows better."""
    if ms is None:
        return ""
    if current.get() is None:
        return _exact(clock.iso(ms))
    moment = local(ms)
    text = moment.isoformat(timespec="milliseconds")
    return f"{_date(text[:10])}, {text[11:23]} {moment.tzname()}"


def _exact(text: str) -> str:
    return f"{_date(text[:10])}, {text[11:23]} UTC"


class Moment(NamedTuple):
    """A time in the ways that a row of the feed tells it."""

    iso: str
    exact: str
    ago: str


def moment(ms: int, now: int) -> Moment:
    text = clock.iso(ms)
    return Moment(text, exact(ms), ago(ms, now))


def duration(seconds: float | None) -> str:
    """A span of time in one unit."""
    if seconds is None:
        return ""
    span = abs(seconds)
    if span < 1:
        return f"{round(span * 1000)} ms"
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if span < limit:
            return f"{round(span / unit)} {name}"
    return f"{round(span / 86_400)} days"


def query(params: Mapping[str, Any] | None, **changed: Any) -> str:
    """`?a=b` of these parameters with some changed; empty ones and the page are left out.

    `before` names a page when it is a cursor; when it is a time it is part of the filter.
    """
    if not params and not changed:
        return ""
    merged = {**(params or {}), **changed}
    for name in ("before", "limit", "cursor"):
        is_time = name == "before" and not is_cursor(merged.get(name))
        if name not in changed and not is_time:
            merged.pop(name, None)
    pairs = [
        (name, one)
        for name, value in merged.items()
        for one in (value if isinstance(value, list | tuple) else (value,))
        if one not in (None, "")
    ]
    encoded = urlencode(pairs, errors="replace")
    return f"?{encoded}" if encoded else ""


def quoted(value: object) -> str:
    """One piece of an address. Jinja's own urlencode fails on halves of surrogate pairs."""
    return quote(str(value), safe="", errors="replace")


def detail_url(n: Notification | str, feed_filter: Filter | None = None) -> str:
    """A notification's own page, within the list it was found in."""
    name = n if isinstance(n, str) else n.public_id
    suffix = query(feed_filter.params) if isinstance(feed_filter, Filter) else ""
    return f"/notifications/{name}{suffix}"
