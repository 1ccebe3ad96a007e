"""The fine print of missed notifications, sentence by sentence."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.clock import now_ms, read_time
from srhooks.protocol.signature import sign
from srhooks.sandbox.deliveries import LogEntry

from tests.support.firing import time_past
from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world
from tests.support.simulation import DAY, HOUR, MINUTE, simulated_time


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The watch is off: a person asks, which works all the same."""
    async with start_world(tmp_path, watch_interval=0) as running:
        yield running


def record(
    world: World, made: dict[str, Any], event_id: str, ago: float, *, delivered: bool = False,
    event: str = "job.created", body: str = '{"id":"1"}', headers: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """What the service's log has of a call that it made so many ms ago."""
    at = round(time.time() - ago / 1000, 3)
    known = {"event-id": event_id, "event-name": event, "smartrecruiters-timestamp": f"{at:.0f}"}
    entry = LogEntry(
        successful=delivered, at=at, url="u", body=body, headers=known | (headers or {})
    )
    world.sandbox.subscriptions.by_id[made["id"]].log.append(entry)


async def check(ada: Browser) -> dict[str, dict[str, Any]]:
    """By event-id."""
    found = await ada.json("POST", "/missed/check?limit=200")
    return {one["eventId"]: one for one in found["missed"]}


async def open_kinds(ada: Browser) -> list[str]:
    found = (await ada.json("GET", "/incidents?open=1"))["incidents"]
    return [one["kind"] for one in found]


async def test_thirty_days_also_where_the_hook_is_younger(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        record(world, made, "old", 31 * DAY)
        record(world, made, "month", 30 * DAY - HOUR)
        record(world, made, "new", HOUR)
        assert (await check(ada)).keys() == {"month", "new"}


async def test_what_is_older_than_the_retention_is_neither_named_nor_backfilled(
    tmp_path: Path,
) -> None:
    async with start_world(tmp_path, retention_days=2) as world, world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        record(world, made, "old", 2 * DAY + MINUTE)
        record(world, made, "new", 2 * DAY - HOUR)
        assert (await check(ada)).keys() == {"new"}
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}


async def test_what_grows_older_than_the_retention_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated_time(monkeypatch) as clock:
        async with (
            start_world(tmp_path, retention_days=2, session_max_age=1_000_000) as world,
            world.logged_in() as ada,
        ):
            made = await ada.subscribe("job.created")
            record(world, made, "e1", DAY)
            assert (await check(ada)).keys() == {"e1"}
            clock.leap_to(clock.ms() + DAY + MINUTE)
            assert (await ada.json("GET", "/missed"))["missed"] == []


async def test_each_delay_counts_from_the_try_before_it_and_sent_is_the_first(
    world: World,
) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        # After 1 and 3 minutes, then one that was late: the next is due 10 minutes after that.
        for ago in (20, 19, 16):
            record(world, made, "on-time", ago * MINUTE)
        for ago in (60, 59, 7):
            record(world, made, "late-try", ago * MINUTE)
        # Due 4 minutes ago, and the step after it is 3 minutes long.
        record(world, made, "overdue", 5 * MINUTE)
        # Due 2 minutes ago: it may still come.
        record(world, made, "due", 3 * MINUTE)
        found = await check(ada)
        states = {name: one["state"] for name, one in found.items()}
        assert states == {
            "on-time": "retrying", "late-try": "retrying", "overdue": "given-up",
            "due": "retrying",
        }  # fmt: skip
        late = found["late-try"]
        log = world.sandbox.subscriptions.by_id[made["id"]].log
        at = [round(one.at * 1000) for one in log if one.headers["event-id"] == "late-try"]
        assert milliseconds(late["sentAt"]) == at[0]
        assert milliseconds(late["nextAttemptAt"]) == at[2] + 10 * MINUTE
        assert found["overdue"]["nextAttemptAt"] is None


def milliseconds(text: str) -> int:
    return round(read_time(text).timestamp() * 1000)


async def test_the_last_of_all_tries_is_given_up(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        for number in range(11):
            record(world, made, "e1", (12 - number) * MINUTE)
        assert (await check(ada))["e1"]["state"] == "given-up"


async def test_retrying_alone_opens_no_incident_and_given_up_does(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        record(world, made, "e1", MINUTE / 2)
        await check(ada)
        assert await open_kinds(ada) == []
        other = await ada.subscribe("job.created")
        record(world, other, "e2", HOUR)
        await check(ada)
        assert await open_kinds(ada) == ["missed"]


async def test_by_itself_what_will_not_come_and_the_rest_when_asked(tmp_path: Path) -> None:
    async with start_world(tmp_path, backfill="auto") as world, world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        record(world, made, "given-up", HOUR)
        record(world, made, "elsewhere", HOUR, delivered=True)
        record(world, made, "young", MINUTE / 2, delivered=True)
        record(world, made, "retrying", MINUTE / 2)
        assert (await check(ada)).keys() == {"retrying"}
        assert {one["eventId"] for one in await ada.notifications()} == {"given-up", "elsewhere"}
        assert await open_kinds(ada) == []
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}


async def test_a_form_chooses_some(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        for number in range(3):
            record(world, made, f"e{number}", HOUR)
        found = await check(ada)
        data = [("csrf", await ada.csrf()), *(("id", found[one]["id"]) for one in ("e0", "e2"))]
        async with ada.request("POST", "/missed/backfill", data=data) as answer:
            assert answer.status == 303
        assert {one["eventId"] for one in await ada.notifications()} == {"e0", "e2"}
        assert [one["eventId"] for one in (await ada.json("GET", "/missed"))["missed"]] == ["e1"]
        async with ada.request("POST", "/missed/backfill", data=data[:1]) as answer:
            assert answer.status == 400


async def test_a_valid_signature_stays_valid_however_old_it_is(world: World) -> None:
    """Also by a key that has been replaced for long."""
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        subscription = world.sandbox.subscriptions.by_id[made["id"]]
        key = subscription.signing_keys()[0]
        store = world.services.store
        for _ in range(2):
            await ada.json("POST", f"/subscriptions/{made['id']}/secret-key", status=201)
        await store._write("UPDATE hook_keys SET retired_at = 1 WHERE retired_at IS NOT NULL")  # type: ignore[attr-defined]
        world.services.hooks.forget(made["hookId"])
        headers = {
            "event-id": "e1", "event-name": "job.created", "event-version": "v201910", "link": "",
            "smartrecruiters-timestamp": str(int(time.time()) - 20 * 86_400),
        }  # fmt: skip
        headers["smartrecruiters-signature"] = sign(key, headers, b'{"id":"1"}')
        record(world, made, "e1", 20 * DAY, headers=headers)
        assert (await check(ada)).keys() == {"e1"}
        await ada.json("POST", "/missed/backfill", json={"all": True})
        (back,) = await ada.notifications()
        assert (back["signature"], back["origin"]) == ("valid", "backfilled")


async def test_what_is_sent_after_its_candidate_was_erased_is_named(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("candidate.updated")
        person = world.sandbox.world.listed["candidate"][0]
        await world.fire("candidate.updated", entity=person.id)
        await eventually(ada.notifications)
        body = json.dumps({"id": person.id})
        record(world, made, "before", MINUTE, event="candidate.updated", body=body)
        erase = {"candidateId": person.id, "confirm": True}
        await ada.json("POST", "/candidates/erase", json=erase)
        assert await check(ada) == {}
        await time_past(now_ms())
        record(world, made, "after", 0, event="candidate.updated", body=body)
        assert (await check(ada)).keys() == {"after"}


async def test_a_new_hire_who_is_known_to_be_the_candidate_is_erased_with_them(
    world: World,
) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("onboarding.process.started")
        person = world.sandbox.world.listed["candidate"][0]
        body = {"onboarding_process_id": "o1", "new_hire_id": "h1", "candidate_id": person.id}
        await world.notify(
            made["hookId"], json.dumps(body).encode(), event_name="onboarding.process.started"
        )
        del body["candidate_id"]
        record(world, made, "e1", HOUR, event="onboarding.process.started", body=json.dumps(body))
        record(world, made, "e2", HOUR, event="onboarding.process.started",
               body='{"onboarding_process_id": "o2", "new_hire_id": "h2"}')  # fmt: skip
        erase = {"candidateId": person.id, "confirm": True}
        await ada.json("POST", "/candidates/erase", json=erase)
        assert (await check(ada)).keys() == {"e2"}
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}


async def test_it_is_readable_with_a_dead_grant_and_backfilled(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        for number in range(3):
            record(world, made, f"e{number}", (number + 1) * HOUR)
        found = await check(ada)
        world.sandbox.revoke_grants()
        await ada.json("POST", "/missed/check", status=401)
        listed = (await ada.json("GET", "/missed"))["missed"]
        assert [one["eventId"] for one in listed] == ["e0", "e1", "e2"]
        assert "Backfill all 3" in await ada.page("/missed")
        first = await ada.json("GET", "/missed?limit=2")
        rest = await ada.json("GET", first["next"])
        assert [one["eventId"] for one in rest["missed"]] == ["e2"]
        by_time = await ada.json("GET", f"/missed?before={found['e0']['sentAt']}")
        assert [one["eventId"] for one in by_time["missed"]] == ["e1", "e2"]
        await ada.json("GET", "/missed?limit=201", status=400)
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 3}


async def test_a_later_check_goes_on_where_the_last_one_ended(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        for number in range(350):
            record(world, made, f"e{number}", HOUR + number, delivered=True)
        await check(ada)
        before = len(world.sandbox.requests)
        await check(ada)
        path = f"/subscriptions/{made['id']}/callbacks-log"
        asked = [one for one in list(world.sandbox.requests)[before:] if path in one.path]
        assert len(asked) == 1


async def test_what_the_log_gets_late_is_named_too(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        record(world, made, "e1", HOUR, delivered=True)
        await check(ada)
        record(world, made, "late", 2 * HOUR, delivered=True)
        assert (await check(ada)).keys() == {"e1", "late"}


async def test_its_entity_is_fetched_as_it_is_now(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.updated")
        world.sandbox.troubles.order("refuse", 1, 0)
        (delivery,) = await world.sandbox.fire("job.updated")
        await check(ada)
        await ada.json("POST", "/missed/backfill", json={"all": True})

        async def fetched() -> dict[str, Any]:
            (one,) = await ada.notifications()
            return one if one["entity"]["status"] == "fetched" else {}

        one = await eventually(fetched)
        assert one["entity"]["data"]["id"] == json.loads(delivery.body)["id"]
        assert milliseconds(one["receivedAt"]) >= delivery.attempts[0].at * 1000
