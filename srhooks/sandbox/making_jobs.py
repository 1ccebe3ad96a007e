"""How jobs, positions, job ads and approvals look when they are new.

The fields are those of the service's API description; an approval's are assumed.
"""

from typing import Any

from srhooks.sandbox.names import JOB_TITLES, PLACES
from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.world import Entity, World, action, day_ahead, now


def make_job(world: World) -> Entity:
    """A job at `/jobs/{id}`, with its hiring team at `/jobs/{id}/hiring-team`."""
    rng, job_id = world.rng, world.new_id()
    title, department = rng.choice(JOB_TITLES)
    path = f"/jobs/{job_id}"
    moment = now()
    data = {
        "id": job_id,
        "title": title,
        "refNumber": f"REF{rng.randrange(100, 99_999)}{rng.choice('ABCDEFGHKLMNP')}",
        "createdOn": moment,
        "updatedOn": moment,
        "lastActivityOn": moment,
        "department": {"id": str(1000 + len(department)), "label": department},
        "location": place(world),
        "status": "CREATED",
        "postingStatus": "NOT_PUBLISHED",
        "targetHiringDate": day_ahead(world, 30, 200),
        "industry": {"id": "internet", "label": "Internet"},
        "function": {"id": "engineering", "label": "Engineering"},
        "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
        "experienceLevel": {"id": "mid_senior_level", "label": "Mid-Senior Level"},
        "template": False,
        "creator": person_ref(world.person()),
        "compensation": {
            "min": 52_000,
            "max": 78_000 + rng.randrange(20) * 1000,
            "currency": "EUR",
        },
        "jobAd": _ad_texts(title),
        "properties": [],
        "actions": {
            "details": action(path),
            "hiringTeam": action(f"{path}/hiring-team"),
            "positions": action(f"{path}/positions"),
        },
    }
    job = world.add(Entity(kind="job", id=job_id, path=path, ids={"id": job_id}, data=data))
    world.add(
        Entity(
            kind="hiring-team",
            id=job_id,
            path=f"{path}/hiring-team",
            ids=job.ids,
            data={"totalFound": 1, "content": [team_member(world.person(), "RECRUITER")]},
            parents={"job": job},
        )
    )
    return job


def make_position(world: World, job: Entity) -> Entity:
    """An opening of a job at `/jobs/{id}/positions/{id}`."""
    position_id = world.new_id()
    data = {
        "id": position_id,
        "positionId": f"P-{world.rng.randrange(1000, 99_999)}",
        "type": world.rng.choice(["NEW", "REPLACEMENT"]),
        "incumbentName": None,
        "positionOpenDate": now()[:10],
        "targetStartDate": day_ahead(world, 30, 200),
        "status": "OPEN",
    }
    return world.add(
        Entity(
            kind="position",
            id=position_id,
            path=f"{job.path}/positions/{position_id}",
            ids={"job_id": job.id, "position_id": position_id},
            data=data,
            parents={"job": job},
        )
    )


def make_ad(world: World, job: Entity) -> Entity:
    """A job ad at `/jobs/{id}/jobads/{id}`, with its postings below."""
    ad_id = world.new_id()
    path = f"{job.path}/jobads/{ad_id}"
    moment = now()
    title = job.data["title"]
    data = {
        "id": ad_id,
        "title": title,
        "language": {"code": "en"},
        "jobAd": _ad_texts(title),
        "createdOn": moment,
        "updatedOn": moment,
        "applyUrl": f"https://careers.acme.example/apply/{ad_id}",
        "postingStatus": "NOT_PUBLISHED",
        "default": True,
        "actions": {"postings": action(f"{path}/postings")},
        "creator": person_ref(world.person()),
        "visibility": "PUBLIC",
    }
    ad = world.add(
        Entity(
            kind="job.ad",
            id=ad_id,
            path=path,
            ids={"job_id": job.id, "job_ad_id": ad_id},
            data=data,
            parents={"job": job},
        )
    )
    world.add(
        Entity(
            kind="postings",
            id=ad_id,
            path=f"{path}/postings",
            ids=ad.ids,
            data={"totalFound": 0, "content": []},
            parents={"job": job, "job.ad": ad},
        )
    )
    return ad


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
            "approvers": [person_ref(person) | {"decision": "PENDING"}],
        }
        for order, person in enumerate(approvers, 1)
    ]
    job = subject.parents.get("job", subject)
    subject_ids = {"job_id": job.id} if subject.kind == "job" else dict(subject.ids)
    data = {
        "id": approval_id,
        "subject": {"type": subject.kind.upper(), "id": subject.id, "title": job.data["title"]},
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
            ids={"approval_id": approval_id} | subject_ids,
            data=data,
            parents={subject.kind: subject} | subject.parents,
        )
    )


def job_ref(job: Entity) -> dict[str, Any]:
    """A job as a candidate's assignment mentions it."""
    return {
        "id": job.id,
        "title": job.data["title"],
        "actions": {"details": action(job.path)},
    }


def team_member(person: SandboxUser, role: str) -> dict[str, Any]:
    """Somebody of a hiring team: named by a link alone."""
    path = f"/user-api/v201804/users/{person.id}"
    return {"role": role, "actions": {"details": action(path)}}


def person_ref(person: SandboxUser) -> dict[str, Any]:
    """A user of the company as entities mention one."""
    return {"id": person.id, "firstName": person.first_name, "lastName": person.last_name}


def place(world: World) -> dict[str, Any]:
    """Somewhere."""
    city, region, country, code = world.rng.choice(PLACES)
    return {"country": country, "countryCode": code, "region": region, "city": city}


def _ad_texts(title: str) -> dict[str, Any]:
    sections = {
        "companyDescription": {"title": "Who we are", "text": "Acme makes everything."},
        "jobDescription": {"title": "What you do", "text": f"{title} at Acme."},
    }
    return {"sections": sections, "language": {"code": "en"}}
