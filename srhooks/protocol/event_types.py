"""The events of SmartRecruiters, by family: they help a person choose and never reject a name.

What each is stands in the catalog (event_catalog.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from srhooks.protocol.event_catalog import EVENT_TYPES

MAX_NAME = 200  # characters of a name that are kept for showing


def _by_family() -> dict[str, tuple[str, ...]]:
    families: dict[str, list[str]] = {}
    for event in EVENT_TYPES.values():
        families.setdefault(event.family, []).append(event.name)
    return {name: tuple(names) for name, names in families.items()}


FAMILIES = _by_family()
KNOWN = frozenset(EVENT_TYPES)

FAMILY_PLURALS = {
    "job": "Jobs", "position": "Positions", "application": "Applications",
    "candidate": "Candidates", "offer": "Offers", "review": "Reviews",
    "onboarding": "Onboarding", "interview": "Interviews",
}  # fmt: skip
MAX_HEADS = 2  # families that a name tells, when there are more than one further


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


def subscription_name(subscription: Mapping[str, Any]) -> str:
    """The name that a person gave the subscription, else one made of its events."""
    name = subscription.get("name")
    return name if isinstance(name, str) and name else subscription_label(event_names(subscription))


def subscription_phrase(subscription: Mapping[str, Any]) -> str:
    """As a question calls it: "the subscription to job.created, job.updated", or by its name."""
    names = event_names(subscription)
    if subscription.get("name") or len(names) > 2:
        return f"the subscription {subscription_name(subscription)}"
    return f"the subscription to {', '.join(names)}" if names else "the subscription without events"


def subscription_label(names: Sequence[str]) -> str:
    """The name of a subscription that has none of its own: "Jobs and offers (3 events)"."""
    if not names:
        return "Subscription without events"
    if len(names) == 1:
        return names[0]
    heads = list(dict.fromkeys(FAMILY_PLURALS.get(family(name), "Other events") for name in names))
    if len(heads) > MAX_HEADS + 1:
        heads = [*heads[:MAX_HEADS], f"{len(heads) - MAX_HEADS} more"]
    text = " and ".join(part for part in (", ".join(heads[:-1]), heads[-1]) if part)
    return f"{text[:1]}{text[1:].lower()} ({len(names)} events)"
