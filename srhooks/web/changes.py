"""What changed in a user's feed: read once and rendered once for all pages that are equally far."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from srhooks.models import Notification
from srhooks.store import Store

CHUNK = 50  # notifications that are in memory at a time

FrameKey = tuple[str, bool]


@dataclass(slots=True, eq=False)
class Change:
    """A notification on its way to many pages."""

    n: Notification
    frames: dict[FrameKey, str] = field(default_factory=dict)

    def frame(self, key: FrameKey, render: Callable[[], str]) -> str:
        """The frame for all pages with the same key, made by whichever comes first."""
        if key not in self.frames:
            self.frames[key] = render()
        return self.frames[key]


@dataclass(frozen=True, slots=True)
class Changes:
    """In the order in which they happened: every later cursor is one of these revs."""

    found: list[Change]
    complete: bool  # there was no more when it was read


@dataclass(frozen=True, slots=True)
class _Read:
    order: int  # of the newest event that came before it
    after: int
    result: asyncio.Future[Changes]

    def serves(self, order: int, after: int) -> bool:
        if self.order < order or self.after > after:
            return False
        if not self.result.done():
            return self.after == after  # how far it will get is not known yet
        if self.result.cancelled() or self.result.exception() is not None:
            return False
        changes = self.result.result()
        return changes.complete or changes.found[-1].n.rev > after


class ChangeReader:
    """Holds the last read of each user who is watched, and nothing else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[str, _Read] = {}

    async def after(self, user_id: str, rev: int, order: int) -> Changes:
        """The next changes after the cursor, as they stand after the event of this order.

        Raises StoreError.
        """
        last = self._last.get(user_id)
        if last is None or not last.serves(order, rev):
            reading = asyncio.ensure_future(self._read(user_id, rev))
            reading.add_done_callback(_seen)
            last = self._last[user_id] = _Read(order, rev, reading)
        changes = await asyncio.shield(last.result)
        fresh = [change for change in changes.found if change.n.rev > rev]
        return Changes(fresh, changes.complete)

    def forget(self, user_id: str) -> None:
        """Nobody watches any more."""
        self._last.pop(user_id, None)

    async def _read(self, user_id: str, rev: int) -> Changes:
        rows = await self._store.changed_since(user_id, rev, CHUNK)
        return Changes([Change(n) for n in rows], complete=len(rows) < CHUNK)


def _seen(reading: asyncio.Future[Changes]) -> None:
    """All who waited may have left: an error is then nobody's."""
    if not reading.cancelled():
        reading.exception()
