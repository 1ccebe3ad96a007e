"""A notification as pages get it."""

from dataclasses import fields
from typing import Any

from srhooks.domain import ids
from srhooks.domain.models import Notification

NOW = 1_790_000_000_000


def notification(**changes: Any) -> Notification:
    values: dict[str, Any] = {
        **{field.name: None for field in fields(Notification)},
        "id": ids.first_id_at(NOW),
        "rev": 7,
        "user_id": "u1",
        "hook_id": "hook",
        "event_name": "application.status.updated",
        "signature": "valid",
        "sent_at": NOW - 1500,
        "deliveries": 1,
        "last_delivery_at": NOW,
        "received_at": NOW,
        "entity_status": "fetched",
        "headers_json": "{}",
        "body": b"{}",
        "title": "Grace Ito",
        **changes,
    }
    return Notification(**values)
