"""The API's GET routes: the person, the company, and every entity at its path."""

from typing import Any

from aiohttp import web

from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.keys import CALLER, SANDBOX
from srhooks.sandbox.parameters import MAX_LIMIT, whole_number
from srhooks.sandbox.people import user_json
from srhooks.sandbox.world import Entity, action, shown

ENTITY_ROOTS = (
    "jobs",
    "candidates",
    "approvals-api",
    "interviews-api",
    "reviews-api",
    "onboarding-api",
)


async def get_me(request: web.Request) -> web.Response:
    """The person; with an API key or a client id there is none (which error that is: assumed)."""
    caller = request[CALLER]
    if caller.user is not None:
        return web.json_response(user_json(caller.user))
    if caller.scopes is None:
        raise ApiError(404, "No user is behind this API key", "USER_NOT_FOUND")
    raise ApiError(403, "No user is behind this client id", "FORBIDDEN")


async def get_company(request: web.Request) -> web.Response:
    """The company of the credential (field names assumed)."""
    company = request[CALLER].company
    return web.json_response({"identifier": company.identifier, "name": company.name})


async def get_entity(request: web.Request) -> web.Response:
    """One entity. A deleted one answers 404 or 410, an unknown one 404."""
    sandbox = request.app[SANDBOX]
    path = request.path
    entity = sandbox.world.by_path.get(path)
    if entity is None:
        status = sandbox.world.tombstones.get(path, 404)
        code = "RESOURCE_DELETED" if status == 410 else "RESOURCE_NOT_FOUND"
        raise ApiError(status, "The resource was not found", code)
    return web.json_response(shown(entity.data, sandbox.base_for(request)))


async def get_user(request: web.Request) -> web.Response:
    user_id = request.match_info["id"]
    user = next((person for person in request.app[SANDBOX].people if person.id == user_id), None)
    if user is None:
        raise ApiError(404, "The user was not found", "USER_NOT_FOUND")
    return web.json_response(user_json(user))


async def list_jobs(request: web.Request) -> web.Response:
    jobs = request.app[SANDBOX].world.listed.get("job", [])
    return _paged(request, [_job_summary(job) for job in reversed(jobs)])


async def list_candidates(request: web.Request) -> web.Response:
    candidates = request.app[SANDBOX].world.listed.get("candidate", [])
    return _paged(request, [_candidate_summary(item) for item in reversed(candidates)])


async def list_below(request: web.Request) -> web.Response:
    """The positions or ads of a job, or the applications of a candidate."""
    parent, _, name = request.path.rpartition("/")
    sandbox = request.app[SANDBOX]
    if parent not in sandbox.world.by_path:
        status = sandbox.world.tombstones.get(parent, 404)
        raise ApiError(status, "The resource was not found", "RESOURCE_NOT_FOUND")
    kind = {"positions": "position", "jobads": "job.ad"}.get(name, "application")
    entities = sandbox.world.listed.get(kind, [])
    rows = [entity for entity in reversed(entities) if entity.path.startswith(f"{parent}/")]
    content = [_application_summary(row) if kind == "application" else row.data for row in rows]
    answer = {"totalFound": len(content), "content": content}
    return web.json_response(shown(answer, sandbox.base_for(request)))


def _paged(request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
    """One page of a list, by the parameters limit and offset."""
    limit = whole_number(request, "limit", 10, 1, MAX_LIMIT)
    offset = whole_number(request, "offset", 0, 0, 1_000_000)
    content = shown(rows[offset : offset + limit], request.app[SANDBOX].base_for(request))
    return web.json_response(
        {"content": content, "limit": limit, "offset": offset, "totalFound": len(rows)}
    )


def _job_summary(job: Entity) -> dict[str, Any]:
    fields = (
        "id title refNumber createdOn updatedOn lastActivityOn department location status"
        " postingStatus actions"
    )
    return {name: job.data[name] for name in fields.split()} | {"language": {"code": "en"}}


def _candidate_summary(candidate: Entity) -> dict[str, Any]:
    fields = (
        "id internal firstName lastName email createdOn updatedOn location averageRating tags"
        " primaryAssignment secondaryAssignments"
    )
    actions = candidate.data["actions"] | {"details": action(candidate.path)}
    return {name: candidate.data[name] for name in fields.split()} | {"actions": actions}


def _application_summary(application: Entity) -> dict[str, Any]:
    """A job that the candidate applied to."""
    return {
        "id": application.parents["job"].id,
        "actions": {"details": action(application.path)},
    }


def add_api_routes(router: web.UrlDispatcher) -> None:
    """Entities answer at the path they were made with, below these roots."""
    router.add_get("/user-api/v201804/users/me", get_me)
    router.add_get("/configuration/company", get_company)
    router.add_get("/jobs", list_jobs)
    router.add_get("/candidates", list_candidates)
    router.add_get("/jobs/{id}/{kind:positions|jobads}", list_below)
    router.add_get("/candidates/{id}/jobs", list_below)
    router.add_get("/user-api/v201804/users/{id}", get_user)
    for root in ENTITY_ROOTS:
        router.add_get(f"/{root}/{{rest:.+}}", get_entity)
