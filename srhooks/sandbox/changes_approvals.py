"""What the approval events of jobs and offers do to the data: the same for both."""

from collections.abc import Callable

from srhooks.sandbox.changes_jobs import Changer, notification_about
from srhooks.sandbox.changes_people import any_of
from srhooks.sandbox.making_jobs import make_approval, make_job, person_ref
from srhooks.sandbox.making_people import make_offer
from srhooks.sandbox.names import COMMENTS
from srhooks.sandbox.world import KEPT_IN_LISTS, Change, Entity, Json, World, now, touch

SUBJECTS: dict[str, Callable[[World], Entity]] = {"job": make_job, "offer": any_of(make_offer)}


MADE = ("PENDING_ACCEPTANCE", "ACCEPTED")  # statuses of an offer that the candidate has
OFFER_STATUS = {
    "PENDING": "PENDING_APPROVAL",
    "APPROVED": "APPROVED",
    "REJECTED": "NOT_APPROVED",
    "ABANDONED": "ABANDONED",
}


def approval_changes(subject: str) -> dict[str, Changer]:
    """The approval events of `job` or `offer`."""
    decided = {
        "approval.approved": lambda _, approval: _decide(approval, "APPROVED"),
        "approval.rejected": lambda _, approval: _decide(approval, "REJECTED"),
        "approval.abandoned": lambda _, approval: _decide(approval, "ABANDONED"),
        "approval.step.approved": lambda _, approval: _step(approval, "APPROVED"),
        "approval.step.rejected": lambda _, approval: _step(approval, "REJECTED"),
        "approval.comment.created": _comment,
        "approver.skipped": lambda _, approval: _step(approval, "SKIPPED"),
        "approver.delegated": _delegate,
    }
    changes = {f"{subject}.{name}": _changing(subject, do) for name, do in decided.items()}
    changes[f"{subject}.approval.created"] = _created(subject)
    return changes


def _created(subject: str) -> Changer:
    """`entity_id` names the job or the offer."""

    def change(world: World, entity_id: str | None) -> Change:
        approval = make_approval(world, world.pick(subject, entity_id, SUBJECTS[subject]))
        _tell_offer(approval)
        return notification_about(approval)

    return change


def _changing(subject: str, do: Callable[[World, Entity], None]) -> Changer:
    def make(world: World) -> Entity:
        return make_approval(world, world.pick(subject, None, SUBJECTS[subject]))

    def change(world: World, entity_id: str | None) -> Change:
        approval = world.pick(f"{subject}.approval", entity_id, make)
        if entity_id is None and approval.data["status"] != "PENDING":
            approval = make(world)  # a decided approval does not change
        do(world, approval)
        touch(approval)
        _tell_offer(approval)
        return notification_about(approval)

    return change


def _decide(approval: Entity, status: str) -> None:
    approval.data["status"] = status
    for step in approval.data["steps"]:
        if step["status"] == "PENDING":
            step["status"] = status


def _tell_offer(approval: Entity) -> None:
    """An offer's status follows its approval, until the offer is made to the candidate."""
    offer = approval.parents.get("offer")
    if offer is not None and offer.data["status"] not in MADE:
        offer.data["status"] = OFFER_STATUS[approval.data["status"]]
        touch(offer)


def _step(approval: Entity, decision: str) -> None:
    """The first open step is decided; the approval itself stays open."""
    step = _open_step(approval)
    step["status"] = decision
    for approver in step["approvers"]:
        approver["decision"] = decision


def _comment(world: World, approval: Entity) -> None:
    comment = {
        "id": world.new_id(),
        "author": person_ref(world.person()),
        "text": world.rng.choice(COMMENTS),
        "createdOn": now(),
    }
    comments = [*approval.data["comments"], comment]
    approval.data["comments"] = comments[-KEPT_IN_LISTS:]


def _delegate(world: World, approval: Entity) -> None:
    step = _open_step(approval)
    to = person_ref(world.person())
    step["approvers"] = [to | {"decision": "PENDING", "delegatedFrom": step["approvers"][0]["id"]}]


def _open_step(approval: Entity) -> Json:
    steps = approval.data["steps"]
    found: Json = next((step for step in steps if step["status"] == "PENDING"), steps[-1])
    return found


APPROVAL_CHANGES = approval_changes("job") | approval_changes("offer")
