"""A text is an id only where it stands as one, and together belongs what stands together."""

import json
from typing import Any

import pytest
from srhooks.domain.models import TEST_HEADER, TEST_VERIFIED, Notification
from srhooks.domain.subjects import (
    MAX_ID,
    MAX_SUBJECTS,
    Subject,
    deleted_candidate,
    subjects_of,
)

from tests.support.notifications import notification

API = "https://api.smartrecruiters.com"
CANDIDATE = Subject("candidate", "c-4711-long")


def received(
    body: Any = None, *, event: str | None = None, link: str | None = None, entity: Any = None,
    headers: dict[str, str] | None = None, changes: Any = None,
) -> Notification:  # fmt: skip
    return notification(
        event_name=event,
        link=link,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        entity=None if entity is None else json.dumps(entity).encode(),
        headers_json=json.dumps(headers or {}),
        changes=None if changes is None else json.dumps(changes),
        title=None,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"body": {"candidate_id": CANDIDATE.id}},
        {"body": {"candidateId": CANDIDATE.id}},
        {"body": {"deep": [{"x": {"candidateId": CANDIDATE.id}}]}},
        {"body": {"candidate": {"id": CANDIDATE.id}}},
        {"body": {"candidates": [{"id": CANDIDATE.id}]}},
        {"body": {"candidateIds": [CANDIDATE.id]}},
        {"body": {"mergedCandidateId": CANDIDATE.id}},
        {"body": {"id": CANDIDATE.id}, "event": "candidate.created"},
        {"body": {"web": f"https://app.example/people/candidates/{CANDIDATE.id}?tab=1"}},
        {"body": f"see {API}/candidates/{CANDIDATE.id}/jobs/1 please"},
        {"body": f"/candidates/{CANDIDATE.id}"},
        {"body": f"https://go.example/?to=https%3A%2F%2Fx%2Fcandidates%2F{CANDIDATE.id}"},
        {"body": b'{"candidate_id": "%s", "cut off' % CANDIDATE.id.encode()},
        {"body": b"candidate_id=%s&x=1" % CANDIDATE.id.encode()},
        {"body": b'{"id": "%s", "cut' % CANDIDATE.id.encode(), "event": "candidate.updated"},
        {"link": f"{API}/candidates/{CANDIDATE.id}"},
        {"link": f"{API}/candidates/{CANDIDATE.id}/jobs/7"},
        {"entity": {"id": CANDIDATE.id}, "link": f"{API}/candidates/{CANDIDATE.id}"},
        {"entity": {"id": CANDIDATE.id}, "link": f"{API}/x", "event": "candidate.updated"},
        {"entity": {"id": CANDIDATE.id, "firstName": "A", "internal": True}, "link": f"{API}/x"},
        {"entity": {"actions": {"x": {"url": f"{API}/candidates/{CANDIDATE.id}"}}}},
        {"headers": {"link": f"<{API}/candidates/{CANDIDATE.id}"}},
        {"headers": {"link": f"<candidates/{CANDIDATE.id}>; rel"}},
        {"headers": {"x-candidate-id": CANDIDATE.id}},
        {"headers": {"x-sr-candidateid": CANDIDATE.id}},
        {"headers": {"referer": f"https://app.example/candidates/{CANDIDATE.id}"}},
        {"changes": [{"field": "candidate.id", "before": CANDIDATE.id, "now": None}]},
        {"changes": [{"field": "candidates.0.id", "before": None, "now": CANDIDATE.id}]},
    ],
)
def test_an_id_is_found_in_its_places(given: dict[str, Any]) -> None:
    assert CANDIDATE in subjects_of(received(**given)).named


@pytest.mark.parametrize(
    "given",
    [
        {"body": {"id": CANDIDATE.id}, "event": "job.created"},
        {"body": {"id": CANDIDATE.id}},
        {"body": {"name": CANDIDATE.id, "candidate": CANDIDATE.id}},
        {"body": {CANDIDATE.id: 1}},
        {"body": f"about {CANDIDATE.id} and candidates/{CANDIDATE.id}"},
        {"body": {"reviewer": {"id": CANDIDATE.id}, "tags": [CANDIDATE.id]}},
        {"link": f"{API}/jobs/{CANDIDATE.id}"},
        {"link": f"{API}/people?name={CANDIDATE.id}"},
        {"entity": {"id": CANDIDATE.id}, "link": f"{API}/jobs/1", "event": "job.updated"},
        {"entity": {"id": CANDIDATE.id, "source": "x"}, "link": f"{API}/candidates/1/attachments"},
        {"headers": {"x-note": CANDIDATE.id, "event-id": CANDIDATE.id}},
        {"changes": [{"field": "title", "before": CANDIDATE.id, "now": "candidate"}]},
    ],
)
def test_a_name_or_a_word_is_no_id(given: dict[str, Any]) -> None:
    assert CANDIDATE not in subjects_of(received(**given)).named


@pytest.mark.parametrize("value", [True, 1, 1.5, None, [], {}, "", "x" * (MAX_ID + 1)])
def test_only_texts_are_ids(value: Any) -> None:
    found = subjects_of(received({"id": value, "candidate_id": value}, event="candidate.deleted"))
    assert found.named == set()
    assert deleted_candidate({"id": value}, None) is None
    assert deleted_candidate({"id": value}, f"{API}/candidates/other") is None


def test_whom_a_deletion_is_about() -> None:
    assert deleted_candidate({"id": "a"}, None) == "a"
    assert deleted_candidate({"candidate_id": "b", "id": "a"}, None) == "b"
    assert deleted_candidate({}, f"{API}/candidates/c%20d/jobs/1") == "c d"
    assert deleted_candidate("text", None) is None


def groups_of(**given: Any) -> list[set[str]]:
    return [{one.id for one in group} for group in subjects_of(received(**given)).groups]


def test_what_stands_together_belongs_together() -> None:
    flat = {"job_id": "j", "candidate_id": "c", "application_id": "a"}
    assert {"c", "a"} in groups_of(body=flat)
    assert {"a", "r"} in groups_of(body={"application_id": "a", "review_id": "r"})
    assert {"n", "o"} in groups_of(body={"new_hire_id": "n", "onboarding_process_id": "o"})
    link = f"{API}/candidates/c/jobs/j"
    assert {"c", "a"} in groups_of(body={"application_id": "a"}, link=link)
    entity = {"id": "a", "candidate": {"id": "c"}}
    assert {"c", "a"} in groups_of(entity=entity, link=link, body={})
    assert {"c", "a1", "a2"} in groups_of(
        body={"id": "c", "applications": [{"id": "a1"}, {"id": "a2"}]}, event="candidate.updated"
    )


def test_two_candidates_in_one_place_own_nothing_together() -> None:
    several = [{"id": "a", "applicationId": "x"}, {"id": "b", "applicationId": "y"}]
    found = groups_of(body={"id": "j", "candidates": several}, event="job.updated")
    assert {"a", "x"} in found
    assert {"b", "y"} in found
    assert not any({"a", "b"} <= group or {"a", "y"} <= group for group in found)


def test_a_job_is_nobodys() -> None:
    found = groups_of(body={"job_id": "j", "candidate_id": "c", "approval_id": "p"})
    assert found == []


def test_a_verified_test_names_nothing() -> None:
    named = {"id": CANDIDATE.id}
    verified = received(named, event="candidate.deleted", headers={TEST_HEADER: TEST_VERIFIED})
    forged = received(named, event="candidate.deleted", headers={TEST_HEADER: "yes"})
    assert subjects_of(verified).named == set()
    assert subjects_of(forged).named == {CANDIDATE}


def test_a_notification_that_names_very_many_says_so() -> None:
    many = {"candidateIds": [f"c{number}" for number in range(MAX_SUBJECTS + 1)]}
    found = subjects_of(received(many))
    assert not found.complete
    assert len(found.named) == MAX_SUBJECTS
    assert subjects_of(received(many), 10_000).complete


@pytest.mark.parametrize(
    ("given", "main"),
    [
        ({"link": f"{API}/candidates/c/jobs/j", "entity": {"id": "a"}},
         Subject("application", "a")),
        ({"link": f"{API}/candidates/c/reviews/r"}, Subject("review", "r")),
        ({"body": {"id": "j"}, "event": "job.created"}, Subject("job", "j")),
        ({"body": {"job_id": "j", "approval_id": "p"}, "event": "job.approval.created"},
         Subject("approval", "p")),
        ({"body": {"onboarding_process_id": "o"}, "event": "onboarding.process.started"},
         Subject("onboarding", "o")),
        ({"body": {"id": "j"}, "event": "job.ad.created"}, None),
    ],
)  # fmt: skip
def test_what_it_is_about(given: dict[str, Any], main: Subject | None) -> None:
    assert subjects_of(received(**{"body": {}, **given})).main == main


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("candidate", '{"id": "c-4711-long"}'),
        ("candidate", '{"id": "c-4711-long", "name": "cut off…'),
        ("candidates.0", "Ada Moss (c-4711-long)"),
        ("candidates", "Ada Moss (c-4711-long), Ben Ode (c-2)"),
    ],
)
def test_an_object_in_what_changed_names_its_id(field: str, text: str) -> None:
    change = [{"field": field, "before": text, "now": None}]
    assert CANDIDATE in subjects_of(received(changes=change)).named
