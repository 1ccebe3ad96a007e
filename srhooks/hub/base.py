"""Who watches hears that something changed. The hub carries ids, never payloads: the row is the
truth, and whoever hears of a change reads what is new after the last one it knows."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal[
    "notification", "deleted", "subscriptions", "handshake", "login", "incident", "session-ended"
]  # fmt: skip
_next_order: Callable[[], int] = itertools.count(1).__next__

EVERY_SESSION = "*"


@dataclass(slots=True)  # a frozen one takes longer to make, and each notification makes one
class Event:
    """One change. What was read after it came, or after a later one, includes it."""

    kind: Kind
    number: int = 0  # of the notification
    session_id: str = ""  # that ended, or EVERY_SESSION
    order: int = field(default_factory=_next_order)


class Viewer(Protocol):
    async def next(self) -> list[Event]:
        """What happened since the last call, at least one: the latest of each kind.

        A viewer that takes its time misses no kind of change, and never holds more than these.
        """

    def take(self) -> list[Event]:
        """The same, without waiting: perhaps nothing."""

    def close(self) -> None: ...


class Hub(Protocol):
    def watch(self, user_id: str) -> Viewer:
        """From now on every event of the user reaches the viewer, until it is closed."""

    def publish(self, user_id: str, event: Event) -> None:
        """Tell all viewers of the user. Never waits."""
