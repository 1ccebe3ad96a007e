"""Erase a candidate's data, or a whole account, from everything that was received.

Driven by rows: what has to go is noted, in the transaction that asks for it, and the note stays
until nothing that began before can bring data back, so a crash leaves nothing half done.

An erasure covers what was received or sent before it: an entity that is fetched later, and a
notification that is delivered again or for the first time later, are erased when they come. What
was sent after the erasure is new, and stays.
"""

import asyncio
import logging
from itertools import groupby

from srhooks.domain.clock import DAY, SECOND, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.missed import LOG_DAYS
from srhooks.domain.models import WHOLE_ACCOUNT, Erasure
from srhooks.entities.candidate_records import CandidateLookup, CandidateRecords, Record
from srhooks.hub import Event, Hub
from srhooks.store import Store, StoreError, using_reserve

log = logging.getLogger(__name__)

DELETE_BATCH = 200  # notifications a transaction
TOPIC = "erasure"
ERASE_BATCH = 50
GRACE = 60_000  # ms in which requests that were under way may still store something
INTERVAL = 5.0  # seconds until another look at what is left, and at what was sent before
STORE_PAUSE = 5.0  # seconds while the store does not work


class UnknownCandidateError(Exception):
    """Nothing that is stored is about the candidate."""


class CandidateEraser:
    def __init__(
        self, store: Store, hub: Hub, candidates: CandidateLookup, *,
        retention_days: int = LOG_DAYS, grace: int = GRACE,
    ) -> None:  # fmt: skip
        """What was erased is remembered, as digests, for as long as it could be sent again."""
        self._store = store
        self._hub = hub
        self._candidates = candidates
        self._grace = grace
        self._memory = max(retention_days, LOG_DAYS) * DAY
        self._woken = asyncio.Event()
        hub.on_message(TOPIC, lambda _: self._woken.set())
        self._working = asyncio.Lock()  # one at a time, so that nothing is looked through twice
        self._unclean = False  # deleted, but still to be scrubbed from the files

    def wake(self) -> None:
        """Let the loop look at the erasures now, in whichever process it runs. Never waits."""
        self._woken.set()
        self._hub.publish_to_processes(TOPIC, "")

    async def find(self, user_id: str, candidate_id: str) -> CandidateRecords:
        """Return what would be erased, for a dry run. Raises UnknownCandidateError, StoreError."""
        with using_reserve():
            records = await self._candidates.find(user_id, candidate_id)
        if not records.records:
            raise UnknownCandidateError
        return records

    async def erase(self, user_id: str, candidate_id: str) -> int:
        """Erase what is stored now; return the number of notifications.

        What is fetched or arrives late follows by itself. Raises UnknownCandidateError, when
        nothing was changed, and StoreError, when the rest follows by itself as well.
        """
        async with self._working:
            with using_reserve():
                erased = await self._erase_all(user_id, candidate_id)
        self.wake()
        return erased

    async def _erase_all(self, user_id: str, candidate_id: str) -> int:
        records = await self.find(user_id, candidate_id)
        at = now_ms()
        await self._store.add_erasure(user_id, candidate_id, at)
        return await self._erase(user_id, records, at)

    async def run(self) -> None:
        """Carry out the stored erasures, until cancelled."""
        while True:
            self._woken.clear()
            pause = INTERVAL
            try:
                with using_reserve():
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
                    await self._follow_up(note)
                if await self._is_over(note):
                    await self._store.finish_erasure(note)
                    self._unclean = True
            await self._erase_late()
            await self._store.forget_erased(now_ms() - self._memory)
        if self._unclean and await self._store.scrub(index=True):
            self._unclean = False

    async def _empty(self, note: Erasure) -> None:
        while await self._store.delete_some(note.user_id, DELETE_BATCH):
            self._unclean = True
            await asyncio.sleep(0.01)

    async def _follow_up(self, note: Erasure) -> None:
        """Erase what was stored since the last pass by requests that began before the erasure."""
        rev = max(await self._store.last_rev(note.user_id), 1)
        if rev == note.rev:
            return
        records = await self._candidates.find(note.user_id, note.candidate_id)
        records.records = [record for record in records.records if _is_before(record, note.at)]
        await self._erase(note.user_id, records, note.at)
        await self._store.move_erasure(note, rev)

    async def _erase(self, user_id: str, records: CandidateRecords, at: int) -> int:
        """Erase these, and remember what was known to be the candidate's."""
        await self._store.remember_erased(user_id, records.candidate, sorted(records.known), at)
        numbers = [record.id for record in records.records]
        erased = await self._erase_notifications(user_id, numbers)
        if erased:
            log.info("erased %d notifications of a candidate", erased, extra={"user": user_id})
        return erased

    async def _erase_notifications(self, user_id: str, notification_ids: list[int]) -> int:
        erased = 0
        for start in range(0, len(notification_ids), ERASE_BATCH):
            batch = notification_ids[start : start + ERASE_BATCH]
            erased += await self._store.erase_notifications(user_id, batch)
            self._unclean = True
            self._hub.publish(user_id, Event("notification"))
        return erased

    async def _erase_late(self) -> None:
        """Erase what was sent before its candidate was erased, and arrived afterwards."""
        while late := sorted(await self._store.sent_before_erasure(ERASE_BATCH)):
            for user_id, rows in groupby(late, key=lambda row: row[0]):
                await self._erase_notifications(user_id, [number for _, number in rows])

    async def _is_over(self, note: Erasure) -> bool:
        """Whether every request that began before the erasure has ended."""
        until = note.at + self._grace
        if now_ms() < until:
            return False
        return not await self._store.has_pending(note.user_id, first_id_at(until))


def _is_before(record: Record, at: int) -> bool:
    """Whether it was received, or by its timestamp of whole seconds surely sent, before."""
    is_sent_before = record.sent_at is not None and record.sent_at + SECOND <= at
    return record.received_at <= at or is_sent_before
