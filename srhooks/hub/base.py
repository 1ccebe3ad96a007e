"""The hub tells whoever watches a user's data that something changed.

It carries ids, never payloads: the row in the store is the truth, and whoever hears of a change
reads what is new after the last one it knows. So an event may stand for several, and a hub over
several processes has little to carry.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

if TYPE_CHECKING:
    from srhooks.hub.event_queue import EventQueue

Kind = Literal[
    "notification", "deleted", "subscriptions", "handshake", "login", "incident", "session-ended"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
EVERY_SESSION = "*"
_next_order: Callable[[], int] = itertools.count(1).__next__


@dataclass(slots=True)  # a frozen one takes longer to make, and each notification makes one
class Event:
    """One change. What was read after it came, or after a later one, includes it."""

    kind: Kind
    number: int = 0  # of the notification
    session_id: str = ""  # that ended, or EVERY_SESSION; viewers look at their own all the same
    order: int = field(default_factory=_next_order)  # in this process


class Hub(Protocol):
    """A broadcast per user. Implementations pass tests/contracts/test_hub.py."""

    def watch(self, user_id: str) -> "EventQueue":
        """Return a new queue: from now on every event of the user is put into it."""

    def leave(self, user_id: str, queue: "EventQueue") -> None:
        """Put nothing into the queue any more. A queue that is unknown is ignored."""

    def publish(self, user_id: str, event: Event) -> None:
        """Put the event into all queues of the user. Never waits and never raises."""
