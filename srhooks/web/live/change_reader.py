"""Read the changes of a user's feed, once for all pages that stand at the same cursor."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from srhooks.domain.models import Notification
from srhooks.store import PAGE_BYTES, Store

CHUNK = 50  # notifications that are in memory at a time

FrameKey = tuple[str, bool]


@dataclass(slots=True, eq=False)
class Change:
    """A changed notification, rendered once for each kind of page."""

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

    @property
    def running(self) -> bool:
        return not self.result.done()

    def can_serve(self, order: int, after: int) -> bool:
        return self.order >= order and self.after <= after

    def serves(self, order: int, after: int) -> bool:
        if not self.can_serve(order, after):
            return False
        if self.result.cancelled() or self.result.exception() is not None:
            return False
        changes = self.result.result()
        return changes.complete or changes.found[-1].n.rev > after


class ChangeReader:
    """Reads changes for all pages of one user, and keeps the last read."""

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._last: _Read | None = None
        self.heard = 0  # order of the newest event: what was read before it serves nobody

    async def after(self, rev: int, order: int) -> Changes:
        """The next changes after the cursor, as they stand after the event of this order.

        Raises StoreError.
        """
        order = max(order, self.heard)
        # One read will do for all whom it may bring further: pages that come together are not
        # equally far, and a read for each of thousands would keep the store busy for seconds.
        while (last := self._last) and last.running and last.can_serve(order, rev):
            await asyncio.wait({last.result})
        if last is None or not last.serves(order, rev):
            reading = asyncio.ensure_future(self._read(rev))
            reading.add_done_callback(_seen)
            last = self._last = _Read(order, rev, reading)
        changes = await asyncio.shield(last.result)
        fresh = [change for change in changes.found if change.n.rev > rev]
        return Changes(fresh, changes.complete)

    async def _read(self, rev: int) -> Changes:
        rows = await self._store.changed_since(self._user_id, rev, CHUNK)
        complete = len(rows) < CHUNK and sum(n.size for n in rows) < PAGE_BYTES
        return Changes([Change(n) for n in rows], complete)


def _seen(reading: asyncio.Future[Changes]) -> None:
    """Mark the error of a read as seen: those who waited for it may have left."""
    if not reading.cancelled():
        reading.exception()
