"""The middlewares: record each request, apply rate limits and fault rules, authenticate."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from srhooks.sandbox.credentials import ACME
from srhooks.sandbox.errors import ApiError, api_problem
from srhooks.sandbox.faults import enact
from srhooks.sandbox.keys import CALLER, SANDBOX, Caller
from srhooks.sandbox.people import ADMINISTRATOR
from srhooks.sandbox.scopes import role_allows, scopes_for
from srhooks.sandbox.state import Sandbox, SeenRequest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OWN_PREFIX = "/sandbox/"  # the sandbox's page and controls: not part of the service


def is_own(path: str) -> bool:
    """Whether a path is of the sandbox's own page and controls, which faults never apply to."""
    return path in ("/", "/favicon.ico") or path.startswith(OWN_PREFIX)


def is_api(path: str) -> bool:
    """Whether a path needs a bearer token or key: all but `/identity` and the sandbox's own."""
    return not is_own(path) and not path.startswith("/identity/")


def identify(sandbox: Sandbox, request: web.Request) -> Caller | None:
    """The caller by bearer token or API key; None when neither is valid."""
    if "X-SmartToken" in request.headers:
        key = sandbox.credentials.find_key(request.headers["X-SmartToken"])
        return (
            None
            if key is None
            else Caller(
                user=None,
                owner_id=key.owner_id,
                credential=f"key {key.id}",
                scopes=None,
                role=ADMINISTRATOR,
                company=key.company,
            )
        )
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    grant = sandbox.grants.find(token.strip()) if scheme.lower() == "bearer" else None
    if grant is None:
        return None
    scopes = frozenset(grant.scope.split())
    if grant.client is not None:
        return Caller(
            user=None,
            owner_id=grant.client.owner_id,
            credential=f"client {grant.client.id}",
            scopes=scopes,
            role=grant.client.role,
            company=grant.client.company,
        )
    user = next((person for person in sandbox.people if person.id == grant.user_id), None)
    return (
        None
        if user is None
        else Caller(
            user=user,
            owner_id=user.id,
            credential=f"oauth {user.id}",
            scopes=scopes,
            role=user.role,
            company=ACME,
        )
    )


@web.middleware
async def record_call(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Record the request. The outermost middleware, so that it sees the final status."""
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
    """Apply the API's rate limits, add their headers to every answer, turn errors into JSON."""
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
            refusal = ApiError(429, "Too many requests", "TOO_MANY_REQUESTS")
            response = api_problem(request.path, refusal)
    finally:
        sandbox.limiter.leave(slot)
    if not response.prepared:
        response.headers.update(slot.headers)
    return response


@web.middleware
async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Apply the fault rule that matches the request, if any."""
    if is_own(request.path):
        return await handler(request)
    rule = request.app[SANDBOX].faults.next_fault(request.method, request.path)
    answer = await enact(rule, request) if rule else None
    return answer if answer is not None else await handler(request)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 401 without one valid token or key, 403 where it may not make this call."""
    if not is_api(request.path):
        return await handler(request)
    if "X-SmartToken" in request.headers and "Authorization" in request.headers:
        message = "Send either X-SmartToken or Authorization, never both"
        raise ApiError(400, message, "AMBIGUOUS_CREDENTIALS")
    caller = request.get(CALLER)
    if caller is None:
        raise ApiError(401, "The credential is missing, expired or revoked", "UNAUTHORIZED")
    if not caller.has_any_scope(scopes_for(request.method, request.path)):
        message = "OAuthPermissionsException: the token lacks the scope that this call needs"
        raise ApiError(403, message, "OAuthPermissionsException")
    if not role_allows(caller.role, request.path):
        raise ApiError(403, "The system role does not allow this call", "FORBIDDEN")
    return await handler(request)


async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return api_problem(request.path, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = error.reason.upper().replace(" ", "_")
        answer = api_problem(request.path, ApiError(error.status, error.reason, code))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


MIDDLEWARES = (record_call, limit, strike, admit)
