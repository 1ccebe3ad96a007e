"""What time it is, and times as text: RFC 3339 in UTC, with milliseconds."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def read_time(text: str) -> datetime:
    """An RFC 3339 time; without a zone it is UTC. Raises ValueError or OverflowError."""
    moment = datetime.fromisoformat(
        text.strip().upper().replace(" ", "+")
    )  # a bare + of an address
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as in the JSON of the public interface."""
    second, rest = divmod(ms, 1000)
    return f"{_iso_second(second)}.{rest:03d}Z"


@lru_cache(maxsize=256)
def _iso_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]
