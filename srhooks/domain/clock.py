"""What time it is, and times as text: RFC 3339 in UTC, with milliseconds."""

import time
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Protocol

# It goes on while the machine sleeps, which CLOCK_MONOTONIC does not (clock_gettime(2)).
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Clock(Protocol):
    """What deletes by time, or orders by it, gets its time from one of these."""

    def now_ms(self) -> int:
        """The time of day in ms since 1970: it may leap, forwards and back."""

    def elapsed_ms(self) -> int:
        """Ms since some moment: they pass evenly, whatever the time of day does."""


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed_ms(self) -> int:
        if _ELAPSED is None:
            return time.monotonic_ns() // 1_000_000
        return time.clock_gettime_ns(_ELAPSED) // 1_000_000


SYSTEM_CLOCK = SystemClock()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def read_time(text: str, zone: tzinfo = UTC) -> datetime:
    """An RFC 3339 time; without a zone it is in this one. Raises ValueError or OverflowError."""
    moment = datetime.fromisoformat(
        text.strip().upper().replace(" ", "+")
    )  # a bare + of an address
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as in the JSON of the public interface."""
    second, rest = divmod(ms, 1000)
    return f"{_iso_second(second)}.{rest:03d}Z"


@lru_cache(maxsize=256)
def _iso_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]
