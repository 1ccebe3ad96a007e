"""What every request passes: it is noted, limited, broken on order, and authenticated."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from srhooks.sandbox.errors import ApiError, problem
from srhooks.sandbox.faults import enact
from srhooks.sandbox.keys import CALLER, SANDBOX, Caller
from srhooks.sandbox.state import Sandbox, SeenRequest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OWN_PREFIX = "/sandbox/"  # the sandbox's page and controls: not part of the service


def is_own(path: str) -> bool:
    """The sandbox's own routes: never noted, never broken, so that one can't lock oneself out."""
    return path in ("/", "/favicon.ico") or path.startswith(OWN_PREFIX)


def is_api(path: str) -> bool:
    """All that needs a bearer; `/identity` alone is open."""
    return not is_own(path) and not path.startswith("/identity/")


def identify(sandbox: Sandbox, request: web.Request) -> Caller | None:
    """The caller behind a bearer token or an API key."""
    people = sandbox.people
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        grant = sandbox.grants.find(token.strip())
        user = next((one for one in people if grant and one.id == grant.user_id), None)
        if grant is None or user is None:
            return None
        scopes = frozenset(grant.scope.split())
        return Caller(user=user, credential=f"oauth {user.id}", scopes=scopes)
    key = request.headers.get("X-SmartToken", "")
    owner = next((one for one in people if one.api_key == key), None)
    return Caller(user=owner, credential=f"key {owner.id}", scopes=None) if owner else None


def require(request: web.Request, scope: str) -> Caller:
    """The caller, who must have been granted `scope`."""
    caller = request[CALLER]
    if not caller.may(scope):
        raise ApiError(403, f"The token lacks the scope {scope}", "FORBIDDEN")
    return caller


@web.middleware
async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Remembers the request; outermost, so that the status is the one that went out."""
    if is_own(request.path):
        return await handler(request)
    status = 500
    try:
        response = await handler(request)
        status = response.status
        if request.transport is None or request.transport.is_closing():
            status = 0
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        present = "Authorization" in request.headers or "X-SmartToken" in request.headers
        request.app[SANDBOX].requests.append(
            SeenRequest(
                method=request.method,
                path=request.path,
                status=status,
                authorization_present=present,
                at=datetime.now(UTC),
            )
        )


@web.middleware
async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Rate limits of the API, with their headers on every answer; errors become JSON."""
    if not is_api(request.path):
        return await handler(request)
    sandbox = request.app[SANDBOX]
    caller = identify(sandbox, request)
    if caller is not None:
        request[CALLER] = caller
    credential = caller.credential if caller else f"nobody {request.remote}"
    slot = sandbox.limiter.enter(credential, request.method, request.path)
    try:
        if slot.allowed:
            if sandbox.settings.latency > 0:
                await asyncio.sleep(sandbox.settings.latency)
            response = await _in_json(request, handler)
        else:
            response = problem(429, "Too many requests", "TOO_MANY_REQUESTS")
    finally:
        sandbox.limiter.leave(slot)
    if not response.prepared:
        response.headers.update(slot.headers)
    return response


@web.middleware
async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The faults ordered for this path."""
    if is_own(request.path):
        return await handler(request)
    rule = request.app[SANDBOX].faults.take(request.method, request.path)
    answer = await enact(rule, request) if rule else None
    return answer if answer is not None else await handler(request)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No API without a living token or key."""
    if is_api(request.path) and CALLER not in request:
        raise ApiError(401, "The access token is missing, expired or revoked", "UNAUTHORIZED")
    return await handler(request)


async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return problem(error.status, error.message, error.code, error.errors)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = problem(error.status, error.reason, error.reason.upper().replace(" ", "_"))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


MIDDLEWARES = (note, limit, strike, admit)
