"""The events that the sandbox can fire: those of the catalog, grouped by family."""

from srhooks.protocol.event_catalog import EVENT_TYPES, EVENT_VERSION

__all__ = ["EVENTS", "EVENT_VERSION", "by_family", "family_of"]

EVENTS: tuple[str, ...] = tuple(EVENT_TYPES)


def family_of(event_name: str) -> str:
    """`application` of `application.status.updated`."""
    return event_name.partition(".")[0]


def by_family() -> dict[str, list[str]]:
    """The events in their order, under their family's name."""
    groups: dict[str, list[str]] = {}
    for name in EVENTS:
        groups.setdefault(family_of(name), []).append(name)
    return groups
