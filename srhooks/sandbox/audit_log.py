"""The records of the audit log, in memory.

Source: developers.smartrecruiters.com, "Audit API" v201910; the shape of a record is assumed.
"""

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from srhooks.sandbox.deliveries import stamp

KEPT_EVENTS = 2_000
AUTHOR = "ada.novak@acme.example"  # the author of what is done on the sandbox's page


@dataclass(kw_only=True)
class AuditLog:
    """The latest records, oldest first."""

    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def record(self, name: str, entity_type: str, entity_id: str, author: str = AUTHOR) -> None:
        """Add a record. `name` is one of the service's, `CREDENTIALS_REVOKED` for example."""
        event = {
            "id": secrets.token_hex(12),
            "eventName": name,
            "entityType": entity_type,
            "entityId": entity_id,
            "author": author,
            "createdOn": stamp(time.time()),
        }
        self.events.append(event)
