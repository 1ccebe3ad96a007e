"""The JSON API as an OpenAPI 3.1 document, and as a page to read."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from srhooks.accounts.personal_tokens import DEFAULT_DAYS, MAX_DAYS
from srhooks.domain.subjects import KINDS
from srhooks.version import program_version
from srhooks.web.http.errors import json_text
from srhooks.web.http.query_params import MAX_LIMIT, SINCE
from srhooks.web.http.session import find_login
from srhooks.web.http.templating import render
from srhooks.web.pages import latency
from srhooks.web.pages.openapi_schemas import SCHEMAS, Schema, many, record, ref
from srhooks.web.pages.overview import DEFAULT_WINDOW, WINDOWS
from srhooks.web.state.app_keys import SETTINGS

TEXT: Schema = {"type": "string"}
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
EITHER = (FORM, JSON)  # whichever a program likes better
READERS: list[dict[str, list[str]]] = [{"session": []}, {"token": []}]
ABOUT = (
    "The pages' own addresses with `Accept: application/json`. Unsafe requests carry the session"
    " cookie and `Origin: APP_URL`. Errors are `{error: {status, message}}`."
)
FILTER: dict[str, tuple[Schema, str]] = {
    "event": ({"type": "array", "items": TEXT}, "A name, or a prefix such as `job.`; repeatable"),
    "q": (TEXT, "A substring of body, entity, link or id, letter case aside"),
    "subscription": (TEXT, "Of this subscription"),
    "signature": ({"enum": SCHEMAS["Notification"]["properties"]["signature"]["enum"]}, "Verdict"),
    "status": ({"enum": SCHEMAS["Entity"]["properties"]["status"]["enum"]}, "Of the entity"),
    "link": (TEXT, "One entity's notifications"),
    "since": (
        {"anyOf": [{"enum": list(SINCE)}, TEXT]},
        "Received within this time, or at this time (RFC 3339, as `next` has it) or later",
    ),
    "after": (TEXT, "Received later: an RFC 3339 time, or a cursor"),
    "before": (TEXT, "Received earlier: an RFC 3339 time, or a cursor from `next`"),
    "until": (TEXT, "Received earlier: an RFC 3339 time, which `next` keeps beside its cursor"),
    "zone": (TEXT, "Of times without a zone, such as `Europe/Berlin`; UTC where it is left out"),
}
LIMIT: dict[str, tuple[Schema, str]] = {
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
        "How many at most; `next` tells whether there are more",
    )
}


def operation(
    summary: str, answers: Mapping[int, Schema | str | None], *, tag: str,
    query: Mapping[str, tuple[Schema, str]] | None = None, body: Schema | None = None,
    media: tuple[str, ...] = (JSON,), errors: tuple[int, ...] = (), reader: bool = False,
    public: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One operation. An answer is a schema for JSON, the name of another media type, or nothing."""
    responses: dict[str, Any] = {
        str(status): _response(status, answer) for status, answer in answers.items()
    }
    known = errors if public else (401, *((403,) if body or not reader else ()), *errors, 503)
    for status in known:
        responses.setdefault(str(status), {"$ref": "#/components/responses/Error"})
    made: dict[str, Any] = {"summary": summary, "tags": [tag], "responses": responses}
    made["security"] = [] if public else READERS if reader else READERS[:1]
    if query:
        made["parameters"] = [
            {"name": name, "in": "query", "schema": schema, "description": text}
            for name, (schema, text) in query.items()
        ]
    if body is not None:
        made["requestBody"] = {
            "required": True, "content": {one: {"schema": body} for one in media},
        }  # fmt: skip
    return made


def _response(status: int, answer: Schema | str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(answer, str):
        made["content"] = {kind: {} for kind in answer.split(" ")}
    elif answer is not None:
        made["content"] = {JSON: {"schema": answer}}
    return made


SERVICE = (429, 502)  # what the service may bring about
FILES = "application/x-ndjson text/csv application/json"
ONE = {"id": "Of the notification, 13 characters"}
NUMBER = {"id": "Of the subscription, as the service names it"}
FORMAT: dict[str, tuple[Schema, str]] = {
    "format": ({"enum": ["ndjson", "csv", "har"]}, "Of the file"),
    "id": ({"type": "array", "items": TEXT}, "These alone; repeatable"),
}
REPROCESS = ("reprocess", ""), ("replay", " (the old name)")
N, S, A, O = "Notifications", "Subscriptions", "Account", "Operation"  # noqa: E741 - tags
I = "Incidents"  # noqa: E741
PATHS: dict[str, tuple[Mapping[str, str], dict[str, dict[str, Any]]]] = {
    "/notifications": ({}, {"get": operation(
        "What was received, newest first", {200: ref("Notifications")}, tag=N, reader=True,
        query=FILTER | LIMIT, errors=(400,))}),
    "/notifications/{id}": (ONE, {"get": operation(
        "One of them", {200: ref("Notification")}, tag=N, reader=True, errors=(404,))}),
    "/notifications/{id}/raw": (ONE, {"get": operation(
        "Its body, byte for byte", {200: "application/octet-stream"}, tag=N, reader=True,
        errors=(404,))}),
    "/notifications/{id}/signed": (ONE, {"get": operation(
        "The bytes that its signature is made over", {200: "application/octet-stream"}, tag=N,
        reader=True, errors=(404,))}),
    "/notifications/{id}/resend": (ONE, {"post": operation(
        "Send it into the account's running `srhooks listen` programs once more",
        {200: record(sentTo={"type": "integer", "minimum": 1})}, tag=N, errors=(404, 409))}),
    "/notifications/{id}/compare": (ONE, {"post": operation(
        "Where a text that a program signed differs from what SmartRecruiters signed",
        {200: ref("Compared")}, tag=N, body=record(text=TEXT), errors=(400, 404))}),
    **{f"/notifications/{{id}}/{name}": (ONE, {"post": operation(
        f"Verify it and fetch its entity again{note}", {200: ref("Processed")}, tag=N,
        errors=(404,))}) for name, note in REPROCESS},
    **{f"/notifications/{name}": ({}, {"post": operation(
        f"Verify several and fetch their entities again{note}", {200: ref("Processed")}, tag=N,
        body=ref("Ids"), errors=(400,))}) for name, note in REPROCESS},
    "/notifications/delete": ({}, {"post": operation(
        "Delete several", {200: ref("Deleted")}, tag=N, body=ref("Ids"), errors=(400,))}),
    "/notifications/export": ({}, {
        "get": operation("A filtered set as a file, streamed", {200: FILES}, tag=N, reader=True,
                         query=FORMAT | FILTER, errors=(400,)),
        "post": operation("Chosen ones as a file", {200: FILES}, tag=N, media=(FORM,),
                          body=record(id=TEXT, format=TEXT), errors=(400,))}),
    "/entities/{kind}/{id}": (
        {"kind": "One of " + ", ".join(KINDS), "id": "As SmartRecruiters names it"},
        {"get": operation(
            "What happened to one thing, oldest first", {200: ref("Timeline")}, tag=N, reader=True,
            query=LIMIT | {"after": (TEXT, "As `next` gives it")}, errors=(400, 404))}),
    "/overview": ({}, {"get": operation(
        "How much arrived, how fast, and what needs a person", {200: ref("Overview")}, tag=N,
        query={"window": ({"enum": list(WINDOWS), "default": DEFAULT_WINDOW}, "Of time")},
        errors=(400,))}),
    "/latency": ({}, {"get": operation(
        "How long notifications take, stage by stage", {200: ref("LatencyReport")}, tag=N,
        query={"window": ({"enum": list(latency.WINDOWS), "default": latency.DEFAULT_WINDOW},
                          "Of time")}, errors=(400,))}),
    "/latency/shown": ({}, {"post": operation(
        "For the pages: ms since rows were painted", {204: None}, tag=N,
        body=record(shown=many(record(id=TEXT, ago={"type": "integer", "minimum": 0}))),
        errors=(400,))}),
    "/incidents": ({}, {"get": operation(
        "What is wrong with the webhooks, and what was, newest first", {200: ref("Incidents")},
        tag=I, query={"open": ({"enum": ["1", "0"]}, "1: only those that are open"),
                      **LIMIT, "before": FILTER["before"]}, errors=(400,))}),
    "/incidents/{id}/acknowledge": ({"id": "Of the incident"}, {"post": operation(
        "No more reminders; ends one of kind gone", {200: ref("Incident")}, tag=I,
        errors=(404,))}),
    "/missed": ({}, {"get": operation(
        "What SmartRecruiters sent and what never arrived", {200: ref("MissedList")}, tag=I,
        query={**LIMIT, "before": FILTER["before"]}, errors=(400,))}),
    "/missed/check": ({}, {"post": operation(
        "Compare the logs with what arrived, now", {200: ref("MissedList")}, tag=I,
        errors=SERVICE)}),
    "/missed/backfill": ({}, {"post": operation(
        "Store what is missing", {200: ref("StoredCount")}, tag=I,
        body=record(optional=("ids", "all"), ids={"type": "array", "items": TEXT},
                    all={"const": True}),
        errors=(400,))}),
    "/subscriptions": ({}, {
        "get": operation("The user's subscriptions, as the service has them",
                         {200: ref("Subscriptions")}, tag=S, errors=SERVICE),
        "post": operation("Create one, with a hook of its own", {201: ref("Subscription")}, tag=S,
                          body=ref("NewSubscription"), errors=(400, *SERVICE))}),
    "/subscriptions/coverage": ({}, {"get": operation(
        "Which event reaches which subscription", {200: ref("Coverage")}, tag=S,
        errors=SERVICE)}),
    "/events": ({}, {"get": operation(
        "What SmartRecruiters sends, with an example of each", {200: ref("EventTypes")}, tag=S)}),
    "/subscriptions/{id}": (NUMBER, {
        "get": operation("One of them", {200: ref("Subscription")}, tag=S,
                         errors=(404, *SERVICE)),
        "delete": operation("Delete it; what it brought stays", {204: None}, tag=S,
                            errors=(404, *SERVICE))}),
    "/subscriptions/{id}/delete": (NUMBER, {"post": operation(
        "The same, for forms", {204: None}, tag=S, errors=(404, *SERVICE))}),
    "/subscriptions/{id}/activation": (NUMBER, {"post": operation(
        "Activate it: the service makes its handshake first", {204: None}, tag=S,
        errors=(400, 404, *SERVICE))}),
    "/subscriptions/{id}/secret-key": (NUMBER, {"post": operation(
        "A new signing key; the one before counts for 24 h more", {201: ref("SecretKey")}, tag=S,
        errors=(404, *SERVICE))}),
    "/subscriptions/{id}/name": (NUMBER, {"post": operation(
        "Call it by a name; an empty one: by its events", {204: None}, tag=S,
        body=record(name=TEXT), errors=(400, 404))}),
    "/subscriptions/{id}/test": (NUMBER, {"post": operation(
        "Post a signed test notification to its hook", {200: ref("TestResult")}, tag=S,
        errors=(404, *SERVICE))}),
    "/subscriptions/{id}/address-check": (NUMBER, {"post": operation(
        "Make a handshake with its callback address, if that is on APP_URL",
        {200: ref("AddressCheck")}, tag=S, errors=(404, 409, *SERVICE))}),
    "/subscriptions/{id}/callbacks-log": (NUMBER, {"get": operation(
        "What the service sent in the last 30 days, newest first", {200: ref("Callbacks")}, tag=S,
        query={"status": ({"enum": ["failed", "successful"]}, "Only these"),
               "event": (TEXT, "A name, or a prefix such as `job.`"),
               **{name: FILTER[name] for name in ("since", "after", "before", "zone")},
               "page": (TEXT, "As `next` gives it")}, errors=(400, 404, *SERVICE))}),
    "/login/api-key": ({}, {"post": operation(
        "Log in with an API key", {200: ref("Account")}, tag=A, media=EITHER, public=True,
        body=record(api_key=TEXT), errors=(400, 403, 404, 429, 502, 503))}),
    "/login/client-credentials": ({}, {"post": operation(
        "Log in with client credentials", {200: ref("Account")}, tag=A, media=EITHER, public=True,
        body=record(client_id=TEXT, client_secret=TEXT), errors=(400, 403, 404, 429, 502, 503))}),
    "/account": ({}, {"get": operation(
        "The credential, the company, and what is stored", {200: ref("Account")}, tag=A)}),
    "/account/alerts": ({}, {
        "get": operation("Who is told of incidents, and of which", {200: ref("Alerts")}, tag=A),
        "post": operation(
            "Change that; what is absent stays", {200: ref("Alerts")}, tag=A,
            body=record(optional=("email", "kind"), email=many(TEXT), kind=many(TEXT)),
            errors=(400,))}),
    "/account/alerts/test": ({}, {"post": operation(
        "Send a test message", {200: ref("TestSent")}, tag=A, errors=(409,))}),
    "/account/sessions": ({}, {"get": operation(
        "The browsers that are logged in", {200: ref("Sessions")}, tag=A)}),
    "/account/sessions/{id}/end": ({"id": "Of the session"}, {"post": operation(
        "Log one out", {204: None}, tag=A, errors=(404,))}),
    "/account/sessions/end-all": ({}, {"post": operation(
        "Log out everywhere", {204: None}, tag=A)}),
    "/account/delete": ({}, {"post": operation(
        "Delete the account and everything in it", {200: ref("AccountDeleted")}, tag=A,
        body=record(confirm={"const": True}), errors=(400,))}),
    "/candidates/erase": ({}, {"post": operation(
        "Erase what is stored about a candidate; with `dryRun`, tell what that would be",
        {200: {"anyOf": [ref("Erased"), ref("Erasable")]}}, tag=A,
        body=record(optional=("confirm", "dryRun"), candidateId=TEXT,
                    confirm={"const": True}, dryRun={"const": True}), errors=(400, 404))}),
    "/terminal": ({}, {"get": operation("The personal tokens", {200: ref("Tokens")}, tag=A)}),
    "/terminal/tokens": ({}, {"post": operation(
        "Create one; its text is never shown again", {201: ref("NewToken")}, tag=A, media=EITHER,
        body=record(optional=("days",), name=TEXT, days={
            "type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS}),
        errors=(400,))}),
    "/terminal/tokens/{id}/revoke": ({"id": "Of the token"}, {"post": operation(
        "Revoke it", {204: None}, tag=A, errors=(404,))}),
    "/hooks/{id}": ({"id": "Of the hook"}, {"post": operation(
        "A notification or, with X-Hook-Secret, a handshake", {200: None, 202: None},
        tag=O, public=True, errors=(400, 404, 405, 413, 503))}),
    "/healthz": ({}, {"get": operation(
        "Whether the process lives", {200: ref("Health")}, tag=O, public=True)}),
    "/readyz": ({}, {"get": operation(
        "Whether a notification could be stored", {200: ref("Ready"), 503: ref("NotReady")}, tag=O,
        public=True)}),
    "/asyncapi.json": ({}, {"get": operation(
        "The events as an AsyncAPI 3 document", {200: {"type": "object"}}, tag=O, public=True)}),
    "/openapi.json": ({}, {"get": operation(
        "This document", {200: {"type": "object"}}, tag=O, public=True)}),
}  # fmt: skip


def document(app_url: str) -> dict[str, Any]:
    error = {"description": "In words", "content": {JSON: {"schema": ref("Error")}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "srhooks", "version": program_version(), "description": ABOUT},
        "servers": [{"url": app_url}],
        "paths": {path: _path(*entry) for path, entry in PATHS.items()},
        "components": {
            "schemas": SCHEMAS,
            "responses": {"Error": error},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "srhooks"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _path(named: Mapping[str, str], operations: dict[str, dict[str, Any]]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TEXT, "description": text}
        for name, text in named.items()
    ]
    return ({"parameters": parameters} if parameters else {}) | operations


async def as_json(request: web.Request) -> web.Response:
    text = json_text(document(request.app[SETTINGS].app_url))
    return web.Response(text=text, content_type=JSON)


async def as_page(request: web.Request) -> web.Response:
    await find_login(request)  # whoever is logged in sees the navigation
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, (_, operations) in PATHS.items():
        for method, one in operations.items():
            shown = {"method": method.upper(), "path": path, "about": one}
            groups.setdefault(one["tags"][0], []).append(shown)
    ctx = {"groups": groups, "schemas": SCHEMAS, "about": ABOUT}
    response = render(request, "api.html", ctx)
    # Other pages are sent as they are: compressed, what they hold could be guessed by the length
    # when an address puts words into them (BREACH). Nothing from outside is in this one.
    response.enable_compression()
    return response
