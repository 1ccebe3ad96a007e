"""The sandbox's own page: how to connect srhooks, recent deliveries, and the controls."""

from urllib.parse import urlsplit

from aiohttp import web

from srhooks.sandbox.control import may_control
from srhooks.sandbox.deliveries import Delivery, stamp
from srhooks.sandbox.events import EVENTS, by_family, family_of
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.pages import HERE, STYLE_PATH, page
from srhooks.sandbox.people import ROLE_NAMES
from srhooks.sandbox.scopes import SCOPE_MEANINGS
from srhooks.sandbox.state import Sandbox

RECENT = 25
CONTROLS = (
    ("POST", "/sandbox/fire", "event, subscription?, user?, entity?, count?"),
    ("POST", "/sandbox/traffic", "rate: events a second, 0 stops"),
    ("POST", "/sandbox/tokens/expire", "ends all access tokens; refresh tokens stay good"),
    ("POST", "/sandbox/tokens/revoke", "ends all grants: everybody has to log in again"),
    ("POST", "/sandbox/api-keys", "name, company: makes an API key; the answer has it"),
    ("POST", "/sandbox/clients", "name, scopes, role, company: makes an OAuth client id"),
    ("POST", "/sandbox/clients/{id}/secret", "a new secret; the old one is refused"),
    ("DELETE", "/sandbox/credentials/{id}", "revokes a key or a client id"),
    ("GET", "/sandbox/credentials", "all of them, without their secrets"),
    (
        "POST",
        "/sandbox/troubles",
        "kind (lose, refuse, delay), count, seconds: of the next",
    ),
    ("POST", "/sandbox/silence", "silent: events happen and nothing is sent, until it is false"),
    ("POST", "/sandbox/outage", "seconds: every call of the service answers 503"),
    ("POST", "/sandbox/subscriptions/{id}/suspend", "as after a series of failures"),
    ("POST", "/sandbox/faults", "path (regex), method, times, status, body, headers, delay, drop"),
    ("GET", "/sandbox/faults", "the rules in force"),
    ("DELETE", "/sandbox/faults", "clears them"),
    ("GET", "/sandbox/requests", "the last requests: method, path, status, whether a token came"),
    ("GET", "/sandbox/deliveries", "the last deliveries with every attempt"),
)


async def home(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    subscriptions = list(sandbox.subscriptions.by_id.values())
    new_secret, sandbox.credentials.not_yet_shown = sandbox.credentials.not_yet_shown, None
    chosen = request.query.get("event", "")
    recent = list(sandbox.deliveries)[-RECENT:][::-1]
    return page(
        "home.html",
        base_url=sandbox.base_for(request),
        settings=sandbox.settings,
        mine=may_control(request),
        said=request.query.get("said", "")[:200],
        people=sandbox.people,
        owner_names=owner_names(sandbox),
        credentials=list(sandbox.credentials.by_id.values()),
        new_secret=new_secret if may_control(request) else None,
        scopes=SCOPE_MEANINGS,
        roles=ROLE_NAMES,
        families=by_family(),
        subscriptions=subscriptions,
        deliveries=[delivery_row(one) for one in recent],
        faults=sandbox.faults.rules,
        rate=sandbox.traffic.rate,
        troubles=sandbox.troubles,
        chosen_event=chosen if chosen in EVENTS else "application.status.updated",
        wrong=request.query.get("wrong", "")[:300],
        controls=CONTROLS,
    )


def owner_names(sandbox: Sandbox) -> dict[str, str]:
    """The names of the owners of subscriptions, by owner id."""
    names = {person.id: person.name for person in sandbox.people}
    names |= {
        key.owner_id: f"API keys of {key.company.name}" for key in sandbox.credentials.api_keys
    }
    return names | {client.owner_id: client.name for client in sandbox.credentials.clients}


def delivery_row(delivery: Delivery) -> dict[str, str]:
    """A delivery as the page shows it."""
    last = delivery.attempts[-1] if delivery.attempts else None
    outcome: str = delivery.state
    if last is not None:
        outcome += f", {last.status or last.error} in {last.seconds * 1000:.0f} ms"
    if len(delivery.attempts) > 1:
        outcome += f", {len(delivery.attempts)} attempts"
    tones = {"delivered": "good", "retrying": "warn", "failed": "bad", "cancelled": "bad"}
    return {
        "event": delivery.event_name,
        "family": family_of(delivery.event_name),
        "body": delivery.body.decode(),
        "at": stamp(last.at)[11:23] if last else "",
        "outcome": outcome,
        "tone": tones.get(delivery.state, ""),
        "path": urlsplit(delivery.link.partition(">")[0][1:]).path,
    }


async def stylesheet(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(HERE / "style.css", headers={"Cache-Control": "no-cache"})


async def live_script(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(HERE / "live.js", headers={"Cache-Control": "no-cache"})


async def no_icon(_request: web.Request) -> web.Response:
    """Answer 204 for /favicon.ico, which browsers request."""
    return web.Response(status=204)


def add_home_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/", home)
    router.add_get(STYLE_PATH, stylesheet)
    router.add_get("/sandbox/live.js", live_script)
    router.add_get("/favicon.ico", no_icon)
