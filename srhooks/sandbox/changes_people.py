"""What the events of candidates, applications and what belongs to them do to the data."""

from collections.abc import Callable

from srhooks.sandbox.changes_jobs import SPARE, Changer, notification_about
from srhooks.sandbox.making_jobs import place
from srhooks.sandbox.making_people import (
    make_application,
    make_candidate,
    make_interview,
    make_offer,
    make_onboarding,
    make_review,
    new_answers,
    phone,
    source,
)
from srhooks.sandbox.names import REVIEWS, SOURCES, TAGS
from srhooks.sandbox.world import (
    KEPT_IN_LISTS,
    Change,
    Entity,
    Json,
    World,
    action,
    day_ahead,
    touch,
)

NEXT_STATUS = {
    "NEW": ("IN_REVIEW", "Resume screen"),
    "IN_REVIEW": ("INTERVIEW", "On-site interview"),
    "INTERVIEW": ("OFFERED", None),
    "OFFERED": ("HIRED", None),
    "HIRED": ("IN_REVIEW", "Moved back"),  # only when asked for by id
    "REJECTED": ("IN_REVIEW", "Reconsidered"),
}
CLOSED = ("HIRED", "REJECTED")
NEXT_OFFER_STATUS = {
    "CREATED": "PENDING_APPROVAL",
    "PENDING_APPROVAL": "APPROVED",
    "APPROVED": "PENDING_ACCEPTANCE",
    "PENDING_ACCEPTANCE": "ACCEPTED",
}
ONBOARDING_STATUSES = (None, "READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL")
REJECTED_SHARE = 0.2


def candidate_created(world: World, entity_id: str | None) -> Change:
    """A new candidate, or the news of one that exists."""
    if entity_id is None:
        return notification_about(make_candidate(world))
    return notification_about(world.pick("candidate", entity_id, make_candidate))


def candidate_updated(world: World, entity_id: str | None) -> Change:
    candidate = world.pick("candidate", entity_id, make_candidate)
    candidate.data["phoneNumber"] = phone(world)
    candidate.data["location"] = place(world)
    candidate.data["tags"] = world.rng.sample(TAGS, 2)
    touch(candidate)
    return notification_about(candidate)


def candidate_deleted(world: World, entity_id: str | None) -> Change:
    """Delete a candidate with the applications and everything that belongs to them."""
    candidate = world.pick("candidate", entity_id, make_candidate)
    if len(world.listed["candidate"]) <= SPARE:
        make_application(world)
    for entity in world.children(candidate):
        world.remove(entity, 410)
    world.remove(candidate, 410)
    return notification_about(candidate)


def application_created(world: World, entity_id: str | None) -> Change:
    """A new one, or the news of one that exists."""
    if entity_id is None:
        return notification_about(make_application(world))
    return notification_about(world.pick("application", entity_id, make_application))


def application_status_updated(world: World, entity_id: str | None) -> Change:
    """One step on; closed ones are left alone unless asked for by id."""
    application = world.pick("application", entity_id, make_application)
    if entity_id is None and application.data["status"] in CLOSED:
        application = make_application(world)
    status, sub_status = NEXT_STATUS[application.data["status"]]
    if application.data["status"] not in CLOSED and world.rng.random() < REJECTED_SHARE:
        status, sub_status = "REJECTED", "Not a match"
    application.data["status"] = status
    application.data["subStatus"] = sub_status
    application.data["startsOn"] = day_ahead(world, 30, 90) if status == "HIRED" else None
    rejected = status == "REJECTED"
    reason = {"id": "other", "label": sub_status} if rejected else None
    application.data["reasonOfRejection"] = reason
    assignment = application.parents["candidate"].data["primaryAssignment"]
    if assignment is not None:
        assignment["status"] = status
    return notification_about(application)


def application_fields_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    properties = world.by_id["properties", application.id]
    properties.data["content"][0]["value"] += 1000
    return notification_about(properties)


def application_onboarding_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    status = world.by_id["onboarding-status", application.id]
    position = ONBOARDING_STATUSES.index(status.data["onboardingStatus"])
    following = ONBOARDING_STATUSES[min(position + 1, len(ONBOARDING_STATUSES) - 1)]
    status.data["onboardingStatus"] = following
    return notification_about(status)


def application_source_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    before = application.data["source"]["sourceId"]
    others = [label for label in SOURCES if label != before]
    application.data["source"] = source(world.rng.choice(others))
    return notification_about(application)


def attachment_created(world: World, entity_id: str | None) -> Change:
    """The link is the application's list of attachments."""
    application = world.pick("application", entity_id, make_application)
    attachments = world.by_id["attachments", application.id]
    last_name = application.parents["candidate"].data["lastName"]
    attachment_id = world.new_id()
    path = f"{attachments.path}/{attachment_id}"
    attachment = {
        "id": attachment_id,
        "name": world.rng.choice(["CV", "Cover letter", "Reference"]) + f" {last_name}.pdf",
        "type": "GENERIC_FILE",
        "contentType": "application/pdf",
        "actions": {"download": action(path), "remove": action(path, "DELETE")},
    }
    _fill(attachments, [*attachments.data["content"], attachment])
    body = attachments.ids | {"attachment_id": attachment_id}
    return Change(body=body, path=attachments.path)


def answers_changed(world: World, entity_id: str | None) -> Change:
    """The link is the application's list of answers."""
    application = world.pick("application", entity_id, make_application)
    answers = world.by_id["screening-answers", application.id]
    _fill(answers, new_answers(world))
    return notification_about(answers)


def any_of(make: Callable[[World, Entity], Entity]) -> Callable[[World], Entity]:
    """`make` for any application."""
    return lambda world: make(world, world.pick("application", None, make_application))


def new_for_application(make: Callable[[World, Entity], Entity]) -> Changer:
    """The change that makes something new; `entity_id` names the application."""
    return lambda world, entity_id: notification_about(
        make(world, world.pick("application", entity_id, make_application))
    )


def offer_updated(world: World, entity_id: str | None) -> Change:
    """One step on; an accepted one is left alone unless asked for by id."""
    offer = world.pick("offer", entity_id, any_of(make_offer))
    if entity_id is None and offer.data["status"] == "ACCEPTED":
        offer = any_of(make_offer)(world)
    offer.data["status"] = NEXT_OFFER_STATUS.get(offer.data["status"], "CREATED")
    offer.data["properties"][0]["value"] += 1000
    touch(offer)
    return notification_about(offer)


def review_updated(world: World, entity_id: str | None) -> Change:
    review = world.pick("review", entity_id, any_of(make_review))
    review.data["rating"] = review.data["rating"] % 5 + 1
    review.data["comment"] = world.rng.choice(REVIEWS)
    touch(review)
    return notification_about(review)


def review_deleted(world: World, entity_id: str | None) -> Change:
    review = world.pick("review", entity_id, any_of(make_review))
    if len(world.listed["review"]) <= SPARE:
        make_review(world, review.parents["application"])
    world.remove(review, 404)
    return notification_about(review)


def assignments_done(priority: str | None) -> Changer:
    """Completes an onboarding's assignments of one priority, or all of them."""

    def change(world: World, entity_id: str | None) -> Change:
        process = world.pick("onboarding", entity_id, any_of(make_onboarding))
        for assignment in process.data["assignments"]:
            if priority in (None, assignment["priority"]):
                assignment["status"] = "COMPLETED"
        if all(one["status"] == "COMPLETED" for one in process.data["assignments"]):
            process.data["status"] = "COMPLETED"
        touch(process)
        return notification_about(process)

    return change


def interview_updated(world: World, entity_id: str | None) -> Change:
    interview = world.pick("interview", entity_id, any_of(make_interview))
    slot = interview.data["timeslots"][0]
    day = day_ahead(world, 15, 28)
    for field in ("startsOn", "endsOn"):
        slot[field] = f"{day}T{slot[field][11:]}"
    slot["candidateStatus"] = "accepted"
    return notification_about(interview)


def interview_canceled(world: World, entity_id: str | None) -> Change:
    interview = world.pick("interview", entity_id, any_of(make_interview))
    if len(world.listed["interview"]) <= SPARE:
        make_interview(world, interview.parents["application"])
    world.remove(interview, 404)  # assumed: a cancelled interview is gone
    return notification_about(interview)


def _fill(listed: Entity, content: list[Json]) -> None:
    listed.data["content"] = content[-KEPT_IN_LISTS:]
    listed.data["totalFound"] = len(listed.data["content"])


PEOPLE_CHANGES: dict[str, Changer] = {
    "candidate.created": candidate_created,
    "candidate.updated": candidate_updated,
    "candidate.deleted": candidate_deleted,
    "application.created": application_created,
    "application.status.updated": application_status_updated,
    "application.fields.updated": application_fields_updated,
    "application.onboarding-status.updated": application_onboarding_updated,
    "application.attachment.created": attachment_created,
    "application.source.updated": application_source_updated,
    "application.screening-answers.created": answers_changed,
    "application.screening-answers.updated": answers_changed,
    "offer.created": new_for_application(make_offer),
    "offer.updated": offer_updated,
    "review.created": new_for_application(make_review),
    "review.updated": review_updated,
    "review.deleted": review_deleted,
    "onboarding.process.started": new_for_application(make_onboarding),
    "onboarding.assignments.high-priority.completed": assignments_done("HIGH"),
    "onboarding.assignments.completed": assignments_done(None),
    "interview.created": new_for_application(make_interview),
    "interview.updated": interview_updated,
    "interview.canceled": interview_canceled,
}
