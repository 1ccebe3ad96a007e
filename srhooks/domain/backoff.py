"""How long to wait after a failure: doubled each time, up to a limit, with jitter."""

import random

ENOUGH = 32  # doublings: the limit is reached long before, and 2.0**1024 overflows


def backoff(first: float, limit: float, failures: int) -> float:
    """Seconds until the next attempt; `failures` counts those before this one."""
    seconds = min(limit, first * 2.0 ** min(failures, ENOUGH))
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
