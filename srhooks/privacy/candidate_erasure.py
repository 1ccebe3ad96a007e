"""Erase a candidate's data, or a whole account, from everything that was received.

Driven by rows: what has to go is noted, in the transaction that asks for it, and the note stays
until it has gone, so a crash leaves nothing half done. What arrives or is fetched while a
candidate is being erased is seen as well, since the note then follows the user's changes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from srhooks.domain.candidate_match import carries
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import WHOLE_ACCOUNT, Erasure, Filter, Notification
from srhooks.hub import Event, Hub
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

BATCH = 20  # notifications at a time: each may hold megabytes
DELETE_BATCH = 200
LOOK_TIME = 3.0  # seconds for a look before a person is asked
GRACE = 60_000  # ms in which requests that were under way may still store something
IDLE = 20.0  # seconds until another look at what is left
STORE_PAUSE = 5.0  # seconds while the store does not work


class Eraser:
    def __init__(
        self, store: Store, hub: Hub, *, grace: int = GRACE, look_time: float = LOOK_TIME
    ) -> None:
        self._store = store
        self._hub = hub
        self._grace = grace
        self._look_time = look_time
        self._woken = asyncio.Event()
        self._working = asyncio.Lock()  # one at a time, so that nothing is looked through twice
        self._unclean = False  # deleted, but still to be scrubbed from the files

    def wake(self) -> None:
        """There is something new to erase. Never waits."""
        self._woken.set()

    async def erase(self, user_id: str, candidate_id: str) -> int:
        """Erase what there is now; how many notifications. Late ones follow by themselves."""
        await self._store.add_erasure(user_id, candidate_id, now_ms())
        erased = 0
        async with self._working:
            for note in await self._store.erasures():
                if (note.user_id, note.candidate_id) == (user_id, candidate_id):
                    erased = await self._look_through(note)
        self.wake()
        return erased

    async def carrying(self, user_id: str, candidate_id: str) -> tuple[int, bool]:
        """How many carry the candidate, and whether that is all: else there may be more.

        It takes no longer than `look_time`, and an entity on its way may carry the candidate too.
        """
        found: set[int] = set()
        try:
            async with asyncio.timeout(self._look_time):
                async for rows in self._suspects(user_id, candidate_id):
                    found.update(await asyncio.to_thread(_carriers, rows, candidate_id))
        except TimeoutError:
            return len(found), False
        return len(found), not await self._store.has_pending(user_id, first_id_at(now_ms() + 1))

    async def run(self) -> None:
        """Until cancelled: do what the notes say."""
        while True:
            self._woken.clear()
            pause = IDLE
            try:
                await self._work()
            except StoreError as error:
                log.warning("erasing waits for the store: %s", error)
                pause = STORE_PAUSE
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _work(self) -> None:
        async with self._working:
            for note in await self._store.erasures():
                if note.candidate_id == WHOLE_ACCOUNT:
                    await self._empty(note)
                else:
                    await self._look_through(note)
                if await self._is_over(note):
                    await self._store.finish_erasure(note)
                    self._unclean = True
        if self._unclean and await self._store.scrub(index=True):
            self._unclean = False

    async def _empty(self, note: Erasure) -> None:
        while await self._store.delete_some(note.user_id, DELETE_BATCH):
            self._unclean = True
            await asyncio.sleep(0.01)

    async def _look_through(self, note: Erasure) -> int:
        """Erase what is there, by the search index; then what has changed since the last look."""
        erased = 0
        rev = note.rev
        if not rev:
            rev = max(await self._store.last_rev(note.user_id), 1)
            erased += await self._sweep(note)
            await self._store.move_erasure(note, rev)
        while rows := await self._store.changed_since(note.user_id, rev, BATCH):
            erased += await self._erase_among(note, rows)
            rev = rows[-1].rev
            await self._store.move_erasure(note, rev)
        if erased:
            log.info("erased %d notifications of a candidate", erased, extra={"user": note.user_id})
        return erased

    async def _sweep(self, note: Erasure) -> int:
        erased = 0
        async for rows in self._suspects(note.user_id, note.candidate_id):
            erased += await self._erase_among(note, rows)
        return erased

    async def _suspects(
        self, user_id: str, candidate_id: str
    ) -> AsyncIterator[Sequence[Notification]]:
        """All that carry the candidate, among others; some of them twice."""
        for needle in {candidate_id, quote(candidate_id, safe="")}:
            async for rows in self._pages(user_id, Filter(q=needle)):
                yield rows
                # What a later fetch of the same entity found changed may still tell of before.
                for link in {n.link for n in rows if n.link and carries(n, candidate_id)}:
                    async for related in self._pages(user_id, Filter(link=link)):
                        yield related

    async def _pages(self, user_id: str, wanted: Filter) -> AsyncIterator[list[Notification]]:
        while rows := await self._store.notifications(user_id, wanted, BATCH):
            yield rows
            wanted = replace(wanted, before=rows[-1].id)

    async def _erase_among(self, note: Erasure, rows: Sequence[Notification]) -> int:
        until = note.at + self._grace
        early = [n for n in rows if n.received_at <= until]
        found = await asyncio.to_thread(_carriers, early, note.candidate_id)
        if not found:
            return 0
        erased = await self._store.erase_notifications(note.user_id, found)
        self._unclean = True
        for number in found:
            self._hub.publish(note.user_id, Event("notification", number))
        return erased

    async def _is_over(self, note: Erasure) -> bool:
        """Nothing that began before it was asked for can bring data back any more."""
        until = note.at + self._grace
        if now_ms() < until:
            return False
        return not await self._store.has_pending(note.user_id, first_id_at(until))


def _carriers(rows: Sequence[Notification], candidate_id: str) -> list[int]:
    return [n.id for n in rows if not n.erased and carries(n, candidate_id)]
