"""Verdicts on subscriptions, from records of the callbacks log."""

import pytest
from srhooks.domain.delivery_health import RISKY_SERIES, RISKY_TIME, Attempt, judge
from srhooks.protocol.retry_schedule import MINUTE, RETRY_MINUTES, next_try

NOW = 1_700_000_000_000


def attempts(*outcomes: tuple[str, bool, int]) -> list[Attempt]:
    """Notification, delivered, minutes ago; newest first."""
    return [Attempt(NOW - ago * MINUTE, delivered, name) for name, delivered, ago in outcomes]


@pytest.mark.parametrize(
    ("status", "log", "verdict", "failures"),
    [
        ("active", [], "unknown", 0),
        ("active", [("a", True, 1)], "healthy", 0),
        ("active", [("b", True, 1), ("a", False, 2)], "late", 0),
        ("active", [("a", True, 1), ("a", False, 2)], "healthy", 0),
        ("active", [("c", False, 1), ("b", False, 1), ("a", False, 2)], "failing", 3),
        ("active", [(str(n), False, 1) for n in range(RISKY_SERIES)], "at-risk", RISKY_SERIES),
        ("active", [("a", False, 1), ("a", False, RISKY_TIME // MINUTE)], "at-risk", 2),
        ("inactive", [("a", False, 1)], "inactive", 1),
        ("suspended", [], "inactive", 0),
    ],
)
def test_verdicts(
    status: str, log: list[tuple[str, bool, int]], verdict: str, failures: int
) -> None:
    health = judge(status, attempts(*log), None, NOW)
    assert (health.verdict, health.failures_in_a_row) == (verdict, failures)
    assert health.reason.endswith(".")


def test_nothing_is_claimed_that_was_not_read() -> None:
    health = judge("active", None, NOW, NOW, "Your login may not read it (403).")
    assert health.verdict == "unknown"
    assert health.failures_in_a_row is None
    assert "403" in health.reason


def test_the_place_in_the_schedule_and_the_next_try() -> None:
    log = attempts(("a", False, 1), ("a", False, 2), ("b", False, 3))
    health = judge("active", log, None, NOW)
    assert (health.tries, health.next_attempt_at) == (1, NOW - 2 * MINUTE)  # b is overdue
    health = judge("active", log[:2], None, NOW)
    assert (health.tries, health.next_attempt_at) == (2, NOW + 2 * MINUTE)
    assert judge("inactive", log, None, NOW).next_attempt_at is None


def test_the_schedule_ends() -> None:
    for tries, minutes in enumerate(RETRY_MINUTES, 1):
        assert next_try(tries, NOW, NOW) == NOW + minutes * MINUTE
    assert next_try(len(RETRY_MINUTES) + 1, NOW, NOW) is None
    assert next_try(0, NOW, NOW) is None
    assert next_try(1, NOW, NOW + 5 * MINUTE) is None  # it should have come, and did not
