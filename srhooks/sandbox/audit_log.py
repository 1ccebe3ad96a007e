"""The records of the audit log, in memory.

Source: developers.smartrecruiters.com, "List audit events" v201910. The shape of a record is
assumed, after the names of the parameters that filter by it.
"""

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from srhooks.sandbox.deliveries import stamp

KEPT_EVENTS = 2_000
AUTHOR = "5f0c6b1ae4b0a7d21c9e0001"  # the author of what is done on the sandbox's page: Ada


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One record. `values` are those that parameters of the same names filter by."""

    id: str
    at: float  # seconds
    values: dict[str, str]


@dataclass(kw_only=True)
class AuditLog:
    """The latest records, oldest first."""

    events: deque[AuditEvent] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def record(
        self, name: str, entity_type: str, entity_id: str, *, at: float | None = None
    ) -> None:
        """Add a record. `name` is one of the service's, `CREDENTIALS_REVOKED` for example."""
        values = {
            "eventName": name,
            "authorType": "USER",
            "authorId": AUTHOR,
            "entityType": entity_type,
            "entityId": entity_id,
        }
        moment = round(time.time() if at is None else at, 3)
        self.events.append(AuditEvent(id=secrets.token_hex(12), at=moment, values=values))


def audit_json(event: AuditEvent) -> dict[str, Any]:
    """A record as the API returns it."""
    values = event.values
    return {
        "id": event.id,
        "eventName": values["eventName"],
        "eventDate": stamp(event.at),
        "author": {"type": values["authorType"], "id": values["authorId"]},
        "entity": {"type": values["entityType"], "id": values["entityId"]},
        "context": {},
    }
