"""The events SmartRecruiters announces, grouped by family.

Source: developers.smartrecruiters.com, "Create a webhook subscription", callbacks.
"""

EVENT_VERSION = "v201910"

EVENTS: tuple[str, ...] = (
    "job.created",
    "job.updated",
    "job.status.updated",
    "job.hiring-team.updated",
    "job.ad.created",
    "job.ad.updated",
    "job.ad.postings.updated",
    "job.approval.created",
    "job.approval.approved",
    "job.approval.rejected",
    "job.approval.abandoned",
    "job.approval.step.approved",
    "job.approval.step.rejected",
    "job.approval.comment.created",
    "job.approver.skipped",
    "job.approver.delegated",
    "position.created",
    "position.updated",
    "position.deleted",
    "application.created",
    "application.status.updated",
    "application.fields.updated",
    "application.onboarding-status.updated",
    "application.attachment.created",
    "application.source.updated",
    "application.screening-answers.created",
    "application.screening-answers.updated",
    "candidate.created",
    "candidate.updated",
    "candidate.deleted",
    "offer.created",
    "offer.updated",
    "offer.approval.created",
    "offer.approval.approved",
    "offer.approval.rejected",
    "offer.approval.abandoned",
    "offer.approval.step.approved",
    "offer.approval.step.rejected",
    "offer.approval.comment.created",
    "offer.approver.skipped",
    "offer.approver.delegated",
    "review.created",
    "review.updated",
    "review.deleted",
    "onboarding.process.started",
    "onboarding.assignments.high-priority.completed",
    "onboarding.assignments.completed",
    "interview.created",
    "interview.updated",
    "interview.canceled",
)


def family_of(event_name: str) -> str:
    """`application` of `application.status.updated`."""
    return event_name.partition(".")[0]


def by_family() -> dict[str, list[str]]:
    """The events in their order, under their family's name."""
    groups: dict[str, list[str]] = {}
    for name in EVENTS:
        groups.setdefault(family_of(name), []).append(name)
    return groups
