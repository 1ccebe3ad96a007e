"""Whether the service is down for one account, judged by its last fetches.

A single link that fails says nothing about the service: it waits for itself. Only failures that an
outage explains (no connection, time-outs, 429, 5xx) on different links, one after the other with
no other answer in between, pause the account. Then one link at a time is tried.
"""

from dataclasses import dataclass, field

from srhooks.domain.backoff import backoff
from srhooks.smartrecruiters.errors import (
    ServiceAnsweredError,
    ServiceError,
    ServiceUnreachableError,
)

LINKS_BEFORE_PAUSE = 8  # different ones that failed in a row
PAUSE_MAX = 60.0  # seconds
FIRST_TIMEOUT = 0.6  # seconds until a fetch counts as slow, while nothing better is known
TIMEOUT_FACTOR = 3  # times the usual duration


def explains_outage(error: ServiceError) -> bool:
    if isinstance(error, ServiceAnsweredError):
        return error.status == 429 or error.status >= 500
    return isinstance(error, ServiceUnreachableError)


@dataclass(slots=True)
class ServiceHealth:
    """State of the pause. It outlives the account's worker, which ends while nothing is due."""

    failed_links: set[str] = field(default_factory=set)  # since the last answer
    probes: int = 0  # that failed since the account was paused
    usual: float = 0.0  # seconds that an answer takes, a moving average

    @property
    def paused(self) -> bool:
        return len(self.failed_links) >= LINKS_BEFORE_PAUSE

    @property
    def patience(self) -> float:
        """Seconds after which a fetch gives way to others; longer where all answers are slow."""
        return max(FIRST_TIMEOUT, TIMEOUT_FACTOR * self.usual)

    def record_failure(self, link: str, *, probe: bool) -> None:
        """`probe`: it began while the account was paused. What began before is no news then."""
        if not self.paused:
            self.failed_links.add(link)
        elif probe:
            self.probes += 1

    def record_answer(self, seconds: float) -> None:
        self.failed_links.clear()
        self.probes = 0
        self.usual = seconds if not self.usual else 0.8 * self.usual + 0.2 * seconds

    def pause(self) -> float:
        """Seconds of pause until one link is tried."""
        return backoff(1.0, PAUSE_MAX, self.probes)
