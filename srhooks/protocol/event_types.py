"""The events of SmartRecruiters, by family: they help a person choose and never reject a name.

Source: developers.smartrecruiters.com, "Subscribable events" (47, and the interview events since).
"""

from collections.abc import Mapping, Sequence
from typing import Any

MAX_NAME = 200  # characters of a name that are kept for showing

FAMILIES: dict[str, tuple[str, ...]] = {
    "job": (
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
    ),
    "position": ("position.created", "position.updated", "position.deleted"),
    "application": (
        "application.created",
        "application.status.updated",
        "application.fields.updated",
        "application.onboarding-status.updated",
        "application.attachment.created",
        "application.source.updated",
        "application.screening-answers.created",
        "application.screening-answers.updated",
    ),
    "candidate": ("candidate.created", "candidate.updated", "candidate.deleted"),
    "offer": (
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
    ),
    "review": ("review.created", "review.updated", "review.deleted"),
    "onboarding": (
        "onboarding.process.started",
        "onboarding.assignments.high-priority.completed",
        "onboarding.assignments.completed",
    ),
    "interview": ("interview.created", "interview.updated", "interview.canceled"),
}
KNOWN = frozenset(name for names in FAMILIES.values() for name in names)


def family(event_name: str | None) -> str:
    """The known family of an event name, or "other": safe as a label and as an attribute."""
    head = (event_name or "").partition(".")[0]
    return head if head in FAMILIES else "other"


def label(event_name: str | None) -> str:
    """The event name if it is a known one, else "other": a bounded label for metrics."""
    return event_name if event_name in KNOWN else "other"


def event_names(subscription: Mapping[str, Any]) -> list[str]:
    """The events of the service's own object, whatever shape it has."""
    events = subscription.get("events")
    if not isinstance(events, list):
        return []
    names = (event.get("name") if isinstance(event, dict) else event for event in events)
    return [str(name)[:MAX_NAME] for name in names if name]


def subscription_label(names: Sequence[str]) -> str:
    """A subscription has no name of its own: its first events stand for it."""
    if not names:
        return "Subscription without events"
    more = f" + {len(names) - 2}" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
