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
