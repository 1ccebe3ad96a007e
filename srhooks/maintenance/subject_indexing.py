"""Keep the index of what notifications name up with what comes in and is fetched."""

import asyncio
import logging
from collections.abc import Sequence
from time import perf_counter

from srhooks.domain.models import NamedSubjects, Notification
from srhooks.domain.subjects import INCOMPLETE, digest_of, subjects_of
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

SMALLEST_BATCH = 20  # notifications: each may hold megabytes
LARGEST_BATCH = 100
BATCH_BYTES = 2_000_000  # bodies and entities that a batch should hold
PAUSE = 0.005  # seconds between two batches, or as long as a batch takes
IDLE = 0.5  # seconds until a look for more
BUSY_RATE = 50.0  # notifications a second; from there on intake goes first
BUSY_SHARE = 0.02  # of the time, while it does
STORE_PAUSE = 5.0  # seconds while the store does not work


class SubjectIndexer:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._working = asyncio.Lock()  # one batch at a time
        self._batch = SMALLEST_BATCH

    async def catch_up(self, user_id: str) -> None:
        """Index all that the user has now. Raises StoreError."""
        target = await self._store.last_rev(user_id)
        while await self._store.subject_rev(user_id) < target:
            if not await self._index_batch(user_id):
                return

    async def run(self) -> None:
        """Until cancelled: index what changed; while much comes in, intake goes first."""
        received, looked_at = self._store.received, perf_counter()
        while True:
            began = perf_counter()
            busy = self._store.received - received > BUSY_RATE * (began - looked_at)
            received, looked_at = self._store.received, began
            try:
                done = 0
                for user_id in await self._store.users_to_index():
                    done += await self._index_batch(user_id)
                took = perf_counter() - began
                pause = took / BUSY_SHARE if busy else max(took, PAUSE) if done else IDLE
            except StoreError as error:
                log.warning("indexing waits for the store: %s", error)
                pause = STORE_PAUSE
            await asyncio.sleep(pause)

    async def _index_batch(self, user_id: str) -> int:
        """Index some of what changed since the last batch; how many."""
        async with self._working:
            rev = await self._store.subject_rev(user_id)
            rows = await self._store.changed_since(user_id, rev, self._batch)
            if not rows:
                return 0
            entries = await asyncio.to_thread(named_subjects, user_id, rows)
            await self._store.save_subjects(user_id, entries, rows[-1].rev)
            average = sum(n.size for n in rows) // len(rows) + 1
            self._batch = max(SMALLEST_BATCH, min(BATCH_BYTES // average, LARGEST_BATCH))
            return len(rows)


def named_subjects(user_id: str, rows: Sequence[Notification]) -> list[NamedSubjects]:
    """What each of these names, as it stands in the index."""
    entries = []
    for n in rows:
        subjects = subjects_of(n)
        named = subjects.named if subjects.complete else {*subjects.named, INCOMPLETE}
        digests = frozenset(digest_of(user_id, subject) for subject in named)
        entries.append(NamedSubjects(n.id, n.rev, digests))
    return entries
