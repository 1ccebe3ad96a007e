"""The sandbox's subscriptions API, call by call."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from srhooks.sandbox import EVENTS, SandboxUser
from srhooks.sandbox.subscriptions import MAX_KEYS, MAX_PER_OWNER
from yarl import URL

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, Client, receiving, running, until


async def test_creating_answers_an_inactive_subscription() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        asked = {
            "callbackUrl": "https://hooks.example/a",
            "events": ["job.created", "job.updated"],
            "alertingEmailAddress": "ops@acme.example",
        }
        created = await ada.call("POST", SUBSCRIPTIONS, json=asked)
        assert created.status == 201
        assert created.json["status"] == "inactive"
        assert [event["name"] for event in created.json["events"]] == ["job.created", "job.updated"]
        assert all(event["version"] for event in created.json["events"])
        assert set(created.json) == {"id", "callbackUrl", "events", "status"}
        one = await ada.call("GET", f"{SUBSCRIPTIONS}/{created.json['id']}")
        assert one.json == created.json


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"events": ["job.created"]}, "callbackUrl"),
        ({"callbackUrl": "ftp://x/", "events": ["job.created"]}, "callbackUrl"),
        ({"callbackUrl": "http://x:99999/", "events": ["job.created"]}, "callbackUrl"),
        ({"callbackUrl": "https://x/"}, "at least one event"),
        ({"callbackUrl": "https://x/", "events": []}, "at least one event"),
        ({"callbackUrl": "https://x/", "events": "job.created"}, "at least one event"),
        ({"callbackUrl": "https://x/", "events": ["job.exploded"]}, "job.exploded"),
        ({"callbackUrl": "https://x/", "events": [{"name": "job.created"}]}, "Unknown event"),
        ({"callbackUrl": "https://x/", "events": ["job.created"] * 2}, "Repeated event"),
        ({"callbackUrl": "https://x/", "events": ["job.created"], "name": "x"}, "Unknown field"),
        (
            {"callbackUrl": "https://x/", "events": ["job.created"], "alertingEmailAddress": None},
            "alertingEmailAddress",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": None,
            },
            "callbackAuthentication must be an object",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": {
                    "type": "basic",
                    "username": "u",
                    "password": "p",
                    "realm": "r",
                },
            },
            "Unknown field: callbackAuthentication.realm",
        ),
        (
            {"callbackUrl": "https://x/", "events": ["job.created"], "alertingEmailAddress": "no"},
            "alertingEmailAddress",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": {"type": "magic"},
            },
            "callbackAuthentication.type",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": {"type": "header", "headerName": "a b"},
            },
            "headerName",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": {
                    "type": "header",
                    "headerName": "Api-Key",
                    "headerValue": "v",
                },
            },
            "must start with x-",
        ),
        (
            {
                "callbackUrl": "https://x/",
                "events": ["job.created"],
                "callbackAuthentication": {"type": "header", "headerName": "a\tb"},
            },
            "headerName",
        ),
        ([], "JSON object"),
    ],
)
async def test_what_is_wrong_is_said_in_json(asked: object, word: str) -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        answer = await ada.call("POST", SUBSCRIPTIONS, json=asked)
        assert answer.status == 400
        assert word in answer.json["message"]
        assert set(answer.json) == {"code", "message"}


async def test_a_body_that_is_no_json_is_refused() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        json_type = {"Content-Type": "application/json"}
        answer = await ada.call("POST", SUBSCRIPTIONS, data=b"{oops", headers=json_type)
        assert (answer.status, answer.json["code"]) == (400, "INVALID_JSON")
        whole = b'{"callbackUrl": "https://x/", "events": ["job.created"]}'
        assert (await ada.call("POST", SUBSCRIPTIONS, data=whole)).status == 415


async def test_a_user_holds_at_most_twenty() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        for _ in range(MAX_PER_OWNER):
            await ada.subscribe("https://hooks.example/", "job.created", active=False)
        asked = {"callbackUrl": "https://hooks.example/", "events": ["job.created"]}
        answer = await ada.call("POST", SUBSCRIPTIONS, json=asked)
        assert answer.status == 400
        assert "20" in answer.json["message"]
        grace = await client.log_in(sandbox.people[1])
        await grace.subscribe("https://hooks.example/", "job.created", active=False)


async def test_lists_come_in_pages_as_arrays() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        ids = [await _new(ada) for _ in range(12)]
        first = await ada.call("GET", SUBSCRIPTIONS)
        assert [one["id"] for one in first.json] == ids[:10]
        rest = await ada.call("GET", SUBSCRIPTIONS, params={"page_id": ids[9]})
        assert [one["id"] for one in rest.json] == ids[10:]
        everything = await ada.call("GET", SUBSCRIPTIONS, params={"limit": "100"})
        assert len(everything.json) == 12
        for wrong in (
            {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"page_id": "x"}, {"pageId": ids[0]},
        ):  # fmt: skip
            assert (await ada.call("GET", SUBSCRIPTIONS, params=wrong)).status == 400


async def test_lists_come_in_pages_as_content() -> None:
    async with running(list_style="content") as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        ids = [await _new(ada) for _ in range(3)]
        first = await ada.call("GET", SUBSCRIPTIONS, params={"limit": "2"})
        assert [one["id"] for one in first.json["content"]] == ids[:2]
        assert (first.json["limit"], first.json["totalFound"]) == (2, 3)
        page = {"limit": "2", "page_id": first.json["nextPageId"]}
        last = await ada.call("GET", SUBSCRIPTIONS, params=page)
        assert [one["id"] for one in last.json["content"]] == ids[2:]
        assert last.json["nextPageId"] is None


async def test_anothers_subscription_is_as_unknown_as_none() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        grace = await client.log_in(sandbox.people[1])
        path = f"{SUBSCRIPTIONS}/{await _new(ada)}"
        calls = (
            ("GET", ""),
            ("DELETE", ""),
            ("PUT", "/activation"),
            ("POST", "/secret-key"),
            ("GET", "/secret-key"),
            ("GET", "/callbacks-log"),
        )
        for method, rest in calls:
            answer = await grace.call(method, path + rest)
            assert answer.status == 404, (method, rest)
            assert answer.json["message"]
            assert (await client.call(method, path + rest)).status == 401
        assert (await grace.call("GET", SUBSCRIPTIONS)).json == []
        assert (await ada.call("GET", path)).status == 200


async def test_activation_shakes_hands() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        first = await ada.subscribe(receiver.url, "job.created")
        await ada.subscribe(receiver.url, "job.created")
        secrets = [headers["X-Hook-Secret"] for headers in receiver.handshakes]
        assert len(set(secrets)) == 2
        assert all(len(secret) >= 20 for secret in secrets)
        one = await ada.call("GET", f"{SUBSCRIPTIONS}/{first['id']}")
        assert one.json["status"] == "active"


@pytest.mark.parametrize(
    ("echo", "status", "word"),
    [
        ("right", 202, "202"),
        ("right", 302, "302"),
        ("none", 200, "no X-Hook-Secret"),
        ("wrong", 200, "not the one"),
    ],
)
async def test_a_failed_handshake_says_why(echo: str, status: int, word: str) -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        receiver.echo = {
            "right": lambda secret: secret,
            "none": lambda _: None,
            "wrong": lambda secret: secret[::-1],
        }[echo]
        receiver.handshake_status = status
        ada = await client.log_in(sandbox.people[0])
        path = f"{SUBSCRIPTIONS}/{await _new(ada, receiver.url)}"
        answer = await ada.call("PUT", f"{path}/activation")
        assert answer.status == 400
        assert word in answer.json["message"]
        assert (await ada.call("GET", path)).json["status"] == "inactive"


async def test_a_subscription_deleted_during_its_handshake_stays_deleted() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        path = f"{SUBSCRIPTIONS}/{await _new(ada, receiver.url)}"
        receiver.handshake_delay = 0.1
        activation = asyncio.create_task(ada.call("PUT", f"{path}/activation"))
        await until(lambda: receiver.handshakes)
        assert (await ada.call("DELETE", path)).status == 204
        assert (await activation).status == 404
        assert await sandbox.fire("job.created") == []


async def test_a_receiver_that_is_down_fails_the_handshake() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        path = f"{SUBSCRIPTIONS}/{await _new(ada, 'http://127.0.0.1:9/hook')}"
        answer = await ada.call("PUT", f"{path}/activation")
        assert answer.status == 400
        assert "handshake failed" in answer.json["message"]


async def test_a_slow_handshake_fails() -> None:
    async with running(handshake_timeout=0.05) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault("^/jobs/never$", delay=30, status=200)
        path = f"{SUBSCRIPTIONS}/{await _new(ada, client.base + '/jobs/never')}"
        answer = await ada.call("PUT", f"{path}/activation")
        assert answer.status == 400
        assert "within 0.05 s" in answer.json["message"]


async def test_secret_keys_rotate() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        subscription_id = await _new(ada)
        path = f"{SUBSCRIPTIONS}/{subscription_id}/secret-key"
        assert (await ada.call("GET", path)).status == 404
        made = []
        for _ in range(MAX_KEYS):
            answer = await ada.call("POST", path)
            assert answer.status == 201
            made.append(answer.json["secretKey"])
        assert len(set(made)) == MAX_KEYS
        assert (await ada.call("GET", path)).json == {"secretKey": made[-1]}
        beyond = await ada.call("POST", path)
        assert beyond.status == 400
        assert "16" in beyond.json["message"]

        keys = sandbox.subscriptions.by_id[subscription_id].keys
        assert keys[-1].expires_at is None
        for key in keys[:-1]:
            assert key.expires_at is not None
            key.expires_at -= 24 * 3600
        assert (await ada.call("POST", path)).status == 201
        assert len(sandbox.subscriptions.by_id[subscription_id].signing_keys()) == 2


async def test_deleting_ends_it() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe(receiver.url, "job.created")
        path = f"{SUBSCRIPTIONS}/{subscription['id']}"
        assert (await ada.call("DELETE", path)).status == 204
        assert (await ada.call("GET", path)).status == 404
        assert await sandbox.fire("job.created") == []
        assert receiver.received == []


async def test_the_callbacks_log_pages_and_filters() -> None:
    async with running(suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        secret = {"type": "header", "headerName": "X-Key", "headerValue": "hook-secret"}
        subscription = await ada.subscribe(
            receiver.url, "job.created", "job.updated", callbackAuthentication=secret
        )
        path = f"{SUBSCRIPTIONS}/{subscription['id']}/callbacks-log"
        assert (await ada.call("GET", path)).json == []
        await sandbox.fire("job.created")
        receiver.status = 500
        await sandbox.fire("job.updated")
        receiver.status = 202
        await sandbox.fire("job.updated")

        log = (await ada.call("GET", path)).json
        assert [entry["status"] for entry in log] == ["successful", "failed", "successful"]
        assert log[2]["requestDetails"]["url"] == receiver.url
        assert log[2]["requestDetails"]["headers"]["event-name"] == "job.created"
        assert log[2]["requestDetails"]["body"].encode() == receiver.received[0][1]
        assert re.fullmatch(r"\d{4}(-\d\d){2}T[\d:]{8}\.\d{3}\+00:00", log[0]["timestamp"])
        assert "hook-secret" not in str(log)

        failed = (await ada.call("GET", path, params={"callbackStatus": "failed"})).json
        assert failed == [log[1]]
        assert all(set(entry) == {"status", "timestamp", "requestDetails"} for entry in log)
        first = (await ada.call("GET", path, params={"limit": "2"})).json
        before = {"before": first[-1]["timestamp"]}
        rest = (await ada.call("GET", path, params=before)).json
        oldest = first[-1]["timestamp"]  # several records can share a millisecond
        assert rest == [entry for entry in log if entry["timestamp"] < oldest]
        assert (await ada.call("GET", path, params={"page_id": "1"})).status == 400
        unencoded = f"{path}?before={first[-1]['timestamp']}"
        answer = await ada.call("GET", URL(client.base + unencoded, encoded=True))
        assert answer.status == 400, "the + of a time arrives as a space"
        hour = timedelta(hours=1)
        now = datetime.now(UTC)
        for query, count in (
            ({"after": (now - hour).isoformat(timespec="milliseconds")}, 3),
            ({"after": (now + hour).isoformat(timespec="milliseconds")}, 0),
            ({"before": (now - hour).isoformat(timespec="milliseconds")}, 0),
            ({"before": "2999-01-01T00:00:00.000Z"}, 3),
        ):
            assert len((await ada.call("GET", path, params=query)).json) == count, query
        for wrong in (
            {"callbackStatus": "odd"}, {"after": "yesterday"}, {"before": "2999-01-01"},
            {"before": "2999-01-01T00:00:00Z"}, {"before": "2999-01-01T00:00:00.000"},
            {"after": (now - timedelta(days=31)).isoformat(timespec="milliseconds")},
            {"before": (now - timedelta(days=31)).isoformat(timespec="milliseconds")},
            {"status": "failed"},
        ):  # fmt: skip
            assert (await ada.call("GET", path, params=wrong)).status == 400


async def test_the_log_has_thirty_days() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        made = await ada.subscribe(receiver.url, "job.created")
        await sandbox.fire("job.created")
        await sandbox.fire("job.created")
        (old, _) = sandbox.subscriptions.by_id[made["id"]].log
        object.__setattr__(old, "at", old.at - 30 * 86_400)
        path = f"{SUBSCRIPTIONS}/{made['id']}/callbacks-log"
        assert len((await ada.call("GET", path)).json) == 1


async def test_every_event_can_be_subscribed_to() -> None:
    assert len([name for name in EVENTS if not name.startswith("interview.")]) == 47
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe("https://hooks.example/", *EVENTS, active=False)
        assert len(subscription["events"]) == len(EVENTS)


async def test_wrong_methods_and_paths_are_json_too() -> None:
    async with running() as (sandbox, client):
        ada: Client = await client.log_in(_first(sandbox.people))
        wrong = await ada.call("PATCH", SUBSCRIPTIONS)
        assert wrong.status == 405
        assert "POST" in wrong.headers["Allow"]
        assert wrong.json["message"]
        unknown = await ada.call("GET", "/no-such-api")
        assert (unknown.status, unknown.json["message"]) == (404, "Not Found")


def _first(people: list[SandboxUser]) -> SandboxUser:
    return people[0]


async def _new(client: Client, url: str = "https://hooks.example/") -> str:
    subscription = await client.subscribe(url, "job.created", active=False)
    return str(subscription["id"])
