"""One subscription: its health, its keys, and a test."""

from typing import Any
from urllib.parse import quote

from aiohttp import web

from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.latency import Latency, latency
from srhooks.intake.hook_cache import KEY_LIFE, KnownKey
from srhooks.protocol.event_types import event_names
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import ConflictError
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, require_login
from srhooks.web.http.templating import render
from srhooks.web.pages.subscriptions import add_health
from srhooks.web.state.app_keys import (
    ACTIVATIONS,
    CALLBACK_ADDRESSES,
    FLASH,
    HOOKS,
    SETTINGS,
    STATUS_WATCH,
    STORE,
    SUBSCRIPTION_HEALTH,
    SUBSCRIPTION_TESTER,
    SUBSCRIPTIONS,
)

TIMES_SPAN = 7 * DAY
TIMED = 1000  # notifications whose times are looked at
MAX_EVENTS = 50  # that are told apart
LOG_TIMEOUT = 2.0  # seconds that the page waits for the callbacks log


async def show(request: web.Request) -> web.Response:
    login = await require_login(request)
    subscription = await request.app[SUBSCRIPTIONS].get(login.user.id, request.match_info["id"])
    if not wants_json(request):
        return await _page(request, login, subscription)
    await add_health(request.app, login.user.id, [subscription])
    return json_response(subscription)


async def rotate_key(request: web.Request) -> web.Response:
    """A new signing key, shown this once."""
    login = await require_login(request)
    subscriptions = request.app[SUBSCRIPTIONS]
    subscription_id = request.match_info["id"]
    key = await subscriptions.rotate_key(login.user.id, subscription_id)
    if wants_json(request):
        return json_response({"secretKey": key}, 201)
    return await _back(request, login, subscription_id, "key-title", secret=key)


async def try_it(request: web.Request) -> web.Response:
    """A signed test notification to the hook's own public address."""
    login = await require_login(request)
    app = request.app
    subscription = await app[SUBSCRIPTIONS].get(login.user.id, request.match_info["id"])
    event = next(iter(event_names(subscription)), "job.created")
    result = await app[SUBSCRIPTION_TESTER].run(login.user.id, str(subscription["id"]), event)
    if wants_json(request):
        return json_response({"status": result.status, "ms": result.ms, "error": result.error})
    return await _back(request, login, str(subscription["id"]), "test-title", tried=result)


async def try_address(request: web.Request) -> web.Response:
    """A handshake to its callback address, from here: to one on APP_URL, and to no other."""
    login = await require_login(request)
    app = request.app
    subscription = await app[SUBSCRIPTIONS].get(login.user.id, request.match_info["id"])
    hook_id = app[CALLBACK_ADDRESSES].own_hook_id(subscription)
    if hook_id is None:
        raise ConflictError(
            "Its callback address leads to another system, which is not called from here"
        )
    checked = await app[SUBSCRIPTIONS].try_address(app[SETTINGS].hook_url(hook_id))
    if wants_json(request):
        return json_response({"ok": checked.ok, "text": checked.text, "ms": checked.ms})
    return await _back(request, login, str(subscription["id"]), "address-title", checked=checked)


async def _back(
    request: web.Request, login: Login, subscription_id: str, place: str, **shown: Any
) -> web.Response:
    """To the place on the subscription's page that shows this once."""
    await request.app[FLASH].save(login.session_id, f"subscription {subscription_id}", **shown)
    return see_other(f"/subscriptions/{quote(subscription_id, safe='')}#{place}")


async def _page(request: web.Request, login: Login, subscription: dict[str, Any]) -> web.Response:
    app = request.app
    entry = await app[HOOKS].get(subscription["hookId"]) if subscription["hookId"] else None
    subscription_id = str(subscription["id"])
    drift = app[STATUS_WATCH].drifts(login.user.id).get(subscription_id)
    steps = await app[ACTIVATIONS].of(login.user.id, subscription_id)
    activity = await app[STORE].activity(login.user.id, first_id_at(now_ms() - DAY))
    last, count = activity.get(subscription_id, (None, 0))
    await app[SUBSCRIPTION_HEALTH].refresh(login.user.id, [subscription], LOG_TIMEOUT)
    times = await app[STORE].delivery_times(
        login.user.id, subscription_id, first_id_at(now_ms() - TIMES_SPAN), TIMED
    )
    own = await app[STORE].hooks(login.user.id)
    ctx = {
        "delivery_times": _by_event(times),
        "can_try": app[CALLBACK_ADDRESSES].own_hook_id(subscription) is not None,
        "checked": None,
        "s": subscription
        | {"address_kind": await app[CALLBACK_ADDRESSES].kind(login.user.id, subscription, own)}
        | {"last_received": last, "count_24h": count, "steps": steps, "drift": drift}
        | {"doing": app[SUBSCRIPTION_HEALTH].of(login.user.id, subscription, last)},
        "keys": [_key(one) for one in entry.keys if one.counts(now_ms())] if entry else [],
        "secret": None,
        "tried": None,
        **(await app[FLASH].pop(login.session_id, f"subscription {subscription_id}")),
    }
    return render(request, "subscription.html", ctx)


def _by_event(times: list[tuple[str, int]]) -> dict[str, Latency | None]:
    """How long deliveries took, those that are most first."""
    spans: dict[str, list[int]] = {}
    for event, ms in times:
        spans.setdefault(event, []).append(ms)
    ordered = sorted(spans.items(), key=lambda item: -len(item[1]))[:MAX_EVENTS]
    return {event: latency(taken) for event, taken in ordered}


def _key(one: KnownKey) -> dict[str, int | None]:
    """When it was made, and until when it counts. Never the key."""
    until = None if one.retired_at is None else one.retired_at + KEY_LIFE
    return {"created_at": one.created_at, "until": until}
