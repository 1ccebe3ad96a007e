"""Facts of docs/fidelity.md about entities and the audit log, held on both doubles."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.doubles import Double, said
from tests.support.sandbox_fixtures import Receiver, receiving
from tests.support.vendor_shapes import BODIES, INTERVIEW_BODY, INTERVIEWS, SHAPES, faults

AUDIT = "/audit-api/v201910/audit-events"
DAY = 86_400  # seconds
# Events whose link leads to a thing that the vendor describes, and the field of its id.
DESCRIBED = {
    "job.created": ("job_details", "id"),
    "job.updated": ("job_details", "id"),
    "job.ad.created": ("job_ad_item", "job_ad_id"),
    "position.created": ("job_position", "position_id"),
    "application.created": ("application", ""),
    "application.attachment.created": ("candidate_attachments_for_job", ""),
    "candidate.created": ("candidate_details", "id"),
    "candidate.updated": ("candidate_details", "id"),
    "offer.created": ("offer", "offer_id"),
    "interview.created": ("interview", "interview_id"),
    "interview.updated": ("interview", "interview_id"),
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def test_the_body_of_each_event_and_a_link_that_answers(
    double: Double, receiver: Receiver
) -> None:
    mine = double.as_key()
    events = [*SHAPES["event_name"]["enum"], *INTERVIEWS]
    await mine.subscribe(receiver.url, *events)
    for event in events:
        await double.fire(event)
        headers, raw = receiver.received[-1]
        assert headers["event-name"] == event
        body = json.loads(raw)
        assert all(isinstance(value, str) and value for value in body.values()), event
        if event in INTERVIEWS:
            assert set(body) == set(INTERVIEW_BODY)
        else:
            shape = BODIES[max((head for head in BODIES if event.startswith(head)), key=len)]
            assert list(faults(body, shape)) == [], event
        answer = await mine.call("GET", link_of(receiver))
        if event.endswith(".deleted"):
            assert answer.status in {404, 410}, event
            assert said(answer)
        elif event != "interview.canceled":  # no text says what becomes of it
            assert answer.status == 200, event
            assert isinstance(answer.json, dict)


@pytest.mark.parametrize("event", DESCRIBED)
async def test_what_the_vendor_describes_has_its_fields(
    double: Double, receiver: Receiver, event: str
) -> None:
    mine = double.as_key()
    await mine.subscribe(receiver.url, event)
    await double.fire(event)
    body = json.loads(receiver.received[-1][1])
    answer = await mine.call("GET", link_of(receiver))
    shape, named = DESCRIBED[event]
    assert list(faults(answer.json, shape)) == []
    if named:
        assert answer.json["id"] == body[named]


def link_of(receiver: Receiver) -> str:
    link: str = receiver.received[-1][0]["link"]
    return link.partition(">")[0][1:]


async def test_an_entity_is_read_and_no_more(double: Double, receiver: Receiver) -> None:
    mine = double.as_key()
    await mine.subscribe(receiver.url, "job.created")
    await double.fire("job.created")
    for method in ("PUT", "DELETE"):
        answer = await mine.call(method, link_of(receiver))
        assert answer.status in {404, 405}
        assert set(answer.json) == {"message", "errors"}
        assert list(faults(answer.json, "error_response")) == []
    nowhere = await mine.call("GET", "/nothing/here")
    assert nowhere.status == 404
    assert said(nowhere)


async def test_the_audit_log_by_name_and_date(double: Double) -> None:
    mine = double.as_key()
    for name, kind, age in (
        ("USER_ROLE_CHANGED", "USER", 8 * DAY),
        ("CREDENTIALS_CREATED", "CREDENTIAL", 6 * DAY),
        ("CREDENTIALS_CHANGED", "CREDENTIAL", 7200),
        ("CREDENTIALS_REVOKED", "CREDENTIAL", 3600),
    ):
        double.audit(name, kind, age)

    async def names(*query: tuple[str, str]) -> list[str]:
        answer = await mine.call("GET", AUDIT, params=list(query))
        assert answer.status == 200, answer.text
        assert set(answer.json) == {"content", "limit", "nextPageId", "totalFound"}
        return [record["eventName"] for record in answer.json["content"]]

    def ago(seconds: float) -> str:
        moment = datetime.now(UTC) - timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    recent = ["CREDENTIALS_REVOKED", "CREDENTIALS_CHANGED", "CREDENTIALS_CREATED"]
    assert await names() == recent, "seven days where no date is given"
    assert await names(("eventDateAfter", ago(9 * DAY))) == [*recent, "USER_ROLE_CHANGED"]
    between = (("eventDateAfter", ago(7 * DAY)), ("eventDateBefore", ago(5400)))
    assert await names(*between) == recent[1:]
    assert await names(("eventName", recent[0])) == recent[:1]
    assert await names(("eventName", recent[0]), ("eventName", recent[1])) == recent[:2]
    assert await names(("entityType", "USER")) == []
    assert await names(("entityType", "USER"), ("eventDateAfter", ago(9 * DAY))) == [
        "USER_ROLE_CHANGED"
    ]
    first = (await mine.call("GET", AUDIT, params={"limit": "2"})).json
    assert [record["eventName"] for record in first["content"]] == recent[:2]
    assert await names(("limit", "2"), ("nextPageId", first["nextPageId"])) == recent[2:]
    for record in first["content"]:
        assert datetime.fromisoformat(record["eventDate"]).tzinfo is not None
    for wrong in (
        {"limit": "101"}, {"nextPageId": "none"}, {"author": "ada"}, {"page_id": "1"},
        {"eventDateAfter": "yesterday"}, {"eventDateBefore": "2026-11-24"},
    ):  # fmt: skip
        answer = await mine.call("GET", AUDIT, params=wrong)
        assert answer.status == 400, wrong
        assert said(answer)
