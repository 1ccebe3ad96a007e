"""How candidates, applications and what hangs on them look when they are new."""

import unicodedata
from typing import Any

from srhooks.sandbox.making_jobs import job_ref, make_job, person_ref, place
from srhooks.sandbox.names import FIRST_NAMES, LAST_NAMES, QUESTIONS, REVIEWS, SOURCES, TAGS
from srhooks.sandbox.world import Entity, World, action, day_ahead, now


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
        "web": {"linkedin": f"https://linkedin.example/in/{_plain(first)}-{_plain(last)}"},
        "tags": rng.sample(TAGS, 2),
        "averageRating": None,
        "createdOn": moment,
        "updatedOn": moment,
        "experience": [
            {
                "title": rng.choice(["Engineer", "Analyst", "Consultant", "Team lead"]),
                "current": True,
                "startDate": f"20{rng.randrange(14, 25)}-03",
                "company": rng.choice(["Globex", "Initech", "Umbra", "Hooli"]),
            }
        ],
        "education": [{"institution": "TU Example", "degree": "MSc", "current": False}],
        "primaryAssignment": None,
        "actions": {
            "details": action(path),
            "applications": action(f"{path}/jobs"),
        },
    }
    ids = {"id": candidate_id}
    return world.add(Entity(kind="candidate", id=candidate_id, path=path, ids=ids, data=data))


def make_application(world: World) -> Entity:
    """A new candidate's application at `/candidates/{id}/jobs/{id}`."""
    job = world.pick("job", None, make_job)
    candidate = make_candidate(world)
    application_id = world.new_id()
    path = f"{candidate.path}/jobs/{job.id}"
    moment = now()
    source = world.rng.choice(SOURCES)
    data = {
        "id": application_id,
        "status": "NEW",
        "subStatus": None,
        "onboardingStatus": None,
        "rating": None,
        "source": {"type": "SOURCED", "subType": "JOB_BOARD", "label": source},
        "applicationDate": moment,
        "createdOn": moment,
        "updatedOn": moment,
        "job": job_ref(job),
        "candidate": candidate_ref(candidate),
        "properties": [{"id": "salary-expectation", "value": 60_000}],
        "actions": {
            "details": action(path),
            "job": action(job.path),
            "candidate": action(candidate.path),
            "attachments": action(f"{path}/attachments"),
            "screeningAnswers": action(f"{path}/screening-answers"),
        },
    }
    candidate.data["primaryAssignment"] = {
        "status": "NEW",
        "job": job_ref(job),
        "actions": {"details": action(path)},
    }
    application = Entity(
        kind="application",
        id=application_id,
        path=path,
        ids={"job_id": job.id, "candidate_id": candidate.id},
        data=data,
        parents={"job": job, "candidate": candidate},
    )
    world.add(application)
    for kind in ("attachments", "screening-answers"):
        _add_list(world, application, kind)
    return application


def new_answers(world: World) -> list[dict[str, Any]]:
    """Answers to two screening questions."""
    return [
        {"question": question, "answers": [world.rng.choice(choices)]}
        for question, choices in world.rng.sample(QUESTIONS, 2)
    ]


def make_offer(world: World, application: Entity) -> Entity:
    """An offer at `{application}/offers/{id}`."""
    job, candidate = application.parents["job"], application.parents["candidate"]
    name = f"{candidate.data['firstName']} {candidate.data['lastName']}"
    extra = {
        "title": f"Offer for {name}",
        "status": "DRAFT",
        "salary": {"amount": 50_000 + world.rng.randrange(40) * 1000, "currency": "EUR"},
        "startDate": day_ahead(world, 30, 120),
        "expiresOn": day_ahead(world, 7, 28),
        "position": {"title": job.data["title"]},
    }
    return _add_below(world, application, "offer", "offers", extra)


def make_review(world: World, application: Entity) -> Entity:
    """A review at `{application}/reviews/{id}`."""
    extra = {
        "reviewer": person_ref(world.person()),
        "rating": world.rng.randrange(2, 6),
        "comment": world.rng.choice(REVIEWS),
        "visibility": "HIRING_TEAM",
    }
    return _add_below(world, application, "review", "reviews", extra)


def make_onboarding(world: World, application: Entity) -> Entity:
    """An onboarding process at `{application}/onboarding/{id}`."""
    todo = [("Sign the contract", True), ("Order a laptop", True), ("Meet the team", False)]
    assignments = [
        {
            "id": world.new_id(),
            "name": name,
            "priority": "HIGH" if high else "NORMAL",
            "status": "OPEN",
            "assignee": person_ref(world.person()),
        }
        for name, high in todo
    ]
    extra = {"status": "IN_PROGRESS", "startedOn": now(), "assignments": assignments}
    return _add_below(world, application, "onboarding", "onboarding", extra)


def make_interview(world: World, application: Entity) -> Entity:
    """An interview at `/interviews-api/v201904/interviews/{id}`."""
    hour = world.rng.randrange(9, 17)
    extra = {
        "title": world.rng.choice(["Phone screen", "Technical interview", "Team interview"]),
        "status": "SCHEDULED",
        "timezone": "Europe/Berlin",
        "location": "Video call",
        "timeslots": [
            {
                "startsOn": f"{day_ahead(world, 1, 14)}T{hour:02d}:00:00.000Z",
                "durationMinutes": 45,
                "interviewers": [person_ref(world.person()) | {"status": "PENDING"}],
            }
        ],
        "candidateStatus": "PENDING",
    }
    return _add_below(world, application, "interview", "/interviews-api/v201904/interviews", extra)


def candidate_ref(candidate: Entity) -> dict[str, Any]:
    """A candidate as other entities mention one."""
    named = {name: candidate.data[name] for name in ("id", "firstName", "lastName", "email")}
    return named | {"actions": {"details": action(candidate.path)}}


def phone(world: World) -> str:
    """A number of the range kept for fiction."""
    return f"+1 202 555 {world.rng.randrange(100, 200):04d}"


def _add_below(
    world: World, application: Entity, kind: str, where: str, extra: dict[str, Any]
) -> Entity:
    """An entity that belongs to an application, at `where` below it or from the root."""
    entity_id = world.new_id()
    root = where if where.startswith("/") else f"{application.path}/{where}"
    moment = now()
    data = {
        "id": entity_id,
        **extra,
        "job": application.data["job"],
        "candidate": application.data["candidate"],
        "createdOn": moment,
        "updatedOn": moment,
        "actions": {
            "details": action(f"{root}/{entity_id}"),
            "application": action(application.path),
        },
    }
    named = {"onboarding": "onboarding_process_id"}.get(kind, f"{kind}_id")
    return world.add(
        Entity(
            kind=kind,
            id=entity_id,
            path=f"{root}/{entity_id}",
            ids=application.ids | {named: entity_id},
            data=data,
            parents=application.parents | {"application": application},
        )
    )


def _add_list(world: World, application: Entity, kind: str) -> Entity:
    """The one list of its kind that an application has, at `{application}/{kind}`; yet empty."""
    path = f"{application.path}/{kind}"
    return world.add(
        Entity(
            kind=kind,
            id=application.id,
            path=path,
            ids=application.ids | {"application_id": application.id},
            data={
                "content": [],
                "totalFound": 0,
                "updatedOn": now(),
                "actions": {"details": action(path), "application": action(application.path)},
            },
            parents=application.parents | {"application": application},
        )
    )


def _plain(name: str) -> str:
    """ASCII letters alone, for addresses."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalpha())
