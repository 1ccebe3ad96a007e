"""An offer's status goes forward, and not back once it was made to the candidate."""

import pytest
from srhooks.sandbox.changes import CHANGES, create_world
from srhooks.sandbox.people import company_people
from srhooks.sandbox.world import Entity, World


def only_offer(status: str) -> tuple[World, Entity]:
    """A company with one offer: an event without an id can happen to no other."""
    world = create_world(company_people(), 5)
    for kind in ("offer", "offer.approval"):
        for entity in list(world.listed.get(kind, [])):
            world.remove(entity, 404)
    offer = world.by_path[CHANGES["offer.created"](world, None).path]
    offer.data["status"] = status
    return world, offer


def test_an_accepted_offer_changes_only_when_asked_for_by_id() -> None:
    world, offer = only_offer("PENDING_ACCEPTANCE")
    salary = offer.data["properties"][0]["value"]
    accepted = CHANGES["offer.updated"](world, None)
    assert (accepted.path, offer.data["status"]) == (offer.path, "ACCEPTED")
    other = CHANGES["offer.updated"](world, None)
    assert other.path != offer.path
    assert world.by_path[other.path].data["status"] == "PENDING_APPROVAL"
    assert offer.data["status"] == "ACCEPTED"
    assert offer.data["properties"][0]["value"] == salary + 1000
    CHANGES["offer.updated"](world, offer.id)
    assert offer.data["status"] == "CREATED"


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        ("CREATED", "offer.approval.created", "PENDING_APPROVAL"),
        ("PENDING_APPROVAL", "offer.approval.approved", "APPROVED"),
        ("PENDING_APPROVAL", "offer.approval.rejected", "NOT_APPROVED"),
        ("APPROVED", "offer.approval.abandoned", "ABANDONED"),
        ("PENDING_ACCEPTANCE", "offer.approval.created", "PENDING_ACCEPTANCE"),
        ("PENDING_ACCEPTANCE", "offer.approval.rejected", "PENDING_ACCEPTANCE"),
        ("ACCEPTED", "offer.approval.abandoned", "ACCEPTED"),
        ("ACCEPTED", "offer.approval.comment.created", "ACCEPTED"),
    ],
)
def test_an_offer_follows_its_approval_until_it_was_made(
    before: str, event: str, after: str
) -> None:
    world, offer = only_offer(before)
    change = CHANGES[event](world, None)
    approval = world.by_path[change.path]
    assert approval.parents["offer"] is offer
    assert offer.data["status"] == after
