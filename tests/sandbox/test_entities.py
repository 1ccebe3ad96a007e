"""Every event happens to something that can be looked at."""

import json
from typing import Any

import pytest
from srhooks.sandbox import EVENTS
from srhooks.sandbox.changes import CHANGES, create_world
from srhooks.sandbox.events import by_family
from srhooks.sandbox.people import company_people

from tests.support.sandbox_fixtures import receiving, running

GONE = {
    "position.deleted": 404,
    "candidate.deleted": 410,
    "review.deleted": 404,
    "interview.canceled": 404,
}
BODIES = {
    "job": {"id"},
    "candidate": {"id"},
    "position": {"job_id", "position_id"},
    "application": {"job_id", "candidate_id", "application_id"},
    "offer": {"job_id", "candidate_id", "offer_id"},
    "review": {"application_id", "review_id"},
    "onboarding": {"onboarding_process_id", "new_hire_id"},
    "interview": {"interview_id", "application_id", "candidate_id", "company_id"},
}


def test_every_event_has_an_effect() -> None:
    assert set(CHANGES) == set(EVENTS)
    assert set(by_family()) == set(BODIES)


@pytest.mark.parametrize("family", by_family())
async def test_links_answer_what_the_event_left(family: str) -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, *by_family()[family])
        for event in by_family()[family] * 3:
            [delivery] = await sandbox.fire(event)
            assert delivery.state == "delivered"
            headers, body = receiver.received[-1]
            ids = set(json.loads(body))
            special = event.startswith(("job.ad.", "job.approv"))
            assert ids >= ({"job_id"} if special else BODIES[family]), event
            url = headers["link"].partition(">")[0][1:]
            answer = await ada.call("GET", url)
            assert answer.status == GONE.get(event, 200), event
            if event in GONE:
                assert answer.json["message"]
                continue
            actions = answer.json.get("actions", {})
            assert actions.get("details", {"url": url})["url"] == url
            for link in actions.values():
                assert (await ada.call(link["method"], link["url"])).status == 200
            assert (await client.call("GET", url)).status == 401
            assert (await ada.call("POST", url)).status == 405


async def test_entities_change_with_their_events() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])

        async def changed(event: str, path: str, entity: str) -> tuple[Any, Any]:
            before = (await ada.call("GET", path)).json
            await sandbox.fire(event, entity=entity)
            after = (await ada.call("GET", path)).json
            assert before != after, event
            return before, after

        job = (await ada.call("GET", "/jobs")).json["content"][0]["id"]
        for event in ("job.updated", "job.status.updated"):
            await changed(event, f"/jobs/{job}", job)
        await changed("job.hiring-team.updated", f"/jobs/{job}/hiring-team", job)
        people = (await ada.call("GET", "/candidates")).json["content"]
        candidate = people[0]["id"]
        await changed("candidate.updated", f"/candidates/{candidate}", candidate)
        listed = await ada.call("GET", f"/candidates/{candidate}/jobs")
        path = listed.json["content"][0]["actions"]["details"]["url"]
        application = sandbox.world.by_path[path.removeprefix(client.base)].id
        for event, below in (
            ("application.status.updated", ""),
            ("application.fields.updated", "/properties"),
            ("application.source.updated", ""),
            ("application.onboarding-status.updated", "/onboarding-status"),
        ):
            before, after = await changed(event, path + below, application)
            if event == "application.status.updated":
                assert before["status"] != after["status"]


async def test_what_hangs_on_a_deleted_candidate_goes_along() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "offer.created", "candidate.deleted")
        [offered] = await sandbox.fire("offer.created")
        url = offered.link.partition(">")[0][1:]
        candidate = json.loads(offered.body)["candidate_id"]
        assert (await ada.call("GET", url)).status == 200
        await sandbox.fire("candidate.deleted", entity=candidate)
        assert (await ada.call("GET", url)).status == 410
        assert (await ada.call("GET", f"/candidates/{candidate}")).status == 410
        assert (await ada.call("GET", f"/candidates/{candidate}/jobs")).status == 410


async def test_deleting_never_empties_the_company() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        for _ in range(40):
            for event in GONE:
                await sandbox.fire(event)
        listed = await ada.call("GET", "/candidates", params={"limit": "1"})
        assert listed.json["totalFound"] >= 1
        assert len(sandbox.world.listed["position"]) >= 1


async def test_lists_have_pages() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        first = (await ada.call("GET", "/jobs", params={"limit": "5"})).json
        rest = (await ada.call("GET", "/jobs", params={"limit": "5", "offset": "5"})).json
        ids = [one["id"] for one in first["content"] + rest["content"]]
        assert len(set(ids)) == first["totalFound"] == 8
        positions = await ada.call("GET", f"/jobs/{ids[0]}/positions")
        assert positions.json["totalFound"] == len(positions.json["content"]) == 1
        assert (await ada.call("GET", "/jobs/none/positions")).status == 404
        assert (await ada.call("GET", "/jobs", params={"limit": "-1"})).status == 400


async def test_links_follow_the_name_the_owner_calls_it_by() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        named = client.base.replace("127.0.0.1", "localhost")
        ada = await client.log_in(sandbox.people[0])
        ada.base = named
        await ada.subscribe(receiver.url, "job.updated")
        await sandbox.fire("job.updated")
        assert receiver.received[-1][0]["link"].startswith(f"<{named}/jobs/")
        assert sandbox.base_url == client.base
        sandbox.base_url = "https://api.acme.example/"
        await sandbox.fire("job.updated")
        assert receiver.received[-1][0]["link"].startswith("<https://api.acme.example/jobs/")
        jobs = (await ada.call("GET", "/jobs")).json["content"]
        assert jobs[0]["actions"]["details"]["url"].startswith("https://api.acme.example/jobs/")


def test_a_long_run_stays_small() -> None:
    world = create_world(company_people(), 3)
    world.kept_per_kind = 30
    for _ in range(40):
        for event in EVENTS:
            change = CHANGES[event](world, None)
            assert (change.path in world.by_path) == (event not in GONE), event
    assert all(len(kept) <= 31 for kept in world.listed.values())
    assert len(world.by_id) == len(world.by_path) == sum(map(len, world.listed.values()))


def test_a_seed_makes_the_same_company() -> None:
    one, two, other = (create_world(company_people(), seed) for seed in (7, 7, 8))
    assert list(one.by_path) == list(two.by_path)
    assert list(one.by_path) != list(other.by_path)
    assert [person.id for person in one.people] == [person.id for person in other.people]
