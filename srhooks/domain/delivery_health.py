"""The health of a subscription, judged by its callbacks log. Pure data and rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from srhooks.domain.clock import HOUR
from srhooks.protocol.retry_schedule import RETRY_MINUTES, next_try

Verdict = Literal["healthy", "late", "failing", "at-risk", "inactive", "unknown"]

# The text on automatic suspension is in no public copy: a long series is a growing risk.
RISKY_SERIES = 10  # failures in a row: as many as one notification is tried again
RISKY_TIME = 6 * HOUR  # ms of nothing but failures
MAX_STATUS = 40  # characters


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the service to the callback address."""

    at: int | None  # ms
    delivered: bool
    notification: str  # key that the attempts of one notification share


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    verdict: Verdict
    reason: str  # a sentence; names what was looked at
    last_received_at: int | None = None  # ms
    failures_in_a_row: int | None = None  # None: the log was not read
    failing_since: int | None = None  # ms
    tries: int = 0  # so far of the notification that is tried next: its place in the retry schedule
    next_attempt_at: int | None = None  # ms

    @property
    def most_tries(self) -> int:
        return len(RETRY_MINUTES) + 1


def judge(
    status: str, attempts: Sequence[Attempt] | None, last_received_at: int | None, now: int,
    unread: str = "",
) -> Health:  # fmt: skip
    """`attempts`: the newest records of its log, newest first; None, and why (`unread`)."""
    failures, since = _series(attempts or ())
    tries, due = _next(attempts or (), now)
    verdict, reason = _verdict(
        status, attempts, failures, since, due, last_received_at, now, unread
    )
    return Health(
        verdict=verdict,
        reason=reason,
        last_received_at=last_received_at,
        failures_in_a_row=None if attempts is None else failures,
        failing_since=since,
        tries=tries,
        next_attempt_at=None if status != "active" else due,
    )


def _verdict(
    status: str, attempts: Sequence[Attempt] | None, failures: int, since: int | None,
    due: int | None, last_received_at: int | None, now: int, unread: str,
) -> tuple[Verdict, str]:  # fmt: skip
    last = f"The last {failures} deliveries failed" if failures > 1 else "The last delivery failed"
    if status != "active":
        word = status[:MAX_STATUS] or "not active"
        after = f" {last}." if failures else ""
        return "inactive", f"It is {word}: SmartRecruiters sends nothing.{after}"
    if attempts is None:
        return "unknown", unread or "Its callbacks log has not been read yet."
    if not attempts:
        if last_received_at is None:
            return "unknown", "SmartRecruiters has not sent anything yet."
        return "healthy", "Its callbacks log is empty, but notifications have arrived."
    if failures >= RISKY_SERIES or (failures and now - (since or now) >= RISKY_TIME):
        return "at-risk", f"{last}: SmartRecruiters may suspend this subscription."
    if failures:
        return "failing", f"{last}. SmartRecruiters tries again."
    if due is not None:
        return "late", "The last delivery succeeded; an earlier one waits for another try."
    return (
        "healthy",
        f"The last delivery succeeded; the newest {len(attempts)} in the log were read.",
    )


def _series(attempts: Sequence[Attempt]) -> tuple[int, int | None]:
    """The number of newest attempts that failed in a row, and the time of the first of them."""
    count, since = 0, None
    for attempt in attempts:
        if attempt.delivered:
            break
        count += 1
        since = attempt.at if attempt.at is not None else since
    return count, since


def _next(attempts: Sequence[Attempt], now: int) -> tuple[int, int | None]:
    """Attempts so far, and time of the next, of the undelivered notification that is due first."""
    delivered = {attempt.notification for attempt in attempts if attempt.delivered}
    failed: dict[str, list[int]] = {}
    for attempt in attempts:
        if attempt.at is not None and attempt.notification not in delivered:
            failed.setdefault(attempt.notification, []).append(attempt.at)
    waiting = [
        (due, len(times))
        for times in failed.values()
        if (due := next_try(len(times), max(times), now)) is not None
    ]
    if not waiting:
        return 0, None
    due, tries = min(waiting)
    return tries, due
