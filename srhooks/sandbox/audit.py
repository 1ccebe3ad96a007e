"""The route of the audit log.

Source: developers.smartrecruiters.com, "List audit events" v201910: its parameters, the last seven
days where no date is given, ten records a page unless `limit` says more. Newest first is assumed.
"""

import time

from aiohttp import web

from srhooks.sandbox.audit_log import AuditEvent, audit_json
from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.parameters import MAX_LIMIT, only_known, read_time, whole_number

FILTERS = ("eventName", "authorType", "authorId", "entityType", "entityId")
KNOWN = (*FILTERS, "eventDateAfter", "eventDateBefore", "nextPageId", "limit")
DEFAULT_RANGE = 7 * 86_400  # seconds


async def list_audit_events(request: web.Request) -> web.Response:
    """Newest first, filtered by name, author, entity and date; `nextPageId` leads on."""
    only_known(request, KNOWN)
    limit = whole_number(request, "limit", 10, 1, MAX_LIMIT)
    after, before = read_time(request, "eventDateAfter"), read_time(request, "eventDateBefore")
    if after is None and before is None:
        after = time.time() - DEFAULT_RANGE
    rows = [
        event
        for event in reversed(request.app[SANDBOX].audit.events)
        if _fits(request, event)
        and (after is None or event.at > after)
        and (before is None or event.at < before)
    ]
    rows.sort(key=lambda event: -event.at)
    start = 0
    page_id = request.query.get("nextPageId")
    if page_id:
        ids = [event.id for event in rows]
        if page_id not in ids:
            raise ApiError(400, "nextPageId is not known", "INVALID_PARAMETER")
        start = ids.index(page_id) + 1
    page = rows[start : start + limit]
    more = start + limit < len(rows)
    return web.json_response(
        {
            "content": [audit_json(event) for event in page],
            "limit": limit,
            "nextPageId": page[-1].id if more else None,
            "totalFound": len(rows),
        }
    )


def _fits(request: web.Request, event: AuditEvent) -> bool:
    """Each filter may be given several times: any of its values will do."""
    query = request.query
    return all(event.values[name] in query.getall(name) for name in FILTERS if name in query)


def add_audit_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/audit-api/v201910/audit-events", list_audit_events)
