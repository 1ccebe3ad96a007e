"""Find records of the callbacks log that are about a candidate who was erased after their sending.

What was known to be the candidate's at the erasure is in the store, as digests. The log tells more:
a record that names the candidate and an application makes that application the candidate's, too,
and with it the records that name the application alone.
"""

from collections.abc import Sequence

from srhooks.domain.missed import MissedNotification
from srhooks.domain.subjects import CANDIDATE, PERSONAL, Subject, digest_of, subjects_alone
from srhooks.incidents.logged_calls import as_notification
from srhooks.server.heavy_work import run_in_background
from srhooks.store import Store


class ErasedRecords:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, user_id: str, missed: Sequence[MissedNotification]) -> set[int]:
        """The ids of those that must not come back. Raises StoreError."""
        named = await run_in_background(_named, missed, user_id)
        digests = {
            digest_of(user_id, subject): subject for group in named.values() for subject in group
        }
        erased = {
            digests[digest]: at
            for digest, at in (await self._store.erased_at(list(digests))).items()
        }
        if not erased:
            return set()
        known = set(erased)
        gone: set[int] = set()
        is_growing = True
        while is_growing:
            is_growing = False
            for one in missed:
                group = named[one.id]
                at = max((erased[subject] for subject in group & erased.keys()), default=None)
                if one.id in gone or at is None or one.logged.first_at > at:
                    continue
                gone.add(one.id)
                is_growing = True
                if sum(subject.kind == CANDIDATE for subject in group) <= 1:
                    erased |= dict.fromkeys(group - erased.keys(), at)
        for one in missed:
            if one.id in gone and (more := named[one.id] - known):
                await self._remember(user_id, named[one.id], more, erased)
        return gone

    async def _remember(
        self, user_id: str, group: set[Subject], more: set[Subject], erased: dict[Subject, int]
    ) -> None:
        candidate = next((one for one in group if one.kind == CANDIDATE), min(group))
        at = max(erased.get(subject, 0) for subject in group)
        digests = sorted(digest_of(user_id, subject) for subject in more if subject in erased)
        if digests:
            await self._store.remember_erased(user_id, digest_of(user_id, candidate), digests, at)


def _named(missed: Sequence[MissedNotification], user_id: str) -> dict[int, set[Subject]]:
    return {one.id: _personal(one, user_id) for one in missed}


def _personal(one: MissedNotification, user_id: str) -> set[Subject]:
    """The subjects in it that belong to exactly one candidate."""
    n = as_notification(one.logged, user_id, one.id)
    return {subject for subject in subjects_alone(n).named if subject.kind in PERSONAL}
