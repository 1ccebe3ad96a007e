"""Which notifications of a feed somebody asks for. The store's SQL has the same rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from srhooks.domain.models import Notification
from srhooks.domain.search_text import fold, search_text


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Conditions for notifications of a user's feed. An empty one matches everything."""

    events: tuple[str, ...] = ()  # exact names, or prefixes that end in a dot
    q: str = ""
    subscription: str = ""
    signature: str = ""
    status: str = ""  # of the entity
    link: str = ""  # one entity's notifications
    after: int | None = None  # ids above this one
    before: int | None = None  # ids below this one
    received_after: int | None = None  # ms
    received_before: int | None = None  # ms
    params: Mapping[str, Any] = field(default_factory=dict, compare=False)  # as asked, for links

    def below(self, notification_id: int) -> "Filter":
        """The same filter for notifications older than this id."""
        return replace(self, before=notification_id)

    def matches(self, notification: Notification) -> bool:
        """Whether the notification fits; the same rule as the store's SQL."""
        n = notification
        if self.events and not any(event_matches(event, n.event_name) for event in self.events):
            return False
        if self.q and fold(self.q) not in search_text(n):
            return False
        return (
            (not self.subscription or n.subscription_id == self.subscription)
            and (not self.signature or n.signature == self.signature)
            and (not self.status or n.entity_status == self.status)
            and (not self.link or n.link == self.link)
            and (self.after is None or n.id > self.after)
            and (self.before is None or n.id < self.before)
            and (self.received_after is None or n.received_at > self.received_after)
            and (self.received_before is None or n.received_at < self.received_before)
        )


def event_matches(pattern: str, event_name: str | None) -> bool:
    name = event_name or ""
    return name.startswith(pattern) if pattern.endswith(".") else name == pattern
