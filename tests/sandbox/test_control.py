"""The sandbox's page and its control routes."""

from typing import Any

import pytest
from srhooks.sandbox import EVENTS

from tests.support.sandbox_fixtures import Client, receiving, running

ROUTES = (
    ("POST", "/sandbox/fire"),
    ("POST", "/sandbox/tokens/expire"),
    ("POST", "/sandbox/tokens/revoke"),
    ("POST", "/sandbox/traffic"),
    ("POST", "/sandbox/troubles"),
    ("POST", "/sandbox/silence"),
    ("POST", "/sandbox/outage"),
    ("POST", "/sandbox/subscriptions/x/suspend"),
    ("POST", "/sandbox/api-keys"),
    ("POST", "/sandbox/clients"),
    ("GET", "/sandbox/credentials"),
    ("GET", "/sandbox/faults"),
    ("POST", "/sandbox/faults"),
    ("DELETE", "/sandbox/faults"),
    ("POST", "/sandbox/faults/clear"),
    ("GET", "/sandbox/requests"),
    ("GET", "/sandbox/deliveries"),
)
ME = "/user-api/v201804/users/me"


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_this_machine_controls(method: str, path: str) -> None:
    foreign = (
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    )
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        for headers in foreign:
            answer = await client.call(method, path, headers=headers, json={"event": EVENTS[0]})
            assert answer.status == 403, headers
            assert answer.json["message"]
        assert (await ada.call("GET", ME)).status == 200, "nothing was done"
        assert not sandbox.deliveries


async def test_control_from_anywhere_when_it_was_allowed() -> None:
    async with running(control_from_anywhere=True) as (_, client):
        remote = {"X-Forwarded-For": "203.0.113.9"}
        assert (await client.call("GET", "/sandbox/requests", headers=remote)).status == 200
        foreign = {"Origin": "https://evil.example"}
        assert (await client.call("GET", "/sandbox/requests", headers=foreign)).status == 403


async def test_firing_by_json_and_by_form() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe(receiver.url, "job.updated")
        await ada.subscribe(receiver.url, "job.updated")
        fired = await _control(
            client, "fire", {"event": "job.updated", "subscription": subscription["id"], "count": 3}
        )
        assert len(fired["deliveries"]) == 3
        assert {one["state"] for one in fired["deliveries"]} == {"delivered"}
        assert {one["subscriptionId"] for one in fired["deliveries"]} == {subscription["id"]}

        form = {"event": "job.updated", "subscription": "", "count": "1"}
        origin = {"Origin": client.base}
        answer = await client.call("POST", "/sandbox/fire", data=form, headers=origin)
        assert answer.status == 303
        page = await client.call("GET", client.base + answer.headers["Location"])
        assert "job.updated: 2 sent, 2 delivered" in page.text
        assert len((await client.call("GET", "/sandbox/deliveries")).json) == 5
        for wrong, status in (
            ({"event": "job.exploded"}, 400),
            ({"event": "job.updated", "count": "many"}, 400),
            ({"event": "job.updated", "entity": "none"}, 400),
            ({"event": "job.updated", "subscription": "none"}, 404),
            ({}, 400),
        ):
            refused = await client.call("POST", "/sandbox/fire", json=wrong)
            assert refused.status == status, wrong
            assert refused.json["message"]


async def test_tokens_expire_and_grants_end_on_order() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        assert await _control(client, "tokens/expire", {}) == {"expired": 1}
        assert (await ada.call("GET", ME)).status == 401
        renewed = await client.token_call(
            grant_type="refresh_token", refresh_token=ada.refresh_token
        )
        assert renewed.status == 200
        ada.token = renewed.json["access_token"]
        assert (await ada.call("GET", ME)).status == 200

        assert await _control(client, "tokens/revoke", {}) == {"revoked": 1}
        assert (await ada.call("GET", ME)).status == 401
        dead = await client.token_call(
            grant_type="refresh_token", refresh_token=renewed.json["refresh_token"]
        )
        assert (dead.status, dead.json["error"]) == (400, "invalid_grant")


async def test_faults_over_http() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        rule = {"path": "users/me", "status": 418, "times": 1, "headers": {"X-A": "1"}, "body": "3"}
        added = await client.call("POST", "/sandbox/faults", json=rule)
        assert added.status == 201
        listed = (await client.call("GET", "/sandbox/faults")).json
        assert [(one["path"], one["times"]) for one in listed] == [("users/me", 1)]
        struck = await ada.call("GET", ME)
        assert (struck.status, struck.headers["X-A"], struck.text) == (418, "1", "3")
        form = {"path": "users/me", "status": "503", "times": "9", "delay": "0", "drop": ""}
        assert (await client.call("POST", "/sandbox/faults", data=form)).status == 303
        assert (await ada.call("GET", ME)).status == 503
        assert (await client.call("DELETE", "/sandbox/faults")).status == 200
        assert (await ada.call("GET", ME)).status == 200
        for wrong in ({"path": "("}, {"status": 7}, {"headers": "x"}, {"times": 0}):
            assert (await client.call("POST", "/sandbox/faults", json=wrong)).status == 400
        broken = await client.call("POST", "/sandbox/faults", data=b"{")
        assert broken.status == 400


async def test_traffic_over_http() -> None:
    async with running() as (sandbox, client):
        assert await _control(client, "traffic", {"rate": 5}) == {"rate": 5.0}
        assert sandbox.traffic.running
        assert "now 5" in (await client.call("GET", "/")).text
        assert await _control(client, "traffic", {"rate": 0}) == {"rate": 0.0}
        assert not sandbox.traffic.running


async def test_requests_are_remembered_without_secrets() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        await ada.call("GET", ME, params={"secret": "in-query"})
        await client.call("GET", "/jobs")
        answer = await client.call("GET", "/sandbox/requests")
        seen = [
            (one["method"], one["path"], one["status"], one["authorizationPresent"])
            for one in answer.json
        ]
        assert seen == [
            ("POST", "/identity/oauth/allow", 302, False),
            ("POST", "/identity/oauth/token", 200, False),
            ("GET", ME, 200, True),
            ("GET", "/jobs", 401, False),
        ]
        for secret in (ada.token, ada.refresh_token, "in-query", "sandbox-secret"):
            assert secret not in answer.text


async def test_the_page_shows_settings_subscriptions_and_every_event() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        await sandbox.fire("job.updated")
        sandbox.add_fault("^/x", status=503, times=2)
        page = await client.call("GET", "/")
        assert page.status == 200
        for word in ("sandbox-client", "sandbox-secret", client.base, receiver.url, "active"):
            assert word in page.text
        for event in EVENTS:
            assert f">{event}</option>" in page.text or f"selected>{event}<" in page.text
        assert "delivered, 202 in" in page.text
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert page.text.count("<script") == page.text.count('<script src="/sandbox/live.js"') == 1
        assert "style=" not in page.text
        assert page.headers["Server"] == "srhooks-sandbox"
        assert (await client.call("GET", "/favicon.ico")).status == 204


async def test_the_page_keeps_secrets_from_other_machines() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        page = await client.call("GET", "/", headers={"X-Forwarded-For": "203.0.113.9"})
        assert page.status == 200
        for secret in ("sandbox-secret", "sandbox-key-ada", receiver.url, "<form"):
            assert secret not in page.text


async def _control(client: Client, route: str, asked: dict[str, object]) -> Any:
    answer = await client.call("POST", f"/sandbox/{route}", json=asked)
    assert answer.status == 200, answer.text
    return answer.json
