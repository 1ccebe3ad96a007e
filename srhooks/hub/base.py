"""Who watches hears what changed. The hub carries ids, never payloads: the row is the truth."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["notification", "subscriptions", "login", "session-ended"]


@dataclass(slots=True, eq=False)
class Event:
    """One change, the same object for all viewers of a user.

    `shared` is for whoever renders it: done by the first viewer that gets to it, for all.
    """

    kind: Kind
    number: int = 0  # of the notification
    session_id: str = ""  # that ended
    shared: asyncio.Future[Any] | None = field(default=None)


class Viewer(Protocol):
    async def next(self) -> list[Event] | None:
        """What happened since the last call, at least one; None once it fell behind: close it."""

    def close(self) -> None: ...


class Hub(Protocol):
    def watch(self, user_id: str) -> Viewer:
        """From now on every event of the user reaches the viewer, until it is closed."""

    def publish(self, user_id: str, event: Event) -> None:
        """Tell all viewers of the user. Never waits."""

    def watched(self, user_id: str) -> bool: ...

    @property
    def viewers(self) -> int: ...
