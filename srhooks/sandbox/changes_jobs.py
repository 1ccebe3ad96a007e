"""What the events of jobs, positions and job ads do to the data."""

from collections.abc import Callable

from srhooks.sandbox.making_jobs import make_ad, make_job, make_position, person_ref, place
from srhooks.sandbox.world import Change, Entity, World, day_ahead, touch

JOB_STATUSES = ("CREATED", "SOURCING", "INTERVIEW", "OFFER", "FILLED")
SPARE = 3  # deletions leave at least this many, so that there is always something to show

Changer = Callable[[World, str | None], Change]


def told(entity: Entity) -> Change:
    """The notification about an entity itself."""
    return Change(body=dict(entity.ids), path=entity.path)


def any_position(world: World) -> Entity:
    return make_position(world, world.pick("job", None, make_job))


def any_ad(world: World) -> Entity:
    return make_ad(world, world.pick("job", None, make_job))


def job_created(world: World, entity_id: str | None) -> Change:
    """A new job, or the news of one that exists."""
    return told(world.pick("job", entity_id, make_job) if entity_id else make_job(world))


def job_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    job.data["location"] = place(world)
    job.data["compensation"]["max"] += 1000
    job.data["targetHiringDate"] = day_ahead(world, 30, 200)
    return _job_moved(job)


def job_status_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    position = JOB_STATUSES.index(job.data["status"])
    job.data["status"] = JOB_STATUSES[(position + 1) % len(JOB_STATUSES)]
    return _job_moved(job)


def job_team_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    team = job.data["hiringTeam"]
    on_it = {member["id"] for member in team}
    others = [one for one in world.people if one.id not in on_it]
    if others:
        role = world.rng.choice(["HIRING_MANAGER", "COORDINATOR", "INTERVIEW_TEAM"])
        team.append(person_ref(world.rng.choice(others)) | {"role": role})
    else:
        del team[1:]
    return _job_moved(job)


def ad_created(world: World, entity_id: str | None) -> Change:
    """`entity_id` names the job."""
    return told(make_ad(world, world.pick("job", entity_id, make_job)))


def ad_updated(world: World, entity_id: str | None) -> Change:
    ad = world.pick("job.ad", entity_id, any_ad)
    title = ad.data["title"].removesuffix(" (m/f/x)")
    ad.data["title"] = title if title != ad.data["title"] else f"{title} (m/f/x)"
    touch(ad)
    return told(ad)


def ad_postings_updated(world: World, entity_id: str | None) -> Change:
    ad = world.pick("job.ad", entity_id, any_ad)
    postings = ad.data["postings"]
    status = "INACTIVE" if postings and postings[0]["status"] == "ACTIVE" else "ACTIVE"
    postings[:] = [{"id": world.new_id(), "source": "Career site", "status": status}]
    ad.parents["job"].data["postingStatus"] = "PUBLIC" if status == "ACTIVE" else "NOT_PUBLISHED"
    touch(ad)
    return told(ad)


def position_created(world: World, entity_id: str | None) -> Change:
    """`entity_id` names the job."""
    return told(make_position(world, world.pick("job", entity_id, make_job)))


def position_updated(world: World, entity_id: str | None) -> Change:
    position = world.pick("position", entity_id, any_position)
    position.data["targetStartDate"] = day_ahead(world, 30, 200)
    position.data["status"] = "FILLED" if position.data["status"] == "OPEN" else "OPEN"
    touch(position)
    return told(position)


def position_deleted(world: World, entity_id: str | None) -> Change:
    position = world.pick("position", entity_id, any_position)
    if len(world.listed["position"]) <= SPARE:
        make_position(world, position.parents["job"])
    world.remove(position, 404)
    return told(position)


def _job_moved(job: Entity) -> Change:
    touch(job)
    job.data["lastActivityOn"] = job.data["updatedOn"]
    return told(job)


JOB_CHANGES: dict[str, Changer] = {
    "job.created": job_created,
    "job.updated": job_updated,
    "job.status.updated": job_status_updated,
    "job.hiring-team.updated": job_team_updated,
    "job.ad.created": ad_created,
    "job.ad.updated": ad_updated,
    "job.ad.postings.updated": ad_postings_updated,
    "position.created": position_created,
    "position.updated": position_updated,
    "position.deleted": position_deleted,
}
