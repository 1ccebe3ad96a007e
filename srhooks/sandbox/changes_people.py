"""What the events of candidates, applications and what hangs on them do to the data."""

from collections.abc import Callable

from srhooks.sandbox.changes_jobs import SPARE, Changer, told
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
)
from srhooks.sandbox.names import REVIEWS, SOURCES, TAGS
from srhooks.sandbox.world import KEPT_IN_LISTS, Change, Entity, Json, World, day_ahead, now, touch

NEXT_STATUS = {
    "NEW": ("IN_REVIEW", "Resume screen"),
    "IN_REVIEW": ("INTERVIEW", "On-site interview"),
    "INTERVIEW": ("OFFERED", None),
    "OFFERED": ("HIRED", None),
    "HIRED": ("IN_REVIEW", "Moved back"),  # only when asked for by id
    "REJECTED": ("IN_REVIEW", "Reconsidered"),
}
CLOSED = ("HIRED", "REJECTED")
OFFER_STATUSES = ("DRAFT", "SENT", "ACCEPTED")
ONBOARDING_STATUSES = (None, "READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL")
REJECTED_SHARE = 0.2


def candidate_created(world: World, entity_id: str | None) -> Change:
    """A new candidate, or the news of one that exists."""
    if entity_id is None:
        return told(make_candidate(world))
    return told(world.pick("candidate", entity_id, make_candidate))


def candidate_updated(world: World, entity_id: str | None) -> Change:
    candidate = world.pick("candidate", entity_id, make_candidate)
    candidate.data["phoneNumber"] = phone(world)
    candidate.data["location"] = place(world)
    candidate.data["tags"] = world.rng.sample(TAGS, 2)
    touch(candidate)
    return told(candidate)


def candidate_deleted(world: World, entity_id: str | None) -> Change:
    """The candidate's applications and all that hangs on them go along."""
    candidate = world.pick("candidate", entity_id, make_candidate)
    if len(world.listed["candidate"]) <= SPARE:
        make_application(world)
    for entity in world.children(candidate):
        world.remove(entity, 410)
    world.remove(candidate, 410)
    return told(candidate)


def application_created(world: World, entity_id: str | None) -> Change:
    """A new one, or the news of one that exists."""
    if entity_id is None:
        return told(make_application(world))
    return told(world.pick("application", entity_id, make_application))


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
    assignment = application.parents["candidate"].data["primaryAssignment"]
    if assignment is not None:
        assignment["status"] = status
    return _application_moved(application, with_id=False)


def application_fields_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    application.data["properties"][0]["value"] += 1000
    return _application_moved(application)


def application_onboarding_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    position = ONBOARDING_STATUSES.index(application.data["onboardingStatus"])
    following = ONBOARDING_STATUSES[min(position + 1, len(ONBOARDING_STATUSES) - 1)]
    application.data["onboardingStatus"] = following
    return _application_moved(application)


def application_source_updated(world: World, entity_id: str | None) -> Change:
    application = world.pick("application", entity_id, make_application)
    source = application.data["source"]
    source["label"] = world.rng.choice([one for one in SOURCES if one != source["label"]])
    return _application_moved(application)


def attachment_created(world: World, entity_id: str | None) -> Change:
    """The link is the application's list of attachments."""
    application = world.pick("application", entity_id, make_application)
    attachments = world.by_id["attachments", application.id]
    last_name = application.data["candidate"]["lastName"]
    attachment = {
        "id": world.new_id(),
        "name": world.rng.choice(["CV", "Cover letter", "Reference"]) + f" {last_name}.pdf",
        "type": "GENERIC_FILE",
        "contentType": "application/pdf",
        "uploadDate": now(),
    }
    _fill(attachments, [*attachments.data["content"], attachment])
    body = attachments.ids | {"attachment_id": attachment["id"]}
    return Change(body=body, path=attachments.path)


def answers_changed(world: World, entity_id: str | None) -> Change:
    """The link is the application's list of answers."""
    application = world.pick("application", entity_id, make_application)
    answers = world.by_id["screening-answers", application.id]
    _fill(answers, new_answers(world))
    return told(answers)


def any_of(make: Callable[[World, Entity], Entity]) -> Callable[[World], Entity]:
    """`make` for any application."""
    return lambda world: make(world, world.pick("application", None, make_application))


def new_for_application(make: Callable[[World, Entity], Entity]) -> Changer:
    """The change that makes something new; `entity_id` names the application."""
    return lambda world, entity_id: told(
        make(world, world.pick("application", entity_id, make_application))
    )


def offer_updated(world: World, entity_id: str | None) -> Change:
    offer = world.pick("offer", entity_id, any_of(make_offer))
    position = OFFER_STATUSES.index(offer.data["status"])
    offer.data["status"] = OFFER_STATUSES[(position + 1) % len(OFFER_STATUSES)]
    offer.data["salary"]["amount"] += 1000
    touch(offer)
    return told(offer)


def review_updated(world: World, entity_id: str | None) -> Change:
    review = world.pick("review", entity_id, any_of(make_review))
    review.data["rating"] = review.data["rating"] % 5 + 1
    review.data["comment"] = world.rng.choice(REVIEWS)
    touch(review)
    return told(review)


def review_deleted(world: World, entity_id: str | None) -> Change:
    review = world.pick("review", entity_id, any_of(make_review))
    if len(world.listed["review"]) <= SPARE:
        make_review(world, review.parents["application"])
    world.remove(review, 404)
    return told(review)


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
        return told(process)

    return change


def interview_updated(world: World, entity_id: str | None) -> Change:
    interview = world.pick("interview", entity_id, any_of(make_interview))
    slot = interview.data["timeslots"][0]
    slot["startsOn"] = f"{day_ahead(world, 15, 28)}T{slot['startsOn'][11:]}"
    interview.data["candidateStatus"] = "ACCEPTED"
    touch(interview)
    return told(interview)


def interview_canceled(world: World, entity_id: str | None) -> Change:
    interview = world.pick("interview", entity_id, any_of(make_interview))
    interview.data["status"] = "CANCELED"
    touch(interview)
    return told(interview)


def _application_moved(application: Entity, *, with_id: bool = True) -> Change:
    """Some events name the application's own id as well, some do not."""
    touch(application)
    body = dict(application.ids)
    if with_id:
        body["application_id"] = application.id
    return Change(body=body, path=application.path)


def _fill(listed: Entity, content: list[Json]) -> None:
    listed.data["content"] = content[-KEPT_IN_LISTS:]
    listed.data["totalFound"] = len(listed.data["content"])
    touch(listed)


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
