"""How candidates, applications and what belongs to them look when they are new.

The fields are those of the service's API description; those of a review, an onboarding process,
an onboarding status and screening answers are assumed.
"""

import unicodedata
import uuid
from typing import Any

from srhooks.sandbox.making_jobs import job_ref, make_job, person_ref, place
from srhooks.sandbox.names import FIRST_NAMES, LAST_NAMES, QUESTIONS, REVIEWS, SOURCES, TAGS
from srhooks.sandbox.people import COMPANY_ID
from srhooks.sandbox.world import Entity, Json, World, action, day_ahead, now


def make_candidate(world: World) -> Entity:
    """A candidate at `/candidates/{id}`."""
    rng, candidate_id = world.rng, world.new_id()
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    path = f"/candidates/{candidate_id}"
    moment = now()
    data = {
        "id": candidate_id,
        "internal": False,
        "firstName": first,
        "lastName": last,
        "email": f"{_plain(first)}.{_plain(last)}{rng.randrange(10, 999)}@mail.example",
        "phoneNumber": phone(world),
        "location": place(world),
        "web": {"linkedIn": f"https://linkedin.example/in/{_plain(first)}-{_plain(last)}"},
        "tags": rng.sample(TAGS, 2),
        "averageRating": None,
        "createdOn": moment,
        "updatedOn": moment,
        "experience": [
            {
                "title": rng.choice(["Engineer", "Analyst", "Consultant", "Team lead"]),
                "company": rng.choice(["Globex", "Initech", "Umbra", "Hooli"]),
                "current": True,
                "startDate": f"20{rng.randrange(14, 25)}-03",
            }
        ],
        "education": [{"institution": "TU Example", "degree": "MSc", "current": False}],
        "primaryAssignment": None,
        "secondaryAssignments": [],
        "actions": {"properties": action(f"{path}/properties")},
    }
    ids = {"id": candidate_id}
    candidate = Entity(kind="candidate", id=candidate_id, path=path, ids=ids, data=data)
    world.add(candidate)
    world.add(
        Entity(
            kind="candidate-properties",
            id=candidate_id,
            path=f"{path}/properties",
            ids=ids,
            data={"content": []},
            parents={"candidate": candidate},
        )
    )
    return candidate


def make_application(world: World) -> Entity:
    """A new candidate's application at `/candidates/{id}/jobs/{id}`."""
    job = world.pick("job", None, make_job)
    candidate = make_candidate(world)
    application_id = world.new_id()
    path = f"{candidate.path}/jobs/{job.id}"
    data = {
        "status": "NEW",
        "subStatus": None,
        "startsOn": None,
        "source": source(world.rng.choice(SOURCES)),
        "reasonOfRejection": None,
        "reasonOfWithdrawal": None,
        "actions": {
            "details": action(path),
            "job": action(job.path),
            "candidate": action(candidate.path),
            "attachments": action(f"{path}/attachments"),
            "screeningAnswers": action(f"{path}/screening-answers"),
            "properties": action(f"{path}/properties"),
            "onboardingStatus": action(f"{path}/onboarding-status"),
        },
    }
    candidate.data["primaryAssignment"] = {"job": job_ref(job), "status": "NEW"}
    application = Entity(
        kind="application",
        id=application_id,
        path=path,
        ids={"job_id": job.id, "candidate_id": candidate.id, "application_id": application_id},
        data=data,
        parents={"job": job, "candidate": candidate},
    )
    world.add(application)
    salary = {
        "id": world.new_id(),
        "label": "Salary expectation",
        "type": "NUMBER",
        "value": 60_000,
        "actions": {"configuration": action(f"{path}/properties")},
    }
    details: dict[str, Json] = {
        "attachments": {"totalFound": 0, "content": []},
        "screening-answers": {"totalFound": 0, "content": []},
        "properties": {"content": [salary]},
        "onboarding-status": {"onboardingStatus": None},
    }
    for kind, detail in details.items():
        world.add(
            Entity(
                kind=kind,
                id=application.id,
                path=f"{path}/{kind}",
                ids=application.ids,
                data=detail,
                parents=application.parents | {"application": application},
            )
        )
    return application


def source(label: str) -> dict[str, str]:
    """Where an application came from."""
    return {
        "sourceTypeId": "JOB_BOARD",
        "sourceSubTypeId": "ORGANIC",
        "sourceId": label,
    }


def new_answers(world: World) -> list[dict[str, Any]]:
    """Answers to two screening questions."""
    return [
        {"question": question, "answers": [world.rng.choice(choices)]}
        for question, choices in world.rng.sample(QUESTIONS, 2)
    ]


def make_offer(world: World, application: Entity) -> Entity:
    """An offer at `{application}/offers/{id}`."""
    offer_id = world.new_id()
    path = f"{application.path}/offers/{offer_id}"
    moment = now()
    salary = 50_000 + world.rng.randrange(40) * 1000
    data = {
        "id": offer_id,
        "status": "CREATED",
        "createdOn": moment,
        "updatedOn": moment,
        "properties": [
            {"id": "salary", "label": "Salary", "value": salary},
            {"id": "start-date", "label": "Start date", "value": day_ahead(world, 30, 120)},
        ],
        "actions": {"details": action(path)},
    }
    job, candidate = application.parents["job"], application.parents["candidate"]
    ids = {"job_id": job.id, "candidate_id": candidate.id, "offer_id": offer_id}
    return _add_below(
        world, application, Entity(kind="offer", id=offer_id, path=path, ids=ids, data=data)
    )


def make_review(world: World, application: Entity) -> Entity:
    """A review at `/reviews-api/v201907/reviews/{id}`; its body names no candidate."""
    review_id = world.new_id()
    path = f"/reviews-api/v201907/reviews/{review_id}"
    moment = now()
    data = {
        "id": review_id,
        "reviewer": person_ref(world.person()),
        "rating": world.rng.randrange(2, 6),
        "comment": world.rng.choice(REVIEWS),
        "createdOn": moment,
        "updatedOn": moment,
        "actions": {"details": action(path), "application": action(application.path)},
    }
    ids = {"application_id": application.id, "review_id": review_id}
    return _add_below(
        world, application, Entity(kind="review", id=review_id, path=path, ids=ids, data=data)
    )


def make_onboarding(world: World, application: Entity) -> Entity:
    """A process at `/onboarding-api/v201910/processes/{id}`; its body names the new hire alone."""
    process_id = world.new_id()
    path = f"/onboarding-api/v201910/processes/{process_id}"
    moment = now()
    tasks = [("Sign the contract", True), ("Order a laptop", True), ("Meet the team", False)]
    assignments = [
        {
            "id": world.new_id(),
            "name": name,
            "priority": "HIGH" if urgent else "NORMAL",
            "status": "OPEN",
            "assignee": person_ref(world.person()),
        }
        for name, urgent in tasks
    ]
    data = {
        "id": process_id,
        "status": "IN_PROGRESS",
        "startedOn": moment,
        "updatedOn": moment,
        "newHire": {"id": _new_hire_id(application)} | _names(application.parents["candidate"]),
        "assignments": assignments,
        "actions": {"details": action(path), "application": action(application.path)},
    }
    ids = {"onboarding_process_id": process_id, "new_hire_id": _new_hire_id(application)}
    return _add_below(
        world, application, Entity(kind="onboarding", id=process_id, path=path, ids=ids, data=data)
    )


def make_interview(world: World, application: Entity) -> Entity:
    """An interview at `/interviews-api/v201904/interviews/{id}`."""
    interview_id = world.new_id()
    hour = world.rng.randrange(9, 17)
    day = day_ahead(world, 1, 14)
    job, candidate = application.parents["job"], application.parents["candidate"]
    data = {
        "id": interview_id,
        "candidate": {"id": candidate.id},
        "jobId": job.id,
        "location": "Video call",
        "organizerId": world.person().id,
        "timezone": "Europe/Berlin",
        "timeslots": [
            {
                "id": world.new_id(),
                "interviewType": "INTERVIEW",
                "title": world.rng.choice(
                    ["Phone screen", "Technical interview", "Team interview"]
                ),
                "place": "Video call",
                "startsOn": f"{day}T{hour:02d}:00:00.000Z",
                "endsOn": f"{day}T{hour:02d}:45:00.000Z",
                "interviewers": [{"id": world.person().id, "status": "pending"}],
                "candidateStatus": "pending",
            }
        ],
        "createdOn": now(),
        "refUrl": f"https://www.smartrecruiters.example/app/interviews/{interview_id}",
        "source": "USER",
    }
    ids = {
        "interview_id": interview_id,
        "application_id": application.id,
        "candidate_id": candidate.id,
        "company_id": COMPANY_ID,
    }
    path = f"/interviews-api/v201904/interviews/{interview_id}"
    return _add_below(
        world, application, Entity(kind="interview", id=interview_id, path=path, ids=ids, data=data)
    )


def phone(world: World) -> str:
    """A number of the range kept for fiction."""
    return f"+1 202 555 {world.rng.randrange(100, 200):04d}"


def _add_below(world: World, application: Entity, entity: Entity) -> Entity:
    """Add what belongs to an application: it goes when the candidate goes."""
    entity.parents = application.parents | {"application": application}
    return world.add(entity)


def _new_hire_id(application: Entity) -> str:
    """A new hire has an id of its own, the same in every process of one application."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, application.id))


def _names(candidate: Entity) -> dict[str, str]:
    return {name: candidate.data[name] for name in ("firstName", "lastName")}


def _plain(name: str) -> str:
    """ASCII letters only, for e-mail addresses."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalpha())
