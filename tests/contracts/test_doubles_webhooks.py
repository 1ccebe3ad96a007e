"""Facts of docs/fidelity.md about subscriptions, deliveries and their log, held on both doubles."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from multidict import CIMultiDict
from yarl import URL

from tests.support.doubles import Double, running_double, said
from tests.support.sandbox_fixtures import SUBSCRIPTIONS, Client, Receiver, receiving
from tests.support.vendor_shapes import INTERVIEWS, SHAPES, faults

ASKED = {"callbackUrl": "https://h.example/a", "events": ["job.created"]}
HEADER = {"type": "header", "headerName": "X-Key", "headerValue": "v"}
BASIC = {"type": "basic", "username": "u", "password": "p"}
LISTS = pytest.mark.parametrize("in_content", [False, True], ids=["array", "content"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.mark.parametrize("events", [["job.created"], [*SHAPES["event_name"]["enum"], *INTERVIEWS]])
async def test_a_new_subscription_is_inactive(double: Double, events: list[str]) -> None:
    mine = double.as_key()
    asked = {
        "callbackUrl": "https://h.example/a", "events": events,
        "alertingEmailAddress": "ops@acme.example", "callbackAuthentication": BASIC,
    }  # fmt: skip
    answer = await mine.call("POST", SUBSCRIPTIONS, json=asked)
    assert answer.status == 201
    made = answer.json
    assert set(made) == {"id", "callbackUrl", "events", "status"}
    assert list(faults(made, "subscription")) == []
    assert made["status"] == "inactive"
    assert [event["name"] for event in made["events"]] == events
    assert all(set(event) == {"name", "version"} for event in made["events"])
    assert (await mine.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")).json == made
    assert (await mine.call("GET", SUBSCRIPTIONS)).json == [made]


@pytest.mark.parametrize(
    "asked",
    [
        [],
        {"events": ["job.created"]},
        {"callbackUrl": "https://h.example/a"},
        ASKED | {"callbackUrl": "ftp://h.example/"},
        ASKED | {"callbackUrl": None},
        ASKED | {"events": []},
        ASKED | {"events": "job.created"},
        ASKED | {"events": ["job.exploded"]},
        ASKED | {"events": ["job.created", "job.created"]},
        ASKED | {"events": [{"name": "job.created"}]},
        ASKED | {"status": "active"},
        ASKED | {"alertingEmailAddress": "nobody"},
        ASKED | {"alertingEmailAddress": None},
        ASKED | {"callbackAuthentication": None},
        ASKED | {"callbackAuthentication": {}},
        ASKED | {"callbackAuthentication": {"type": "magic"}},
        ASKED | {"callbackAuthentication": {"type": "basic", "username": "u"}},
        ASKED | {"callbackAuthentication": BASIC | {"realm": "r"}},
        ASKED | {"callbackAuthentication": HEADER | {"headerName": "Api-Key"}},
        ASKED | {"callbackAuthentication": {"type": "oauth2", "clientId": "c"}},
    ],
)
async def test_what_is_not_documented_is_refused(double: Double, asked: object) -> None:
    mine = double.as_key()
    answer = await mine.call("POST", SUBSCRIPTIONS, json=asked)
    assert answer.status == 400
    assert set(answer.json) == {"code", "message"}
    assert said(answer)
    assert (await mine.call("GET", SUBSCRIPTIONS)).json == []


async def test_the_body_is_json_and_says_so(double: Double) -> None:
    mine, whole = double.as_key(), json.dumps(ASKED)
    for data, kind, status in (
        ("{oops", "application/json", 400),
        (whole, "text/plain", 415),
        (whole, "application/x-www-form-urlencoded", 415),
    ):
        headers = {"Content-Type": kind}
        answer = await mine.call("POST", SUBSCRIPTIONS, data=data, headers=headers)
        assert answer.status == status
        assert said(answer)
    for method, path in (("PATCH", SUBSCRIPTIONS), ("DELETE", SUBSCRIPTIONS)):
        answer = await mine.call(method, path)
        assert answer.status in {404, 405}
        assert said(answer)


async def test_twenty_each(double: Double) -> None:
    mine = double.as_key()
    for _ in range(20):
        await mine.subscribe("https://h.example/a", "job.created", active=False)
    answer = await mine.call("POST", SUBSCRIPTIONS, json=ASKED)
    assert answer.status == 400
    assert "20" in said(answer)
    other = await double.as_client()
    assert (await other.call("POST", SUBSCRIPTIONS, json=ASKED)).status == 201


@pytest.mark.parametrize("kind", ["sandbox", "strict"])
@LISTS
async def test_lists_come_in_pages(kind: str, *, in_content: bool) -> None:
    async with running_double(kind, in_content=in_content) as double:
        mine = double.as_key()
        ids = [
            (await mine.subscribe("https://h.example/a", "job.created", active=False))["id"]
            for _ in range(12)
        ]
        (first, following), (rest, end) = [
            page(await mine.call("GET", SUBSCRIPTIONS, params=query), in_content=in_content)
            for query in ({}, {"limit": "10", "page_id": ids[9]})
        ]
        assert [one["id"] for one in first] == ids[:10], "ten unless asked for more"
        assert [one["id"] for one in rest] == ids[10:]
        assert (following, end) == ((ids[9], None) if in_content else (None, None))
        everything = await mine.call("GET", SUBSCRIPTIONS, params={"limit": "100"})
        assert len(page(everything, in_content=in_content)[0]) == 12
        for wrong in (
            {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"page_id": "x"}, {"pageId": ids[0]},
        ):  # fmt: skip
            answer = await mine.call("GET", SUBSCRIPTIONS, params=wrong)
            assert answer.status == 400, wrong
            assert said(answer)


def page(answer: Any, *, in_content: bool) -> tuple[list[dict[str, Any]], str | None]:
    """Its items, and the next page where the answer names it."""
    if not in_content:
        return answer.json, None
    assert set(answer.json) == {"content", "limit", "nextPageId", "totalFound"}
    return answer.json["content"], answer.json["nextPageId"]


async def test_anothers_subscription_is_unknown_and_a_deleted_one_too(double: Double) -> None:
    mine, other = double.as_key(), await double.as_client()
    made = await mine.subscribe("https://h.example/a", "job.created", active=False)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    calls = [
        ("GET", ""), ("PUT", "/activation"), ("POST", "/secret-key"), ("GET", "/secret-key"),
        ("GET", "/callbacks-log"), ("DELETE", ""),
    ]  # fmt: skip
    assert (await other.call("GET", SUBSCRIPTIONS)).json == []
    for method, rest in calls:
        answer = await other.call(method, path + rest)
        assert answer.status == 404, (method, rest)
        assert said(answer)
    assert (await mine.call("DELETE", path)).status == 204
    for method, rest in calls:
        assert (await mine.call(method, path + rest)).status == 404, (method, rest)
    assert (await mine.call("GET", SUBSCRIPTIONS)).json == []


async def test_activation_shakes_hands_first(double: Double, receiver: Receiver) -> None:
    mine = double.as_key()
    made = await mine.subscribe(receiver.url, "job.created", active=False)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    for _ in range(2):
        activated = await mine.call("PUT", f"{path}/activation")
        assert (activated.status, activated.text) == (204, "")
    secrets = {headers["X-Hook-Secret"] for headers in receiver.handshakes}
    assert len(secrets) == 2, "each handshake has a secret of its own"
    assert (await mine.call("GET", path)).json["status"] == "active"


@pytest.mark.parametrize(("echo", "status"), [("right", 202), ("no", 200), ("wrong", 200)])
async def test_without_the_echo_it_stays_inactive(
    double: Double, receiver: Receiver, echo: str, status: int
) -> None:
    echoes = {"right": lambda secret: secret, "no": lambda _: None, "wrong": lambda _: "other"}
    receiver.echo, receiver.handshake_status = echoes[echo], status
    mine = double.as_key()
    made = await mine.subscribe(receiver.url, "job.created", active=False)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    answer = await mine.call("PUT", f"{path}/activation")
    assert answer.status >= 400
    assert "handshake failed" in said(answer)
    assert (await mine.call("GET", path)).json["status"] == "inactive"
    await double.fire("job.created")
    assert receiver.received == []


async def test_sixteen_keys_of_which_the_older_ones_end_after_a_day(double: Double) -> None:
    mine = double.as_key()
    made = await mine.subscribe("https://h.example/a", "job.created", active=False)
    path = f"{SUBSCRIPTIONS}/{made['id']}/secret-key"
    assert (await mine.call("GET", path)).status == 404
    keys = []
    for _ in range(16):
        answer = await mine.call("POST", path)
        assert (answer.status, set(answer.json)) == (201, {"secretKey"})
        keys.append(answer.json["secretKey"])
    assert len(set(keys)) == 16
    assert (await mine.call("GET", path)).json == {"secretKey": keys[-1]}
    assert (await mine.call("POST", path)).status == 400
    double.age(made["id"], 86_401)
    assert (await mine.call("POST", path)).status == 201


async def test_a_notification(double: Double, receiver: Receiver) -> None:
    mine = double.as_key()
    made = await mine.subscribe(receiver.url, "application.created")
    await double.fire("application.created")
    (headers, body) = receiver.received[0]
    assert headers["Content-Type"] == "application/json"
    assert headers["event-name"] == "application.created"
    assert headers["event-id"]
    assert headers["event-version"].startswith("v")
    value = json.loads(body)
    assert list(faults(value, "application_webhook_payload")) == []
    path = f"/candidates/{value['candidate_id']}/jobs/{value['job_id']}"
    assert headers["link"] == f"<{double.client.base}{path}>; rel=self"
    now = datetime.now(UTC).timestamp()
    assert now - 600 < int(headers["smartrecruiters-timestamp"]) <= now
    assert "smartrecruiters-signature" not in headers, "there is no key yet"
    keys = [await new_key(mine, made) for _ in range(2)]
    await double.fire("application.created")
    signatures = headers_of(receiver)["smartrecruiters-signature"].split(";")
    assert sorted(signatures) == sorted(signature(key, *receiver.received[1]) for key in keys)
    double.age(made["id"], 86_401)
    await double.fire("application.created")
    assert headers_of(receiver)["smartrecruiters-signature"] == signature(
        keys[1], *receiver.received[2]
    )
    ids = [headers["event-id"] for headers, _ in receiver.received]
    assert len(set(ids)) == 3


def headers_of(receiver: Receiver) -> CIMultiDict[str]:
    return receiver.received[-1][0]


async def new_key(mine: Client, made: dict[str, Any]) -> str:
    answer = await mine.call("POST", f"{SUBSCRIPTIONS}/{made['id']}/secret-key")
    key: str = answer.json["secretKey"]
    return key


def signature(key: str, headers: CIMultiDict[str], body: bytes) -> str:
    """As the vendor's text on security has it."""
    parts = [headers["smartrecruiters-timestamp"].encode(), body]
    parts += [
        headers[name].encode() for name in ("event-id", "event-name", "event-version", "link")
    ]
    return "v1=" + hmac.new(key.encode(), b".".join(parts), hashlib.sha256).hexdigest()


async def test_what_logs_in_to_the_receiver(double: Double, receiver: Receiver) -> None:
    mine = double.as_key()
    oauth2 = {
        "type": "oauth2", "clientId": "hook-client", "clientSecret": "hook-client-secret",
        "tokenServiceUrl": receiver.url.replace("/hook", "/token"),
    }  # fmt: skip
    given = {}
    for authentication in (HEADER, BASIC, oauth2):
        made = await mine.subscribe(
            receiver.url, "job.created", callbackAuthentication=authentication
        )
        await double.fire("job.created")
        headers = headers_of(receiver)
        given[authentication["type"]] = (headers.get("X-Key"), headers.get("Authorization"))
        await mine.call("DELETE", f"{SUBSCRIPTIONS}/{made['id']}")
    basic = "Basic " + base64.b64encode(b"u:p").decode()
    assert str(given.pop("oauth2")[1]).startswith("Bearer hook-token-")
    assert given == {"header": ("v", None), "basic": (None, basic)}


async def test_only_202_counts_and_the_log_tells(double: Double, receiver: Receiver) -> None:
    mine = double.as_key()
    made = await mine.subscribe(receiver.url, "job.created")
    for receiver.status in (202, 200, 500, 202):
        await double.fire("job.created")
        await asyncio.sleep(0.003)  # the log has milliseconds: no two have the same time
    path = f"{SUBSCRIPTIONS}/{made['id']}/callbacks-log"
    log = (await mine.call("GET", path)).json
    assert [one["status"] for one in log] == ["successful", "failed", "failed", "successful"]
    for record, (headers, body) in zip(reversed(log), receiver.received, strict=True):
        assert set(record) == {"status", "timestamp", "requestDetails"}
        assert list(faults(record, "callback_request")) == []
        details = record["requestDetails"]
        assert (details["url"], details["body"]) == (receiver.url, body.decode())
        assert details["headers"]["event-id"] == headers["event-id"]
    times = [datetime.fromisoformat(one["timestamp"]) for one in log]
    assert times == sorted(times, reverse=True)
    for query, expected in (
        ({"callbackStatus": "failed"}, log[1:3]),
        ({"limit": "2"}, log[:2]),
        ({"before": stamp(times[1])}, log[2:]),
        ({"after": stamp(times[1])}, log[:1]),
        ({"after": stamp(times[3]), "before": stamp(times[0])}, log[1:3]),
    ):
        assert (await mine.call("GET", path, params=query)).json == expected, query


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_the_log_has_thirty_days_and_takes_times_of_one_form(
    double: Double, receiver: Receiver
) -> None:
    mine = double.as_key()
    made = await mine.subscribe(receiver.url, "job.created")
    await double.fire("job.created")
    path = f"{SUBSCRIPTIONS}/{made['id']}/callbacks-log"
    now = datetime.now(UTC) + timedelta(minutes=1)  # after what was sent
    for right in (stamp(now), now.isoformat(timespec="milliseconds")):
        assert len((await mine.call("GET", path, params={"before": right})).json) == 1
    wrongs = [
        {"before": stamp(now - timedelta(days=31))}, {"after": stamp(now - timedelta(days=31))},
        {"before": "yesterday"}, {"before": "2999-01-01"}, {"before": "2999-01-01T00:00:00Z"},
        {"before": "2999-01-01T00:00:00.000"}, {"before": ""}, {"callbackStatus": "odd"},
        {"status": "failed"}, {"limit": "101"}, {"page_id": "1"},
    ]  # fmt: skip
    for wrong in wrongs:
        answer = await mine.call("GET", path, params=wrong)
        assert answer.status == 400, wrong
        assert said(answer)
    bare = f"{double.client.base}{path}?before={now.isoformat(timespec='milliseconds')}"
    answer = await mine.call("GET", URL(bare, encoded=True))
    assert answer.status == 400, "its + arrives as a space"
    double.age(made["id"], 30 * 86_400)
    assert (await mine.call("GET", path)).json == []
