"""The JSON of the public interface."""

from typing import Any

from srhooks.ids import iso
from srhooks.models import Notification

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
        "entity": {
            "status": n.entity_status,
            "fetchedAt": iso(n.entity_at) if n.entity_at and n.entity_status in KNOWN else None,
            "data": n.entity_value,
            "error": n.entity_error,
        },
    }
