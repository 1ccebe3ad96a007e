"""The health of a subscription as JSON has it."""

from typing import Any

from srhooks.domain.clock import iso
from srhooks.domain.delivery_health import Health


def health_json(health: Health) -> dict[str, Any]:
    return {
        "verdict": health.verdict,
        "reason": health.reason,
        "lastReceivedAt": _time(health.last_received_at),
        "failuresInARow": health.failures_in_a_row,
        "nextAttemptAt": _time(health.next_attempt_at),
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
