"""Keep the index of what notifications name up with what comes in and is fetched."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from srhooks.domain.models import NamedSubjects, Notification, SubjectName
from srhooks.domain.subjects import INCOMPLETE, Subject, Subjects, digest_of, subjects_alone
from srhooks.hub import Event, Hub
from srhooks.maintenance.intake_first import IntakeFirst
from srhooks.maintenance.subject_naming import (
    better_title,
    composed_title,
    derived_names,
    may_get_names,
    names_to_request,
)
from srhooks.maintenance.supervisor import run_steps
from srhooks.server.heavy_work import run_in_background
from srhooks.store import Store

SMALLEST_BATCH = 20  # notifications: each may hold megabytes
LARGEST_BATCH = 100
BATCH_BYTES = 2_000_000  # bodies and entities that a batch should hold
MAX_STEPS = 3  # from a name to what is known by it, to what is known by that
MAX_NAMED = 50  # earlier notifications that a new name is given to


class SubjectIndexer:
    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
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
        rest = IntakeFirst(self._store)

        async def step() -> float:
            rest.begin()
            done = 0
            for user_id in await self._store.users_to_index():
                done += await self._index_batch(user_id)
            return rest.pause(done)

        await run_steps(step, "indexing what notifications name")

    async def _index_batch(self, user_id: str) -> int:
        """Index some of what changed since the last batch; how many."""
        async with self._working:
            rev = await self._store.subject_rev(user_id)
            rows = await self._store.changed_since(user_id, rev, self._batch)
            if not rows:
                return 0
            new_names = await self._save(user_id, rows, rows[-1].rev)
            for _ in range(MAX_STEPS):  # a name can name what names something else
                new_names = await self._name_earlier(user_id, new_names)
            average = sum(n.size for n in rows) // len(rows) + 1
            self._batch = max(SMALLEST_BATCH, min(BATCH_BYTES // average, LARGEST_BATCH))
            return len(rows)

    async def spread_name(self, user_id: str, subject: bytes) -> None:
        """Head the earlier notifications that name something whose name was just learned."""
        async with self._working:
            new_names = [subject]
            for _ in range(MAX_STEPS):
                new_names = await self._name_earlier(user_id, new_names)

    async def _name_earlier(self, user_id: str, new_names: list[bytes]) -> list[bytes]:
        """Head what came before a name was known; which names are known only now."""
        ids = await self._store.newest_naming(new_names, MAX_NAMED) if new_names else []
        rows = await self._store.by_ids(user_id, ids)
        return await self._save(user_id, rows, 0) if rows else []

    async def _save(self, user_id: str, rows: Sequence[Notification], rev: int) -> list[bytes]:
        """Index these; the digests of what is called otherwise than before."""
        facts = await run_in_background(_read, user_id, rows)
        known = await self._store.names_of(list({one for fact in facts for one in fact.digests}))
        keyed = await self._store.hooks_with_keys(user_id)
        entries, names, unnamed = _named(facts, known, keyed)
        titled = await self._store.save_subjects(user_id, entries, rev, names, unnamed)
        if titled:
            self._hub.publish(user_id, Event("notification"))
        return list({one.subject for one in names if known.get(one.subject) != one.name})


@dataclass(frozen=True, slots=True)
class _Fact:
    n: Notification
    subjects: Subjects
    digests: dict[bytes, Subject]


def _read(user_id: str, rows: Sequence[Notification]) -> list[_Fact]:
    facts = []
    for n in rows:
        subjects = subjects_alone(n)
        named = subjects.named if subjects.complete else {*subjects.named, INCOMPLETE}
        facts.append(_Fact(n, subjects, {digest_of(user_id, one): one for one in named}))
    return facts


def _named(
    facts: Sequence[_Fact], known: Mapping[bytes, str], keyed_hooks: set[str]
) -> tuple[list[NamedSubjects], list[SubjectName], list[SubjectName]]:
    """What each names, with a title where it needs one; names that were learned; that are not."""
    learned = {one: name for fact in facts for one, name in fact.subjects.titles.items()}
    entries: list[NamedSubjects] = []
    names: list[SubjectName] = []
    unnamed: list[SubjectName] = []
    for fact in facts:
        n, subjects = fact.n, fact.subjects
        called = {one: known[digest] for digest, one in fact.digests.items() if digest in known}
        called |= {one: learned[one] for one in subjects.named if one in learned}
        composed = composed_title(subjects, called) if may_get_names(n, keyed_hooks) else None
        own = {**derived_names(subjects, composed), **subjects.titles}
        if n.title and subjects.main is not None and n.entity is not None:
            own.setdefault(subjects.main, n.title)
        for digest, one in fact.digests.items():
            if own.get(one):
                names.append(SubjectName(digest, one.kind, one.id, own[one], n.id))
                learned.setdefault(one, own[one])
        title = better_title(n.title, composed)
        entries.append(NamedSubjects(n.id, n.rev, frozenset(fact.digests), title))
        if n.title is None and may_get_names(n, keyed_hooks):
            wanted = names_to_request(n, subjects, called)
            unnamed += [
                SubjectName(digest, one.kind, one.id, "", n.id)
                for digest, one in fact.digests.items()
                if one in wanted
            ]
    return entries, names, unnamed
