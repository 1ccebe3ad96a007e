"""The OpenAPI document tells what the routes do: all of them, and what they really answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from srhooks.domain.incidents import NewIncident

from tests.support.erasing import hook_of
from tests.support.harness import Browser, World
from tests.support.harness import world as start_world
from tests.support.json_schema import check_schema, validator

# Pages, and what speaks no JSON.
NO_JSON = {
    ("GET", path)
    for path in (
        "/", "/auth", "/auth/callback", "/live", "/metrics", "/api",
        "/account/alerts/confirm/{token}", "/notifications/{id}/follow",
        "/subscriptions/{id}/activation",
        "/subscriptions/{id}/delete", "/subscriptions/{id}/secret-key",
        "/terminal/tokens/{id}/revoke", "/static/{path}",
    )
} | {("POST", "/logout")}  # fmt: skip
UNSAFE = ("post", "put", "delete")


class Client:
    """Asks as a program does, and holds every answer against the document."""

    def __init__(self, browser: Browser, document: dict[str, Any]) -> None:
        self.browser = browser
        self.document = document
        self.asked: set[tuple[str, str]] = set()

    async def __call__(
        self, method: str, path: str, status: int, name: str = "", query: str = "", **options: Any
    ) -> Any:
        """`name` stands for what the path has in braces."""
        self.asked.add((method, path))
        headers = {"Accept": "application/json", "Origin": self.browser.base}
        headers |= options.pop("headers", {})
        address = path.replace("{kind}", "candidate").replace("{id}", name) + query
        async with self.browser.request(method, address, headers=headers, **options) as answer:
            body = await answer.read()
            assert answer.status == status, f"{method} {address}: {answer.status} {body[:300]!r}"
            self._check(method, path, answer, body)
            return json.loads(body) if answer.content_type == "application/json" else body

    def _check(self, method: str, path: str, answer: aiohttp.ClientResponse, body: bytes) -> None:
        told = self.document["paths"][path][method.lower()]["responses"]
        assert str(answer.status) in told, f"{method} {path}: {answer.status} is not in it"
        one = told[str(answer.status)]
        if "$ref" in one:
            one = self.document["components"]["responses"]["Error"]
        content = one.get("content")
        if content is None:
            assert body == b""
            return
        assert answer.content_type in content
        schema = content[answer.content_type].get("schema")
        if schema is not None:
            whole = {**schema, "components": self.document["components"]}
            errors = list(validator(whole).iter_errors(json.loads(body)))
            assert errors == [], f"{method} {path}: {errors[0].message}"


async def test_every_route_is_in_the_document_and_the_other_way_round(world: World) -> None:
    async with world.nobody() as nobody:
        document = await nobody.json("GET", "/openapi.json")
    told = {
        (method.upper(), path)
        for path, entry in document["paths"].items()
        for method in entry
        if method != "parameters"
    }
    assert told == set(routes(world.app)) - NO_JSON
    for schema in document["components"]["schemas"].values():
        check_schema(schema)


def routes(app: web.Application) -> Iterator[tuple[str, str]]:
    for route in app.router.routes():
        if route.resource is not None and route.method != "HEAD":
            yield route.method, route.resource.canonical


async def test_every_operation_answers_as_the_document_says(tmp_path: Path) -> None:
    methods = ("oauth", "api-key", "client-credentials")
    async with start_world(tmp_path, login_methods=methods) as world, world.logged_in() as ada:
        ask = Client(ada, await ada.json("GET", "/openapi.json"))
        await subscriptions(ask, world)
        await notifications(ask, world)
        await incidents(ask, world)
        await account(ask, world)
        for path in ("/healthz", "/readyz", "/openapi.json", "/asyncapi.json"):
            await ask("GET", path, 200)
    told = {
        (method.upper(), path)
        for path, entry in ask.document["paths"].items()
        for method in entry
        if method != "parameters"
    }
    assert told - ask.asked == set()


async def incidents(ask: Client, world: World) -> None:
    (user_id,) = await world.services.store.user_ids()
    opened = await world.services.incidents.open(
        NewIncident(user_id=user_id, kind="gone", subject="1", title="It was deleted")
    )
    assert opened is not None
    await ask("GET", "/incidents", 200, query="?open=1&limit=1")
    await ask("GET", "/incidents", 400, query="?open=2")
    await ask("POST", "/incidents/{id}/acknowledge", 200, opened.public_id)
    await ask("POST", "/incidents/{id}/acknowledge", 404, "unknown")
    await ask("POST", "/latency/shown", 204, json={"shown": []})
    await ask("POST", "/latency/shown", 400, json={})
    assert (await ask("GET", "/latency", 200, query="?window=30d"))["slowest"]
    await ask("GET", "/latency", 400, query="?window=odd")


async def subscriptions(ask: Client, world: World) -> None:
    wanted = {
        "events": ["job.created", "application.created"],
        "alertingEmailAddress": "a@example.com",
        "callbackAuthentication": {"type": "header", "headerName": "X-Key", "headerValue": "v"},
    }
    created = await ask("POST", "/subscriptions", 201, json=wanted)
    number = created["id"]
    await ask("POST", "/subscriptions", 400, json={"events": []})
    world.sandbox.add_fault("/activation", method="PUT", times=1, status=503)
    await ask("POST", "/subscriptions/{id}/activation", 502, number)
    await ask("POST", "/subscriptions/{id}/activation", 204, number)
    await ask("POST", "/subscriptions/{id}/activation", 404, "unknown")
    await ask("GET", "/subscriptions", 200)
    await ask("GET", "/subscriptions/coverage", 200)
    await ask("GET", "/events", 200)
    await ask("GET", "/missed", 200)
    await ask("GET", "/missed", 400, query="?limit=0")
    await ask("POST", "/missed/check", 200)
    await ask("POST", "/missed/backfill", 200, json={"all": True})
    await ask("POST", "/missed/backfill", 400, json={})
    await ask("GET", "/subscriptions/{id}", 200, number)
    await ask("POST", "/subscriptions/{id}/name", 204, number, json={"name": "Hiring"})
    await ask("POST", "/subscriptions/{id}/name", 400, number, json={"name": "x" * 81})
    await ask("POST", "/subscriptions/{id}/name", 404, "unknown", json={"name": ""})
    await ask("GET", "/subscriptions/{id}", 404, "unknown")
    await ask("POST", "/subscriptions/{id}/secret-key", 201, number)
    await ask("POST", "/subscriptions/{id}/secret-key", 404, "unknown")
    await ask("POST", "/subscriptions/{id}/address-check", 200, number)
    await ask("POST", "/subscriptions/{id}/address-check", 404, "unknown")
    await ask("POST", "/subscriptions/{id}/test", 200, number)
    await world.fire("application.created")
    log = await ask("GET", "/subscriptions/{id}/callbacks-log", 200, number)
    assert log["callbacks"]
    await ask("GET", "/subscriptions/{id}/callbacks-log", 400, number, query="?status=odd")
    hook_id = created["hookId"]
    await ask("POST", "/hooks/{id}", 202, hook_id, data=b"not json")
    await ask("POST", "/hooks/{id}", 200, hook_id, headers={"X-Hook-Secret": "s"})
    await ask("POST", "/hooks/{id}", 404, "unknown")
    second = await ask("POST", "/subscriptions", 201, json={"events": ["job.created"]})
    await ask("DELETE", "/subscriptions/{id}", 204, second["id"])
    await ask("DELETE", "/subscriptions/{id}", 404, second["id"])
    third = await ask("POST", "/subscriptions", 201, json={"events": ["job.created"]})
    await ask("POST", "/subscriptions/{id}/delete", 204, third["id"])
    world.sandbox.add_fault("/webhooks-api/", method="GET", times=1, status=429)
    await ask("GET", "/subscriptions", 429)


async def notifications(ask: Client, world: World) -> None:
    found = await ask("GET", "/notifications", 200, query="?limit=2")
    assert len(found["notifications"]) == 2
    assert found["next"]
    await ask("GET", "/notifications", 400, query="?limit=x")
    number = found["notifications"][0]["id"]
    await ask("GET", "/notifications/{id}", 200, number)
    await ask("GET", "/notifications/{id}", 404, "unknown")
    await ask("GET", "/notifications/{id}/raw", 200, number)
    await ask("GET", "/notifications/{id}/signed", 200, number)
    await ask("POST", "/notifications/{id}/resend", 409, number)
    await ask("POST", "/notifications/{id}/resend", 404, "unknown")
    await ask("POST", "/notifications/{id}/compare", 200, number, json={"text": "x"})
    await ask("POST", "/notifications/{id}/compare", 400, number, json={})
    await ask("POST", "/notifications/{id}/compare", 404, "unknown", json={"text": "x"})
    for name in ("reprocess", "replay"):
        await ask("POST", f"/notifications/{{id}}/{name}", 200, number)
        await ask("POST", f"/notifications/{{id}}/{name}", 404, "unknown")
        await ask("POST", f"/notifications/{name}", 200, json={"ids": [number]})
    for kind in ("ndjson", "csv", "har"):
        await ask("GET", "/notifications/export", 200, query=f"?format={kind}")
    await ask("GET", "/notifications/export", 400, query="?format=xml")
    told = await ask("GET", "/overview", 200, query="?window=1h")
    assert told["total"] == sum(bar["total"] for bar in told["bars"]) > 0
    await ask("GET", "/overview", 400, query="?window=1y")
    chosen = {"id": number, "format": "csv"}
    await ask("POST", "/notifications/export", 200, data=chosen)
    await ask("POST", "/notifications/delete", 200, json={"ids": [number]})
    await ask("POST", "/notifications/delete", 400, json={})
    await ask(
        "POST", "/notifications/delete", 403, json={}, headers={"Origin": "https://evil.example"}
    )


async def log_ins(ask: Client, world: World) -> None:
    client = world.sandbox.credentials.create_client()
    secrets = {"client_id": client.client_id, "client_secret": client.client_secret}
    await ask("POST", "/login/client-credentials", 200, data=secrets)
    await ask("POST", "/login/client-credentials", 403, data=secrets | {"client_secret": "x"})
    key = world.sandbox.credentials.create_api_key().key
    await ask("POST", "/login/api-key", 400, data={"api_key": ""})
    await ask("POST", "/login/api-key", 200, data={"api_key": key})


async def account(ask: Client, world: World) -> None:
    await ask("GET", "/account", 200)
    await world.notify(await hook_of(world), b'{"candidate_id": "c1"}')
    await ask("GET", "/entities/{kind}/{id}", 200, "c1", query="?limit=1")
    await ask("GET", "/entities/{kind}/{id}", 404, "c2")
    await ask("GET", "/entities/{kind}/{id}", 400, "c1", query="?after=x")
    await ask("POST", "/candidates/erase", 200, json={"candidateId": "c1", "dryRun": True})
    await ask("POST", "/candidates/erase", 200, json={"candidateId": "c1", "confirm": True})
    await ask("POST", "/candidates/erase", 400, json={"candidateId": "c1"})
    await ask("POST", "/candidates/erase", 404, json={"candidateId": "c1", "confirm": True})
    made = await ask("POST", "/terminal/tokens", 201, data={"name": "Laptop"})
    await ask("GET", "/terminal", 200)
    await ask("POST", "/terminal/tokens/{id}/revoke", 204, made["id"])
    await ask("POST", "/terminal/tokens/{id}/revoke", 404, made["id"])
    await ask("GET", "/account/alerts", 200)
    await ask("POST", "/account/alerts", 200, json={"email": ["a@b.example"]})
    await ask("POST", "/account/alerts", 400, json={"kind": ["loud"]})
    await ask("POST", "/account/alerts/test", 409)
    (session,) = (await ask("GET", "/account/sessions", 200))["sessions"]
    await ask("POST", "/account/sessions/{id}/end", 404, "x")
    await ask("POST", "/account/sessions/{id}/end", 204, session["id"])
    await log_ins(ask, world)
    await ask("POST", "/account/sessions/end-all", 204)
    await log_ins(ask, world)
    await ask("POST", "/account/delete", 400, json={})
    await ask("POST", "/account/delete", 200, json={"confirm": True})


async def test_nobody_gets_401_wherever_a_log_in_is_asked_for(world: World) -> None:
    async with world.nobody() as nobody:
        document = await nobody.json("GET", "/openapi.json")
        ask = Client(nobody, document)
        for path, entry in document["paths"].items():
            for method, operation in entry.items():
                if method != "parameters" and operation["security"]:
                    await ask(method.upper(), path, 401, "x")


async def test_the_page_shows_each_operation_to_anybody(world: World) -> None:
    async with world.nobody() as nobody:
        document = await nobody.json("GET", "/openapi.json")
        page = await nobody.page("/api")
        shown = page.replace("<code>", "`").replace("</code>", "`")
        for path, entry in document["paths"].items():
            assert f">{path}<" in page
            for method, operation in entry.items():
                if method != "parameters":
                    assert operation["summary"].replace("'", "&#39;") in shown
