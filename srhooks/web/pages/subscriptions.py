"""The subscriptions: list, create, activate, delete; as page, fragment and JSON."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aiohttp import web

from srhooks.accounts.rights import readable_events
from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.protocol.event_types import FAMILIES, event_names
from srhooks.protocol.scopes import needed_scope
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceError
from srhooks.subscriptions.new_subscription import (
    InvalidSubscriptionError,
    NewSubscription,
    checked_name,
    checked_subscription,
)
from srhooks.subscriptions.service import MAX_SUBSCRIPTIONS
from srhooks.web.http.content_negotiation import wants_fragment, wants_json
from srhooks.web.http.errors import BadRequestError, Problem, of_service
from srhooks.web.http.forms import Form, read_form, read_json, text_of
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, require_login
from srhooks.web.http.templating import render
from srhooks.web.presentation.health_json import health_json
from srhooks.web.presentation.template_filters import query
from srhooks.web.presentation.words import WORDS
from srhooks.web.state.app_keys import (
    ACTIVATIONS,
    CALLBACK_ADDRESSES,
    FLASH,
    SHARED_LIST,
    STATUS_WATCH,
    STORE,
    SUBSCRIPTION_HEALTH,
    SUBSCRIPTIONS,
)

HEALTH_TIMEOUT = 4.0  # seconds that a program waits for the logs of all subscriptions
GLANCE_TIMEOUT = 0.5  # seconds that a page waits for them; what is read later shows with the next
FRAME_TIMEOUT = 0.7  # seconds for the list; then the page goes out without it, and asks for it
PAGE = "subscriptions"  # of what is shown once
EMPTY_FORM: Mapping[str, Any] = {
    "events": [],
    "name": "",
    "alertingEmailAddress": "",
    "auth_type": "none",
    "auth_username": "",
    "auth_header_name": "",
    "auth_client_id": "",
    "auth_token_url": "",
    "active": True,
}
# The parts of each kind, with the form's field for each.
AUTH_FIELDS: Mapping[str, Mapping[str, str]] = {
    "basic": {"username": "auth_username", "password": "auth_password"},
    "header": {"headerName": "auth_header_name", "headerValue": "auth_header_value"},
    "oauth2": {
        "clientId": "auth_client_id",
        "clientSecret": "auth_client_secret",
        "tokenServiceUrl": "auth_token_url",
    },
}


async def show(request: web.Request) -> web.Response:
    login = await require_login(request)
    if wants_json(request):
        listed = await request.app[SUBSCRIPTIONS].all(login.user.id)
        await add_health(request.app, login.user.id, listed)
        return json_response({"subscriptions": listed})
    if wants_fragment(request):
        return await _page(request, login, "_subscriptions.html")
    shown = await request.app[FLASH].pop(login.session_id, PAGE)
    patience = None if request.query.get("wait") else FRAME_TIMEOUT
    return await _page(request, login, "subscriptions.html", patience=patience, **shown)


async def create(request: web.Request) -> web.Response:
    login = await require_login(request)
    subscriptions = request.app[SUBSCRIPTIONS]
    if request.content_type == "application/json":
        created = await subscriptions.create(login.user.id, _from_json(await _json_body(request)))
        return _created(created)
    form = await read_form(request)
    try:
        wanted = _from_form(form)
        created = await subscriptions.create(login.user.id, wanted)
    except GrantDeadError:
        raise
    except (BadRequestError, ServiceError) as error:
        if wants_json(request) or wants_fragment(request):
            raise
        return await _refused(request, login, form, error)
    if wants_json(request):
        return _created(created)
    warning = None
    if created.get("activationError"):
        warning = f"It was created but is not active yet. {created['activationError']}"
    request.app[STATUS_WATCH].remember(login.user.id, created)
    said = WORDS["created"]
    return await _done(request, login, said, warning, card=str(created["id"]))


async def activate(request: web.Request) -> web.Response:
    login = await require_login(request)
    app, subscription_id = request.app, request.match_info["id"]
    await app[SUBSCRIPTIONS].activate(login.user.id, subscription_id)
    for subscription in app[STATUS_WATCH].known(login.user.id) or ():
        if str(subscription["id"]) == subscription_id:
            app[STATUS_WATCH].remember(login.user.id, {**subscription, "status": "active"})
    return await _done(request, login, WORDS["activated"], card=subscription_id)


async def delete(request: web.Request) -> web.Response:
    login = await require_login(request)
    app, subscription_id = request.app, request.match_info["id"]
    await app[SUBSCRIPTIONS].delete(login.user.id, subscription_id)
    app[STATUS_WATCH].forget(login.user.id, subscription_id)
    return await _done(request, login, WORDS["deleted"])


async def rename(request: web.Request) -> web.Response:
    """Call it by another name; an empty one: by its events."""
    login = await require_login(request)
    if request.content_type == "application/json":
        name = (await _json_body(request)).get("name")
    else:
        name = text_of(await read_form(request), "name")
    if name is not None and not isinstance(name, str):
        raise BadRequestError('"name" must be a text')
    try:
        checked = checked_name(name)
    except InvalidSubscriptionError as error:
        raise BadRequestError(str(error)) from None
    subscription_id = request.match_info["id"]
    await request.app[SUBSCRIPTIONS].rename(login.user.id, subscription_id, checked)
    if wants_json(request):
        return web.Response(status=204)
    return see_other(f"/subscriptions/{quote(subscription_id, safe='')}")


async def subscriptions_context(
    app: web.Application, user_id: str, csrf: str, patience: float | None = None
) -> dict[str, Any]:
    """What the region with all subscriptions shows; `error` when the service can't be asked.

    `waiting`: it has not answered within `patience` seconds; shown is what was listed before.
    """
    error: ServiceError | None = None
    listed: list[dict[str, Any]] = []
    waiting = False
    try:
        listed = await app[SHARED_LIST].get(user_id, patience)
        app[STATUS_WATCH].observe(user_id, listed)
    except GrantDeadError:
        raise
    except ServiceError as failed:
        error = failed
    except TimeoutError:
        waiting = True
        listed = [dict(subscription) for subscription in app[STATUS_WATCH].known(user_id) or ()]
    if not waiting:
        await app[SUBSCRIPTION_HEALTH].refresh(user_id, listed, GLANCE_TIMEOUT)
    await _add_card_facts(app, user_id, listed)
    return {
        "subscriptions": listed,
        "error": error,
        "waiting": waiting,
        "limit": MAX_SUBSCRIPTIONS,
        "csrf": csrf,
    }


async def _add_card_facts(app: web.Application, user_id: str, listed: list[dict[str, Any]]) -> None:
    """Add what the card of each subscription tells besides the service's words."""
    activity = await app[STORE].activity(user_id, first_id_at(now_ms() - DAY))
    steps = await app[ACTIVATIONS].of_user(user_id)
    drifts = app[STATUS_WATCH].drifts(user_id)
    own = await app[STORE].hooks(user_id)
    created_at = {hook.id: hook.created_at for hook in own}
    for subscription in listed:
        subscription_id = str(subscription["id"])
        last, count = activity.get(subscription_id, (None, 0))
        subscription |= {
            "address_kind": await app[CALLBACK_ADDRESSES].kind(user_id, subscription, own),
            "last_received": last,
            "count_24h": count,
            "doing": app[SUBSCRIPTION_HEALTH].of(user_id, subscription, last),
            "created_at": created_at.get(subscription.get("hookId") or ""),
            "steps": steps.get(subscription_id, []),
            "drift": drifts.get(subscription_id),
        }


async def add_health(app: web.Application, user_id: str, listed: list[dict[str, Any]]) -> None:
    """Add `health` to each of ours. Raises StoreError."""
    ours = [subscription for subscription in listed if subscription.get("mine")]
    await app[SUBSCRIPTION_HEALTH].refresh(user_id, ours, HEALTH_TIMEOUT)
    activity = await app[STORE].activity(user_id, first_id_at(now_ms() - DAY))
    for subscription in ours:
        last, _ = activity.get(str(subscription["id"]), (None, 0))
        subscription["health"] = health_json(
            app[SUBSCRIPTION_HEALTH].of(user_id, subscription, last)
        )


async def _page(
    request: web.Request, login: Login, template: str, problem: Problem | None = None,
    patience: float | None = None, **more: Any,
) -> web.Response:  # fmt: skip
    """The subscriptions and the form; what went wrong decides about the status."""
    ctx = await subscriptions_context(request.app, login.user.id, login.csrf, patience)
    if ctx["waiting"] and template == "subscriptions.html":
        await request.app[FLASH].save(login.session_id, PAGE, **more)  # for the one that follows
    ctx |= {
        "families": FAMILIES,
        "unreadable_events": await _unreadable_events(request, login),
        "message": None,
        "form": await _start(request, login, ctx["subscriptions"]),
        "whole_url": _whole_url(request),
        "live_url": "/live?view=subscriptions",
        **more,
    }
    if problem is None and ctx["error"] is not None and request.method == "GET":
        problem = of_service(ctx["error"], request.method)
    if problem is None:
        return render(request, template, ctx)
    response = render(request, template, ctx, problem.status)
    response.headers.update(problem.headers)
    return response


def _whole_url(request: web.Request) -> str:
    """The same page once the list is there, however long that takes."""
    asked = {name: request.query.getall(name) for name in request.query}
    return f"/subscriptions{query(asked, wait='1')}"


async def _unreadable_events(request: web.Request, login: Login) -> dict[str, str | None]:
    """The events whose entities the login may not read, to the scope that is missing."""
    readable = await readable_events(request.app[STORE], login.user)
    return {event: needed_scope(event) for event, yes in readable.items() if yes is False}


async def _start(
    request: web.Request, login: Login, listed: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The form as the address asks for it: a copy of another, these events, or empty."""
    copied = request.query.get("clone")
    original = next(
        (subscription for subscription in listed if str(subscription["id"]) == copied), None
    )
    if original is not None:
        return _copy(event_names(original))
    if copied:  # the list is not there yet: our hooks know what ours listen to
        for hook in await request.app[STORE].hooks(login.user.id):
            if hook.subscription_id == copied:
                return _copy(hook.event_names)
    return {**EMPTY_FORM, "events": request.query.getall("events", [])}


def _copy(events: list[str]) -> dict[str, Any]:
    """The form with another subscription's events: the rest of it is write-only."""
    return {**EMPTY_FORM, "events": events, "is_copy": True}


async def _refused(
    request: web.Request, login: Login, form: Form, error: BadRequestError | ServiceError
) -> web.Response:
    """The form once more, with what was typed (but for secrets) and what is wrong with it."""
    typed = {name: text_of(form, name) for name in EMPTY_FORM} | {
        "events": _chosen(form),
        "active": bool(text_of(form, "active")),
    }
    typed["auth_type"] = typed["auth_type"] or "none"
    problem = Problem(400, str(error))
    if isinstance(error, ServiceError):
        problem = of_service(error, request.method)
    message = f"{problem.sentence} {problem.hint}".rstrip()
    return await _page(request, login, "subscriptions.html", problem, message=message, form=typed)


async def _done(
    request: web.Request, login: Login, said: str, warning: str | None = None,
    card: str = "",
) -> web.Response:  # fmt: skip
    """Back to the list: to the card of this subscription, which tells what to do next."""
    request.app[SHARED_LIST].forget(login.user.id)
    if wants_json(request):
        return web.Response(status=204)
    if wants_fragment(request):
        return await _page(
            request, login, "_created.html", patience=FRAME_TIMEOUT, title=None, message=warning,
            done=None if card or warning else said,
        )  # fmt: skip
    shown = {"said": said} if warning is None else {"warning": warning}
    await request.app[FLASH].save(login.session_id, PAGE, card=card, **shown)
    return see_other("/subscriptions")


def _created(created: dict[str, Any]) -> web.Response:
    return json_response(created, 201)


async def _json_body(request: web.Request) -> dict[str, Any]:
    value = await read_json(request)
    if not isinstance(value, dict):
        raise BadRequestError('the body must be an object such as {"events": ["job.created"]}')
    return value


def _from_json(value: dict[str, Any]) -> NewSubscription:
    events = value.get("events")
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise BadRequestError('"events" must be a list of event names')
    address = value.get("alertingEmailAddress")
    if address is not None and not isinstance(address, str):
        raise BadRequestError('"alertingEmailAddress" must be a text')
    authentication = value.get("callbackAuthentication")
    if authentication is not None and not isinstance(authentication, dict):
        raise BadRequestError('"callbackAuthentication" must be an object with a "type"')
    active = value.get("active")
    if active is not None and not isinstance(active, bool):
        raise BadRequestError('"active" must be true or false')
    name = value.get("name")
    if name is not None and not isinstance(name, str):
        raise BadRequestError('"name" must be a text')
    return _checked(events, address, authentication, active=bool(active), name=name)


def _from_form(form: Form) -> NewSubscription:
    kind = text_of(form, "auth_type")
    authentication = None
    if kind in AUTH_FIELDS:
        authentication = {"type": kind} | {
            name: text_of(form, field) for name, field in AUTH_FIELDS[kind].items()
        }
    address = text_of(form, "alertingEmailAddress") or None
    active = bool(text_of(form, "active"))
    name = text_of(form, "name")
    return _checked(_chosen(form), address, authentication, active=active, name=name)


def _chosen(form: Form) -> list[str]:
    events = list(form.getall("events", []))
    for family in form.getall("families", []):  # "all of them", also without JavaScript
        events += FAMILIES.get(family, ())
    return events


def _checked(
    events: list[str], address: str | None, authentication: dict[str, Any] | None, *,
    active: bool, name: str | None,
) -> NewSubscription:  # fmt: skip
    try:
        return checked_subscription(events, address, authentication, active=active, name=name)
    except InvalidSubscriptionError as error:
        raise BadRequestError(str(error)) from None
