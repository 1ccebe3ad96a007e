"""What time it is, and times as text: RFC 3339 in UTC, with milliseconds."""

import time
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Protocol

# It goes on while the machine sleeps, which CLOCK_MONOTONIC does not (clock_gettime(2)).
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Clock(Protocol):
    """The source of time for everything that orders or deletes by time; tests pass their own."""

    def now_ms(self) -> int:
        """The time of day in ms since 1970. It may leap forwards or back when the clock is set."""

    def elapsed_ms(self) -> int:
        """Milliseconds since some moment, monotonic: setting the clock changes nothing."""


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed_ms(self) -> int:
        if _ELAPSED is None:
            return time.monotonic_ns() // 1_000_000
        return time.clock_gettime_ns(_ELAPSED) // 1_000_000


SYSTEM_CLOCK = SystemClock()
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000  # ms
CLOCK_SKEW = MINUTE  # ms by which clocks of several machines may differ (Fernet's is the same)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def read_time(text: str, zone: tzinfo = UTC) -> datetime:
    """Parse an RFC 3339 time; one without an offset is read in `zone`.

    Raises ValueError or OverflowError.
    """
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
