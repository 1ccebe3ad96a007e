"""The JSON of the public interface."""

from collections.abc import Mapping
from typing import Any

from srhooks.domain.clock import iso
from srhooks.domain.latency import Latency
from srhooks.domain.models import Notification

KNOWN = ("fetched", "gone")  # what the service told of; the rest was never learned


def notification_json(n: Notification) -> dict[str, Any]:
    return {
        "id": n.public_id,
        "receivedAt": iso(n.received_at),
        "hookId": n.hook_id,
        "subscriptionId": n.subscription_id,
        "eventId": n.event_id,
        "eventName": n.event_name,
        "eventVersion": n.event_version,
        "link": n.link,
        "body": n.body_value,
        "headers": n.headers,
        "signature": n.signature,
        "deliveries": n.deliveries,
        "origin": origin_of(n),
        "entity": {
            "status": n.entity_status,
            "fetchedAt": iso(n.entity_at) if n.entity_at and n.entity_status in KNOWN else None,
            "data": n.entity_value,
            "error": n.entity_error,
        },
    }


def origin_of(n: Notification) -> str:
    """Whether the service's call arrived, or the notification is from the service's log."""
    return "backfilled" if n.is_backfilled else "received"


def overview_json(ctx: Mapping[str, Any]) -> dict[str, Any]:
    """What the page /overview shows."""
    chart = ctx["chart"]
    return {
        "window": ctx["window"],
        "total": chart.total,
        "byFamily": chart.totals,
        "bars": [
            {
                "start": iso(bar.start),
                "end": iso(bar.end),
                "total": bar.total,
                "byFamily": bar.by_family,
            }
            for bar in chart.bars
        ],
        "latency": {stage: latency_json(one) for stage, one in ctx["stages"].items()},
        "downTimes": [
            {
                "began": iso(one.began_at),
                "ended": iso(one.ended_at),
                "redelivered": one.redelivered,
                "missing": one.missing,
            }
            for one in ctx["down_times"]
        ],
        "attention": [{"text": one.text, "url": one.url} for one in ctx["attention"]],
        "subscriptions": [
            {
                "id": str(one["id"]),
                "status": str(one.get("status") or "unknown"),
                "lastReceived": iso(one["last_received"]) if one["last_received"] else None,
                "count24h": one["count_24h"],
            }
            for one in ctx["subscriptions"]
        ],
        "error": ctx["error"],
    }


def latency_json(one: Latency | None) -> dict[str, int] | None:
    """In milliseconds; negative where the sender's clock is ahead of ours."""
    if one is None:
        return None
    return {"count": one.count, "median": one.median, "p95": one.p95, "longest": one.worst}
