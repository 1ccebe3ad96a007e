"""How long to wait after a failure: doubled each time, up to a limit, with jitter."""

import random

ENOUGH = 32  # doublings; more of them would only overflow


def backoff(first: float, limit: float, failures: int) -> float:
    """Seconds until the next attempt; `failures` counts those before this one."""
    seconds = min(limit, first * 2.0 ** min(failures, ENOUGH))
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
