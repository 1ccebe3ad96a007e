"""The effect of each event on the company's data, and the data at the start."""

import random

from srhooks.sandbox.changes_approvals import APPROVAL_CHANGES
from srhooks.sandbox.changes_jobs import JOB_CHANGES, Changer
from srhooks.sandbox.changes_people import NEXT_STATUS, PEOPLE_CHANGES
from srhooks.sandbox.making_jobs import make_ad, make_job, make_position
from srhooks.sandbox.making_people import make_application
from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.world import Change, World

CHANGES: dict[str, Changer] = JOB_CHANGES | PEOPLE_CHANGES | APPROVAL_CHANGES
JOBS, APPLICATIONS = 8, 24


class UnknownEventError(ValueError):
    """The sandbox knows no such event."""


def apply_event(world: World, event_name: str, entity_id: str | None) -> Change:
    """Makes the event happen; raises UnknownEventError or UnknownEntityError."""
    change = CHANGES.get(event_name)
    if change is None:
        raise UnknownEventError(f"unknown event: {event_name}")
    return change(world, entity_id)


def create_world(people: list[SandboxUser], seed: int | None) -> World:
    """A company in the middle of hiring."""
    rng = random.Random(seed)  # noqa: S311 - invents people, guards nothing
    world = World(rng=rng, people=people)
    for _ in range(JOBS):
        job = make_job(world)
        job.data["status"] = rng.choice(["SOURCING", "INTERVIEW", "OFFER"])
        make_position(world, job)
        make_ad(world, job)
    for _ in range(APPLICATIONS):
        application = make_application(world)
        status = rng.choice(list(NEXT_STATUS))
        application.data["status"] = status
        assignment = application.parents["candidate"].data["primaryAssignment"]
        assignment["status"] = status
    return world
