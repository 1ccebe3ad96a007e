"""What the sandbox sends against the vendor's own description of its API.

`tests/data/vendor_shapes.json` has the fields, the required ones and the enums of each schema. A
thing may not have a field that its schema lacks, nor lack one that is required.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from srhooks.sandbox import EVENTS

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, Client, receiving, running

SHAPES: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "vendor_shapes.json").read_text()
)
# The longest beginning of an event's name that stands here says what its body is.
BODIES = {
    "job.": "job_webhook_payload",
    "job.ad.": "job_ad_webhook_payload",
    "job.ad.postings.": "job_ad_postings_webhook_payload",
    "job.approval.": "job_approval_webhook_payload",
    "job.approver.": "job_approval_webhook_payload",
    "position.": "position_webhook_payload",
    "application.": "application_webhook_payload",
    "application.attachment.": "application_attachment_webhook_payload",
    "application.screening-answers.": "screening_questions_answers_webhook_payload",
    "candidate.": "candidate_webhook_payload",
    "offer.": "offer_webhook_payload",
    "offer.approval.": "offer_approval_webhook_payload",
    "offer.approver.": "offer_approval_webhook_payload",
    "review.": "review_webhook_payload",
    "onboarding.process.": "onboarding_process_webhook_payload",
    "onboarding.assignments.": "onboarding_assignments_completed_webhook_payload",
}
INTERVIEW_BODY = {"interview_id", "application_id", "candidate_id", "company_id"}
# The entity a link leads to, and the schemas of what is inside it.
ENTITIES = {
    "job.created": "job_details",
    "job.hiring-team.updated": "hiring_team_members",
    "job.ad.created": "job_ad_item",
    "position.created": "job_position",
    "application.created": "application",
    "application.fields.updated": "candidate_properties",
    "application.attachment.created": "candidate_attachments_for_job",
    "candidate.created": "candidate_details",
    "offer.created": "offer",
    "interview.created": "interview",
}
INSIDE = {
    ("job_details", "actions"): "job_details_actions",
    ("job_details", "compensation"): "compensation",
    ("job_details", "location"): "location",
    ("job_details", "creator"): "user_identity",
    ("job_details", "jobAd"): "job_ad",
    ("job_ad_item", "jobAd"): "job_ad",
    ("job_ad_item", "language"): "job_ad_language",
    ("job_ad_item", "actions"): "job_ad_item_actions",
    ("job_ad", "sections"): "job_ad_sections",
    ("job_ad_sections", "jobDescription"): "job_ad_section",
    ("hiring_team_members", "content"): "hiring_team_member_response",
    ("hiring_team_member_response", "actions"): "hiring_team_member_response_actions",
    ("candidate_details", "location"): "candidate_location",
    ("candidate_details", "web"): "web",
    ("candidate_details", "education"): "education",
    ("candidate_details", "experience"): "experience",
    ("candidate_details", "primaryAssignment"): "candidate_primary_assignment",
    ("candidate_primary_assignment", "job"): "candidate_primary_assignment_job",
    ("candidate_properties", "content"): "candidate_property",
    ("candidate_attachments_for_job", "content"): "candidate_attachment_for_job",
    ("candidate_attachment_for_job", "actions"): "candidate_attachment_for_job_actions",
    ("interview", "timeslots"): "timeslot",
    ("timeslot", "interviewers"): "interviewer",
    ("callback_request", "requestDetails"): "callback_request_request_details",
}
ENUMS = {
    ("job_details", "status"): "job_status",
    ("job_details", "postingStatus"): "posting_status",
    ("hiring_team_member_response", "role"): "hiring_team_member_role",
    ("application", "status"): "candidate_status_enum",
    ("candidate_primary_assignment", "status"): "candidate_status_enum",
    ("timeslot", "candidateStatus"): "candidate_attendee_status_value",
    ("offer", "status"): "offer",
    ("subscription", "status"): "subscription",
    ("callback_request", "status"): "callback_request_status",
}


def faults(value: Any, shape: str, where: str = "") -> Iterable[str]:
    """Everything in `value` that its schema does not have or must have, by path."""
    if isinstance(value, list):
        for item in value:
            yield from faults(item, shape, where)
        return
    if value is None:
        return
    known, required = set(SHAPES[shape]["fields"]), set(SHAPES[shape].get("required", ()))
    yield from (f"{where}: {shape} has no {name}" for name in value.keys() - known)
    yield from (f"{where}: {shape} lacks {name}" for name in required - value.keys())
    for name, item in value.items():
        if (shape, name) in INSIDE:
            yield from faults(item, INSIDE[shape, name], f"{where}.{name}")
        if (shape, name) in ENUMS and item not in SHAPES[ENUMS[shape, name]]["enum"]:
            yield f"{where}.{name}: {item} is none of {ENUMS[shape, name]}"


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
