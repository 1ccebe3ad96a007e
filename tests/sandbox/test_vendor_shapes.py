"""What the sandbox sends against the vendor's own description of its API."""

import json

import pytest
from srhooks.sandbox import EVENTS

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, Client, receiving, running
from tests.support.vendor_shapes import BODIES, ENTITIES, INTERVIEW_BODY, SHAPES, faults


def test_the_comparison_can_fail() -> None:
    assert list(faults({"id": "1"}, "job_webhook_payload")) == []
    assert list(faults({}, "job_webhook_payload"))
    assert list(faults({"id": "1", "job_id": "2"}, "job_webhook_payload"))
    assert list(faults({"status": "suspended", "callbackUrl": "", "events": []}, "subscription"))


def test_the_events_are_those_of_the_vendor_and_of_interviews() -> None:
    vendor = set(SHAPES["event_name"]["enum"])
    assert set(EVENTS) == vendor | {"interview.created", "interview.updated", "interview.canceled"}


@pytest.mark.parametrize("event", EVENTS)
async def test_the_body_of_each_event(event: str) -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, event)
        for _ in range(3):
            await sandbox.fire(event)
        for _, raw in receiver.received:
            body = json.loads(raw)
            assert all(isinstance(value, str) and value for value in body.values())
            if event.startswith("interview."):
                assert set(body) == INTERVIEW_BODY
            else:
                shape = BODIES[max((head for head in BODIES if event.startswith(head)), key=len)]
                assert list(faults(body, shape)) == []


@pytest.mark.parametrize("event", ENTITIES)
async def test_the_entity_a_link_leads_to(event: str) -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        head = event.rpartition(".")[0]
        related = [name for name in EVENTS if name.startswith(head) and "approv" not in name]
        await ada.subscribe(receiver.url, event)
        for _ in range(5):
            await sandbox.fire(event)
            url = receiver.received[-1][0]["link"].partition(">")[0][1:]
            answer = await ada.call("GET", url)
            assert answer.status == 200
            assert list(faults(answer.json, ENTITIES[event])) == []
            for other in related:  # and as they leave it
                await sandbox.fire(other)


async def test_lists_subscriptions_records_and_people() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada: Client = await client.log_in(sandbox.people[0])
        made = await ada.subscribe(receiver.url, "job.updated", alertingEmailAddress="a@b.example")
        await sandbox.fire("job.updated")
        path = f"{SUBSCRIPTIONS}/{made['id']}"
        key = await ada.call("POST", f"{path}/secret-key")
        job = sandbox.world.listed["job"][0]
        for value, shape in (
            (made, "subscription"),
            ((await ada.call("GET", SUBSCRIPTIONS)).json, "subscription"),
            ((await ada.call("GET", f"{path}/callbacks-log")).json, "callback_request"),
            (key.json, "secret_key_payload"),
            ((await ada.call("GET", "/jobs")).json, "jobs"),
            ((await ada.call("GET", "/jobs")).json["content"], "job_summary"),
            ((await ada.call("GET", "/candidates")).json, "candidates"),
            ((await ada.call("GET", "/candidates")).json["content"], "candidate"),
            ((await ada.call("GET", f"{job.path}/positions")).json, "job_positions"),
            ((await ada.call("GET", "/user-api/v201804/users/me")).json, "user_entity"),
        ):
            assert list(faults(value, shape)) == [], shape


async def test_a_suspended_subscription_reads_inactive_and_no_third_word() -> None:
    async with running(suspend_after=1) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        made = await ada.subscribe(receiver.url, "job.updated")
        receiver.status = 500
        await sandbox.fire("job.updated")
        [listed] = (await ada.call("GET", SUBSCRIPTIONS)).json
        assert listed == {**made, "status": "inactive"}
