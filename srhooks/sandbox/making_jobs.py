"""How jobs, positions, job ads and approvals look when they are new."""

from typing import Any

from srhooks.sandbox.names import JOB_TITLES, PLACES
from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.world import Entity, World, action, day_ahead, now


def make_job(world: World) -> Entity:
    """A job at `/jobs/{id}`."""
    rng, job_id = world.rng, world.new_id()
    title, department = rng.choice(JOB_TITLES)
    path = f"/jobs/{job_id}"
    moment = now()
    data = {
        "id": job_id,
        "title": title,
        "refNumber": f"REF{rng.randrange(100, 99_999)}{rng.choice('ABCDEFGHKLMNP')}",
        "status": "CREATED",
        "postingStatus": "NOT_PUBLISHED",
        "createdOn": moment,
        "updatedOn": moment,
        "lastActivityOn": moment,
        "targetHiringDate": day_ahead(world, 30, 200),
        "department": {"id": str(1000 + len(department)), "label": department},
        "location": place(world),
        "industry": {"id": "internet", "label": "Internet"},
        "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
        "experienceLevel": {"id": "mid_senior_level", "label": "Mid-Senior Level"},
        "language": {"code": "en", "label": "English"},
        "compensation": {
            "min": 52_000,
            "max": 78_000 + rng.randrange(20) * 1000,
            "currency": "EUR",
        },
        "creator": person_ref(world.person()),
        "hiringTeam": [person_ref(world.person()) | {"role": "RECRUITER"}],
        "actions": {
            "details": action(path),
            "positions": action(f"{path}/positions"),
            "jobAds": action(f"{path}/jobads"),
        },
    }
    return world.add(Entity(kind="job", id=job_id, path=path, ids={"id": job_id}, data=data))


def make_position(world: World, job: Entity) -> Entity:
    """An opening of a job at `/jobs/{id}/positions/{id}`."""
    position_id = world.new_id()
    path = f"{job.path}/positions/{position_id}"
    moment = now()
    data = {
        "id": position_id,
        "positionId": f"P-{world.rng.randrange(1000, 99_999)}",
        "type": world.rng.choice(["NEW", "REPLACEMENT"]),
        "positionOpenDate": moment[:10],
        "targetStartDate": day_ahead(world, 30, 200),
        "status": "OPEN",
        "incumbentName": None,
        "job": job_ref(job),
        "createdOn": moment,
        "updatedOn": moment,
        "actions": {"details": action(path), "job": action(job.path)},
    }
    ids = {"job_id": job.id, "position_id": position_id}
    return world.add(
        Entity(kind="position", id=position_id, path=path, ids=ids, data=data, parents={"job": job})
    )


def make_ad(world: World, job: Entity) -> Entity:
    """A job ad at `/jobs/{id}/jobads/{id}`."""
    ad_id = world.new_id()
    path = f"{job.path}/jobads/{ad_id}"
    moment = now()
    data = {
        "id": ad_id,
        "title": job.data["title"],
        "language": job.data["language"],
        "location": job.data["location"],
        "default": True,
        "creatorId": world.person().id,
        "sections": {
            "companyDescription": {"title": "Who we are", "text": "Acme makes everything."},
            "jobDescription": {"title": "What you do", "text": f"{job.data['title']} at Acme."},
        },
        "postings": [],
        "createdOn": moment,
        "updatedOn": moment,
        "actions": {"details": action(path), "job": action(job.path)},
    }
    ids = {"job_id": job.id, "job_ad_id": ad_id}
    return world.add(
        Entity(kind="job.ad", id=ad_id, path=path, ids=ids, data=data, parents={"job": job})
    )


def make_approval(world: World, subject: Entity) -> Entity:
    """An approval of a job or an offer at `/approvals-api/v201910/approvals/{id}`."""
    approval_id = world.new_id()
    path = f"/approvals-api/v201910/approvals/{approval_id}"
    moment = now()
    approvers = world.rng.sample(world.people, 2)
    steps = [
        {
            "id": world.new_id(),
            "order": order,
            "status": "PENDING",
            "approvers": [person_ref(one) | {"decision": "PENDING"}],
        }
        for order, one in enumerate(approvers, 1)
    ]
    subject_ids = {"job_id": subject.id} if subject.kind == "job" else dict(subject.ids)
    data = {
        "id": approval_id,
        "subject": {"type": subject.kind.upper(), "id": subject.id, "title": subject.data["title"]},
        "status": "PENDING",
        "createdBy": person_ref(world.person()),
        "createdOn": moment,
        "updatedOn": moment,
        "steps": steps,
        "comments": [],
        "actions": {"details": action(path), "subject": action(subject.path)},
    }
    return world.add(
        Entity(
            kind=f"{subject.kind}.approval",
            id=approval_id,
            path=path,
            ids=subject_ids | {"approval_id": approval_id},
            data=data,
            parents={subject.kind: subject} | subject.parents,
        )
    )


def job_ref(job: Entity) -> dict[str, Any]:
    """A job as other entities mention it."""
    return {
        "id": job.id,
        "title": job.data["title"],
        "refNumber": job.data["refNumber"],
        "actions": {"details": action(job.path)},
    }


def person_ref(person: SandboxUser) -> dict[str, Any]:
    """A user of the company as entities mention one."""
    return {"id": person.id, "firstName": person.first_name, "lastName": person.last_name}


def place(world: World) -> dict[str, Any]:
    """Somewhere."""
    city, region, country = world.rng.choice(PLACES)
    return {"city": city, "region": region, "country": country, "remote": world.rng.random() < 0.3}
