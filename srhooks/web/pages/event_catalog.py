"""The catalog of events: a page, JSON, and an AsyncAPI document of it."""

import json
from typing import Any

from aiohttp import web

from srhooks.accounts.rights import readable_events
from srhooks.protocol.event_catalog import EVENT_TYPES, EXAMPLE_KEY, EventType
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER
from srhooks.version import program_version
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import json_text
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import SETTINGS, STORE

HEADER_MEANINGS = {
    "event-id": "Id of the event; the same in every re-delivery",
    "event-name": "Name of the event",
    "event-version": "Version of the body",
    "link": "Where the entity is read, as `<URL>; rel=self` (RFC 8288)",
    TIMESTAMP_HEADER: "When it was sent, in seconds since 1970",
    SIGNATURE_HEADER: "v1=HEX, one for each signing key, `;` between; only where a key exists",
}
ABOUT = (
    "What SmartRecruiters posts to a callback URL. Answer 202 within 5 seconds; any other answer"
    " counts as a failure, and the notification is sent again up to ten times. On activation a"
    " POST with the header X-Hook-Secret comes first: answer 200 with the same header."
)


async def show(request: web.Request) -> web.Response:
    login = await require_login(request)
    may_read = await readable_events(request.app[STORE], login.user)
    events = [event_json(event, may_read[event.name]) for event in EVENT_TYPES.values()]
    if wants_json(request):
        return json_response({"events": events})
    families: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        shown = {name: json.dumps(event[name], indent=2) for name in ("body", "entity")}
        families.setdefault(event["family"], []).append(event | shown)
    return render(request, "events.html", {"families": families, "example_key": EXAMPLE_KEY})


async def asyncapi(request: web.Request) -> web.Response:
    text = json_text(asyncapi_document(request.app[SETTINGS].app_url))
    return web.Response(text=text, content_type="application/json")


def event_json(event: EventType, readable: bool | None) -> dict[str, Any]:
    """One event. `readable`: whether the account's credential reads its entity, if known."""
    body = event.example_body()
    raw = json.dumps(body, separators=(",", ":")).encode()
    return {
        "name": event.name,
        "family": event.family,
        "meaning": event.meaning,
        "scope": event.scope,
        "readable": readable,
        "body": body,
        "headers": event.example_headers(raw),
        "entity": event.example_entity(),
    }


def asyncapi_document(app_url: str) -> dict[str, Any]:
    """AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""
    names = list(EVENT_TYPES)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "SmartRecruiters webhooks",
            "version": program_version(),
            "description": ABOUT,
        },
        "defaultContentType": "application/json",
        "servers": {"srhooks": _server(app_url)},
        "channels": {
            "notifications": {
                "address": "/hooks/{hookId}",
                "description": "The callback URL of one subscription",
                "parameters": {"hookId": {"description": "Random, one for each subscription"}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            "receiveNotification": {
                "action": "receive",
                "channel": {"$ref": "#/channels/notifications"},
                "messages": [
                    {"$ref": f"#/channels/notifications/messages/{name}"} for name in names
                ],
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            }
        },
        "components": {
            "messages": {event.name: _message(event) for event in EVENT_TYPES.values()},
            "schemas": {"headers": _headers_schema()},
        },
    }


def _server(app_url: str) -> dict[str, str]:
    protocol, _, host = app_url.partition("://")
    return {"host": host, "protocol": protocol, "description": "This srhooks"}


def _headers_schema() -> dict[str, Any]:
    fields = {
        name: {"type": "string", "description": text} for name, text in HEADER_MEANINGS.items()
    }
    return {"type": "object", "properties": fields}


def _message(event: EventType) -> dict[str, Any]:
    body = event.example_body()
    headers = event.example_headers(json.dumps(body, separators=(",", ":")).encode())
    scope = (
        f"The scope {event.scope} reads it." if event.scope else "Which scope reads it: unknown."
    )
    return {
        "name": event.name,
        "title": event.name,
        "summary": event.meaning,
        "description": f"{event.text} {scope}",
        "contentType": "application/json",
        "tags": [{"name": event.family}],
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in event.fields},
            "required": list(event.fields),
        },
        "examples": [{"name": "example", "headers": headers, "payload": body}],
    }
