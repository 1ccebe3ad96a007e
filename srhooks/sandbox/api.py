"""The API's read side: who am I, and every entity at its path."""

from typing import Any

from aiohttp import web

from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.keys import CALLER, SANDBOX
from srhooks.sandbox.people import user_json
from srhooks.sandbox.world import shown

MAX_LIMIT = 100


async def get_me(request: web.Request) -> web.Response:
    """The person; with an API key or a client id there is none (which error that is: assumed)."""
    caller = request[CALLER]
    if caller.user is not None:
        return web.json_response(user_json(caller.user))
    if caller.scopes is None:
        raise ApiError(404, "No user is behind this API key", "USER_NOT_FOUND")
    raise ApiError(403, "No user is behind this client id", "FORBIDDEN")


async def get_company(request: web.Request) -> web.Response:
    """Whose account the credential opens (field names assumed)."""
    company = request[CALLER].company
    return web.json_response({"identifier": company.identifier, "name": company.name})


async def get_entity(request: web.Request) -> web.Response:
    """One entity. A deleted one answers 404 or 410, one that never was 404."""
    sandbox = request.app[SANDBOX]
    path = request.path
    entity = sandbox.world.by_path.get(path)
    if entity is None:
        status = sandbox.world.tombstones.get(path, 404)
        code = "RESOURCE_DELETED" if status == 410 else "RESOURCE_NOT_FOUND"
        raise ApiError(status, "The resource was not found", code)
    return web.json_response(shown(entity.data, sandbox.base_for(request)))


async def list_jobs(request: web.Request) -> web.Response:
    return _listed(request, "job", "")


async def list_candidates(request: web.Request) -> web.Response:
    return _listed(request, "candidate", "")


async def list_below(request: web.Request) -> web.Response:
    """What a job or a candidate has: positions, job ads, applications."""
    kinds = {"positions": "position", "jobads": "job.ad"}
    kind = kinds.get(request.path.rpartition("/")[2], "application")
    parent = request.path.rpartition("/")[0]
    sandbox = request.app[SANDBOX]
    if parent not in sandbox.world.by_path:
        status = sandbox.world.tombstones.get(parent, 404)
        raise ApiError(status, "The resource was not found", "RESOURCE_NOT_FOUND")
    return _listed(request, kind, f"{parent}/")


def whole_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A query parameter; raises ApiError when it is no number of that range."""
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
        raise ApiError(400, f"{name} must be between {low} and {high}", "INVALID_PARAMETER")
    return int(text)


def _listed(request: web.Request, kind: str, under: str) -> web.Response:
    """One page of a kind, newest first, optionally only below a path."""
    sandbox = request.app[SANDBOX]
    limit = whole_number(request, "limit", 10, 1, MAX_LIMIT)
    offset = whole_number(request, "offset", 0, 0, 1_000_000)
    found = [one for one in sandbox.world.listed.get(kind, []) if one.path.startswith(under)]
    page = found[::-1][offset : offset + limit]
    base_url = sandbox.base_for(request)
    content: list[Any] = [shown(one.data, base_url) for one in page]
    return web.json_response(
        {"content": content, "limit": limit, "offset": offset, "totalFound": len(found)}
    )


def add_api_routes(router: web.UrlDispatcher) -> None:
    """Entities answer at whatever path they were given below these roots."""
    router.add_get("/user-api/v201804/users/me", get_me)
    router.add_get("/configuration/company", get_company)
    router.add_get("/jobs", list_jobs)
    router.add_get("/candidates", list_candidates)
    router.add_get("/jobs/{id}/{kind:positions|jobads}", list_below)
    router.add_get("/candidates/{id}/jobs", list_below)
    for root in ("jobs", "candidates", "approvals-api", "interviews-api"):
        router.add_get(f"/{root}/{{rest:.+}}", get_entity)
