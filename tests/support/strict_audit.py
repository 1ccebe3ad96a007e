"""The audit log of the strict double, from the vendor's "List audit events" alone.

The names are those of causes that the texts tell of; the shape of a record follows the names of the
parameters that filter by it, as nothing public shows one.
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.support.strict_refusals import check_parameters, limit_of, refuse_unless, time_of

PATH = "/audit-api/v201910/audit-events"
NAMES = frozenset({
    "CREDENTIALS_CREATED", "CREDENTIALS_CHANGED", "CREDENTIALS_REVOKED",
    "OAUTH_APPLICATION_ACCESS_GRANTED", "USER_ROLE_CHANGED", "USER_ACCOUNT_DEACTIVATED",
    "CANDIDATE_DELETED", "CANDIDATE_DELETED_DUE_TO_MERGE", "CANDIDATE_PROFILE_OPENED", "SEARCH",
})  # fmt: skip
FILTERS = ("eventName", "authorType", "authorId", "entityType", "entityId")
WEEK = 7 * 86_400  # seconds: as far back as it goes where no date is given


@dataclass
class StrictAudit:
    records: list[tuple[float, dict[str, str]]] = field(default_factory=list)  # oldest first

    def record(self, name: str, entity_type: str = "CREDENTIAL", *, age: float = 0.0) -> None:
        """`age` in seconds."""
        values = {
            "eventName": name, "authorType": "USER", "authorId": secrets.token_hex(6),
            "entityType": entity_type, "entityId": secrets.token_hex(6),
            "id": secrets.token_hex(12),
        }  # fmt: skip
        self.records.append((time.time() - age, values))

    def page(self, request: web.Request) -> dict[str, Any]:
        """Newest first."""
        query = request.query
        dates = ("eventDateAfter", "eventDateBefore")
        check_parameters(request, {*FILTERS, *dates, "nextPageId", "limit"})
        unknown = set(query.getall("eventName", [])) - NAMES
        refuse_unless(not unknown, f"eventName: {unknown}")
        after, before = (time_of(request, name) for name in dates)
        if after is None and before is None:
            after = time.time() - WEEK
        fitting = [
            (at, values)
            for at, values in sorted(self.records, key=lambda record: -record[0])
            if (after is None or at > after)
            and (before is None or at < before)
            and all(values[name] in query.getall(name) for name in FILTERS if name in query)
        ]
        ids = [values["id"] for _, values in fitting]
        last = query.get("nextPageId")
        refuse_unless(last is None or last in ids, "nextPageId")
        start, limit = ids.index(last) + 1 if last else 0, limit_of(request)
        content = fitting[start : start + limit]
        more = start + limit < len(fitting)
        return {
            "content": [_shown(at, values) for at, values in content],
            "limit": limit,
            "nextPageId": content[-1][1]["id"] if more else None,
            "totalFound": len(fitting),
        }


def _shown(at: float, values: dict[str, str]) -> dict[str, Any]:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return {
        "id": values["id"],
        "eventDate": moment.replace("+00:00", "Z"),
        "eventName": values["eventName"],
        "author": {"type": values["authorType"], "id": values["authorId"]},
        "entity": {"type": values["entityType"], "id": values["entityId"]},
        "context": {},
    }
