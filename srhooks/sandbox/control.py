"""The control routes, by which tests and people operate the sandbox over HTTP.

Only for callers on this machine unless a setting allows others, and never for another site's
page: a browser lets any page post to a loopback address.
"""

import asyncio
import ipaddress
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from srhooks.sandbox.changes import UnknownEventError
from srhooks.sandbox.deliveries import delivery_json
from srhooks.sandbox.errors import ApiError, problem
from srhooks.sandbox.faults import FaultError, fault_json
from srhooks.sandbox.guard import Handler
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.troubles import MAX_SECONDS
from srhooks.sandbox.world import UnknownEntityError

MAX_COUNT = 1_000
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def may_control(request: web.Request) -> bool:
    """Whether the caller is on this machine; for a proxied request that is unknown, so no."""
    if request.app[SANDBOX].settings.control_from_anywhere:
        return True
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def controlled(handler: Handler) -> Handler:
    """Wrap a handler: refuse callers who may not control the sandbox, answer errors as JSON."""

    async def checked(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.host
        if foreign or not may_control(request):
            return problem(403, "The sandbox is controlled from its own machine", "FORBIDDEN")
        try:
            return await handler(request)
        except ApiError as error:
            status, message, code = error.status, error.message, error.code
        except (UnknownEventError, UnknownEntityError, FaultError) as error:
            status, message, code = 400, str(error), "INVALID_PARAMETER"
        if _is_form(request) and "application/json" not in request.headers.get("Accept", ""):
            return _to_page(wrong=message)
        return problem(status, message, code)

    return checked


async def fire(request: web.Request) -> web.Response:
    """Fire an event. Parameters: `event`; optional: `subscription`, `user`, `entity`, `count`."""
    sandbox = request.app[SANDBOX]
    asked = await given_parameters(request)
    name = given_text(asked, "event") or ""
    count = int(_number(asked, "count", 1.0, 1.0, MAX_COUNT))
    wanted = given_text(asked, "subscription")
    if wanted is not None and wanted not in sandbox.subscriptions.by_id:
        raise ApiError(404, "Subscription not found", "SUBSCRIPTION_NOT_FOUND")
    shots = [
        sandbox.fire(
            name,
            owner_id=given_text(asked, "user"),
            subscription_id=wanted,
            entity=given_text(asked, "entity"),
        )
        for _ in range(count)
    ]
    deliveries = [one for fired in await asyncio.gather(*shots) for one in fired]
    good = len([one for one in deliveries if one.state == "delivered"])
    said = f"{name}: {len(deliveries)} sent, {good} delivered"
    if not deliveries:
        said = f"{name} happened, but no active subscription is told of it"
    answer = {"deliveries": [delivery_json(one) for one in deliveries]}
    return done(request, said, answer, event=name)


async def expire_tokens(request: web.Request) -> web.Response:
    ended = request.app[SANDBOX].expire_access_tokens()
    return done(request, f"Access tokens expired: {ended}", {"expired": ended})


async def revoke_tokens(request: web.Request) -> web.Response:
    ended = request.app[SANDBOX].revoke_grants()
    return done(request, f"Grants revoked: {ended}", {"revoked": ended})


async def traffic(request: web.Request) -> web.Response:
    """Start random events, `rate` a second on average; 0 stops them."""
    sandbox = request.app[SANDBOX]
    rate = _number(await given_parameters(request), "rate", 0.0, 0.0, 10_000.0)
    if rate > 0:
        sandbox.start_traffic(rate)
    else:
        await sandbox.stop_traffic()
    return done(request, f"Traffic: {rate:g} a second", {"rate": rate})


async def order_trouble(request: web.Request) -> web.Response:
    """Make the next `count` deliveries fail. `kind`: lose, refuse or delay (by `seconds`)."""
    sandbox = request.app[SANDBOX]
    given = await given_parameters(request)
    kind = given_text(given, "kind") or ""
    count = int(_number(given, "count", 1.0, 0.0, MAX_COUNT))
    seconds = _number(given, "seconds", 10.0, 0.0, MAX_SECONDS)
    sandbox.troubles.order(kind, count, seconds)
    words = {"lose": "lost", "refuse": "refused", "delay": f"delayed by {seconds:g} s"}
    said = f"The next {count} deliveries are {words[kind]}"
    return done(request, said, sandbox.troubles.as_json())


async def fall_silent(request: web.Request) -> web.Response:
    """`silent`: send nothing when events happen, until it is `false`."""
    sandbox = request.app[SANDBOX]
    given = await given_parameters(request)
    sandbox.troubles.silent = given.get("silent", True) in (True, "true", "on", "1")
    said = "Silent: nothing is sent" if sandbox.troubles.silent else "Deliveries go on"
    return done(request, said, sandbox.troubles.as_json())


async def fail(request: web.Request) -> web.Response:
    """Every call of the service answers 503 for `seconds` (60)."""
    seconds = _number(await given_parameters(request), "seconds", 60.0, 0.1, 3600.0)
    request.app[SANDBOX].fail_for(seconds)
    return done(request, f"The service fails for {seconds:g} s", {"seconds": seconds})


async def suspend(request: web.Request) -> web.Response:
    """Suspend a subscription, as the service does after a series of failures."""
    subscription_id = request.match_info["id"]
    request.app[SANDBOX].suspend(subscription_id)
    return done(request, "Subscription suspended", {"suspended": subscription_id})


async def add_fault(request: web.Request) -> web.Response:
    """Add a fault rule: `path`, `method`, `times`, `status`, `body`, `headers`, `delay`, `drop`."""
    asked = await given_parameters(request)
    status = _number(asked, "status", 0.0, 200.0, 599.0)
    times = _number(asked, "times", 0.0, 1.0, 1e6)
    headers = asked.get("headers") or {}
    if not isinstance(headers, dict):
        raise FaultError("headers must be an object")
    rule = request.app[SANDBOX].add_fault(
        given_text(asked, "path") or "",
        method=given_text(asked, "method"),
        times=int(times) or None,
        status=int(status) or None,
        body=asked.get("body") or None,
        headers={str(name): str(value) for name, value in headers.items()},
        delay=_number(asked, "delay", 0.0, 0.0, 600.0),
        drop=asked.get("drop") in (True, "true", "on", "1"),
    )
    return done(request, "Fault added", fault_json(rule), status=201)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response([fault_json(rule) for rule in request.app[SANDBOX].faults.rules])


async def clear_faults(request: web.Request) -> web.Response:
    request.app[SANDBOX].clear_faults()
    return done(request, "Faults cleared", {"faults": []})


async def list_requests(request: web.Request) -> web.Response:
    """The received requests, oldest first; whether one had a token, never the token itself."""
    seen = [
        {
            "method": one.method,
            "path": one.path,
            "status": one.status,
            "authorizationPresent": one.authorization_present,
            "at": one.at.isoformat(timespec="milliseconds"),
        }
        for one in request.app[SANDBOX].requests
    ]
    return web.json_response(seen)


async def list_deliveries(request: web.Request) -> web.Response:
    """The latest deliveries, oldest first."""
    return web.json_response([delivery_json(one) for one in request.app[SANDBOX].deliveries])


def _is_form(request: web.Request) -> bool:
    return request.content_type in FORM_TYPES


async def given_parameters(request: web.Request) -> dict[str, Any]:
    """The parameters, of a form or of a JSON object."""
    if _is_form(request):
        form = await request.post()
        return {name: _joined(form.getall(name)) for name in form}
    text = await request.read()
    try:
        asked = json.loads(text or b"{}")
    except ValueError:
        raise ApiError(400, "The body is not valid JSON", "INVALID_JSON") from None
    if not isinstance(asked, dict):
        raise ApiError(400, "The body must be a JSON object", "INVALID_BODY")
    return asked


def given_text(asked: dict[str, Any], name: str) -> str | None:
    """A parameter; an empty field of a form counts as absent."""
    value = asked.get(name)
    return value if isinstance(value, str) and value else None


def _joined(values: list[Any]) -> Any:
    """The value of a form field; of a repeated one, as checkboxes are, all values."""
    return values[0] if len(values) == 1 else values


def _number(asked: dict[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = asked.get(name)
    if value in (None, ""):
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        message = f"{name} must be between {low:g} and {high:g}"
        raise ApiError(400, message, "INVALID_PARAMETER")
    return number


def done(
    request: web.Request, said: str, answer: dict[str, Any], *, status: int = 200, **stay: str
) -> web.Response:
    """Answer a program with JSON; redirect a form to the page, with the message and its choices."""
    if _is_form(request) and "application/json" not in request.headers.get("Accept", ""):
        return _to_page(said=said, **stay)
    return web.json_response(answer, status=status)


def _to_page(**shown: str) -> web.Response:
    return web.Response(status=303, headers={"Location": "/?" + urlencode(shown)})


def add_control_routes(router: web.UrlDispatcher) -> None:
    router.add_post("/sandbox/fire", controlled(fire))
    router.add_post("/sandbox/tokens/expire", controlled(expire_tokens))
    router.add_post("/sandbox/tokens/revoke", controlled(revoke_tokens))
    router.add_post("/sandbox/traffic", controlled(traffic))
    router.add_post("/sandbox/troubles", controlled(order_trouble))
    router.add_post("/sandbox/silence", controlled(fall_silent))
    router.add_post("/sandbox/outage", controlled(fail))
    router.add_post("/sandbox/subscriptions/{id}/suspend", controlled(suspend))
    router.add_get("/sandbox/faults", controlled(list_faults))
    router.add_post("/sandbox/faults", controlled(add_fault))
    router.add_delete("/sandbox/faults", controlled(clear_faults))
    router.add_post("/sandbox/faults/clear", controlled(clear_faults))  # forms can't DELETE
    router.add_get("/sandbox/requests", controlled(list_requests))
    router.add_get("/sandbox/deliveries", controlled(list_deliveries))
