"""The reader's time zone: told by a cookie that a script sets, and by the form with the dates.

A name such as Europe/Berlin (IANA time zone database). Where nothing is told, times are in UTC.
"""

import re
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

COOKIE = "zone"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")
MAX_NAME = 64  # characters

current: ContextVar[ZoneInfo | None] = ContextVar("reader_zone", default=None)


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo | None:
    """None for UTC, and for what names no zone."""
    if len(name) > MAX_NAME or NAME.fullmatch(name) is None or name == "UTC":
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return None


def zone_name() -> str:
    zone = current.get()
    return "UTC" if zone is None else zone.key


def local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, current.get() or UTC)


def day_in(ms: int, zone: ZoneInfo | None) -> str:
    """The date, as `2026-11-24`."""
    return datetime.fromtimestamp(ms / 1000, zone or UTC).date().isoformat()
