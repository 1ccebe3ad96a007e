"""`/incidents`: open and past incidents. Readable with a dead grant."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from srhooks.domain.clock import iso
from srhooks.domain.ids import decode_id
from srhooks.domain.incidents import Incident
from srhooks.incidents.messages import incident_data
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, NotFoundError
from srhooks.web.http.query_params import read_bound, read_limit, read_until
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import INCIDENTS, STORE

YES, NO = ("1", "true"), ("", "0", "false")


async def incidents(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    open_only = _read_open(request.query)
    limit = read_limit(request.query)
    before, earlier = read_bound("before", request.query.get("before", ""))
    bounds = [ms for ms in (earlier, read_until(request.query)) if ms is not None]
    opened_before = min(bounds, default=None)
    store = request.app[STORE]
    listed = await store.incidents(
        login.user.id, before, limit + 1, open_only=open_only, opened_before=opened_before
    )
    following = None
    if len(listed) > limit:
        listed = listed[:limit]
        following = _older_url(request.query, listed[-1].public_id, opened_before)
    if wants_json(request):
        shown = {"incidents": [incident_json(one) for one in listed], "next": following}
        return json_response(shown)
    ctx = {"incidents": listed, "next": following, "open_only": open_only}
    return render(request, "incidents.html", ctx)


async def acknowledge(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    incident_id = decode_id(request.match_info["id"])
    incident = None
    if incident_id is not None:
        service = request.app[INCIDENTS]
        incident = await service.acknowledge(login.user.id, incident_id)
    if incident is None:
        raise NotFoundError("There is no such incident")
    if wants_json(request):
        return json_response(incident_json(incident))
    return see_other("/incidents")


def incident_json(incident: Incident) -> dict[str, Any]:
    """As alerts tell it to programs, and when a person acknowledged it."""
    shown = incident_data(incident)
    if incident.acknowledged_at is not None:
        shown["details"]["acknowledgedAt"] = iso(incident.acknowledged_at)
    return shown


def _read_open(query: MultiMapping[str]) -> bool:
    text = query.get("open", "").strip().lower()
    if text not in YES + NO:
        raise BadRequestError("open must be 1 or 0")
    return text in YES


def _older_url(query: MultiMapping[str], last_id: str, opened_before: int | None) -> str:
    kept = {name: query[name] for name in ("open", "limit") if query.get(name)}
    if opened_before is not None:
        kept["until"] = iso(opened_before)
    return "/incidents?" + urlencode({**kept, "before": last_id}, errors="replace")
