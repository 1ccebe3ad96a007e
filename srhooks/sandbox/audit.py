"""The route of the audit log.

Source: developers.smartrecruiters.com, "Audit API" v201910.
"""

from aiohttp import web

from srhooks.sandbox.api import MAX_LIMIT, whole_number
from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.keys import SANDBOX

FILTERS = ("eventName", "entityType", "author")


async def list_audit_events(request: web.Request) -> web.Response:
    """Newest first, filtered by name, kind of entity and author; `nextPageId` leads on."""
    log = request.app[SANDBOX].audit
    limit = whole_number(request, "limit", 10, 1, MAX_LIMIT)
    filters = {name: request.query[name] for name in FILTERS if request.query.get(name)}
    rows = [
        event
        for event in reversed(log.events)
        if all(event[name] == value for name, value in filters.items())
    ]
    start = 0
    page_id = request.query.get("nextPageId")
    if page_id:
        ids = [event["id"] for event in rows]
        if page_id not in ids:
            raise ApiError(400, "nextPageId is not known", "INVALID_PARAMETER")
        start = ids.index(page_id) + 1
    page = rows[start : start + limit]
    more = start + limit < len(rows)
    return web.json_response(
        {
            "content": page,
            "limit": limit,
            "nextPageId": page[-1]["id"] if more else None,
            "totalFound": len(rows),
        }
    )


def add_audit_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/audit-api/v201910/audit-events", list_audit_events)
