"""What the events of jobs, positions and job ads do to the data."""

from collections.abc import Callable

from srhooks.sandbox.making_jobs import make_ad, make_job, make_position, place, team_member
from srhooks.sandbox.world import Change, Entity, World, day_ahead, touch

JOB_STATUSES = ("CREATED", "SOURCING", "INTERVIEW", "OFFER", "FILLED")
ROLES = ("HIRING_MANAGER", "COORDINATOR", "INTERVIEW_TEAM")
SPARE = 3  # deletions leave at least this many, so that there is always something to show

Changer = Callable[[World, str | None], Change]


def notification_about(entity: Entity) -> Change:
    """The body and link of a notification about the entity itself."""
    return Change(body=dict(entity.ids), path=entity.path)


def any_position(world: World) -> Entity:
    return make_position(world, world.pick("job", None, make_job))


def any_ad(world: World) -> Entity:
    return make_ad(world, world.pick("job", None, make_job))


def job_created(world: World, entity_id: str | None) -> Change:
    """A new job, or the news of one that exists."""
    return notification_about(
        world.pick("job", entity_id, make_job) if entity_id else make_job(world)
    )


def job_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    job.data["location"] = place(world)
    job.data["compensation"]["max"] += 1000
    job.data["targetHiringDate"] = day_ahead(world, 30, 200)
    return _job_changed(job)


def job_status_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    position = JOB_STATUSES.index(job.data["status"])
    job.data["status"] = JOB_STATUSES[(position + 1) % len(JOB_STATUSES)]
    return _job_changed(job)


def job_team_updated(world: World, entity_id: str | None) -> Change:
    job = world.pick("job", entity_id, make_job)
    team = world.by_id["hiring-team", job.id]
    members = team.data["content"]
    candidates = [team_member(person, world.rng.choice(ROLES)) for person in world.people]
    links = [member["actions"] for member in members]
    others = [member for member in candidates if member["actions"] not in links]
    if others:
        members.append(world.rng.choice(others))
    else:
        del members[1:]
    team.data["totalFound"] = len(members)
    _job_changed(job)
    return notification_about(team)


def ad_created(world: World, entity_id: str | None) -> Change:
    """`entity_id` names the job."""
    return notification_about(make_ad(world, world.pick("job", entity_id, make_job)))


def ad_updated(world: World, entity_id: str | None) -> Change:
    ad = world.pick("job.ad", entity_id, any_ad)
    title = ad.data["title"].removesuffix(" (m/f/x)")
    ad.data["title"] = title if title != ad.data["title"] else f"{title} (m/f/x)"
    touch(ad)
    return notification_about(ad)


def ad_postings_updated(world: World, entity_id: str | None) -> Change:
    ad = world.pick("job.ad", entity_id, any_ad)
    published = ad.data["postingStatus"] != "PUBLISHED"
    ad.data["postingStatus"] = "PUBLISHED" if published else "NOT_PUBLISHED"
    ad.parents["job"].data["postingStatus"] = "PUBLIC" if published else "NOT_PUBLISHED"
    postings = world.by_id["postings", ad.id]
    status = "ACTIVE" if published else "INACTIVE"
    posting = {"id": world.new_id(), "source": "Career site", "status": status}
    postings.data.update(totalFound=1, content=[posting])
    touch(ad)
    return notification_about(postings)


def position_created(world: World, entity_id: str | None) -> Change:
    """`entity_id` names the job."""
    return notification_about(make_position(world, world.pick("job", entity_id, make_job)))


def position_updated(world: World, entity_id: str | None) -> Change:
    position = world.pick("position", entity_id, any_position)
    position.data["targetStartDate"] = day_ahead(world, 30, 200)
    position.data["status"] = "FILLED" if position.data["status"] == "OPEN" else "OPEN"
    return notification_about(position)


def position_deleted(world: World, entity_id: str | None) -> Change:
    position = world.pick("position", entity_id, any_position)
    if len(world.listed["position"]) <= SPARE:
        make_position(world, position.parents["job"])
    world.remove(position, 404)
    return notification_about(position)


def _job_changed(job: Entity) -> Change:
    touch(job)
    job.data["lastActivityOn"] = job.data["updatedOn"]
    return notification_about(job)


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
