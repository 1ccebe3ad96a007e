"""All notifications about a candidate, those included that only name what is the candidate's.

A review names an application, an onboarding process a new hire. Whose these are is known from
notifications that name them together with the candidate, or with something that is known to be
the candidate's, over any number of steps (domain/subjects.py says what stands together).

Anybody who knows a hook's address can claim that an application is somebody's. So what a signed
notification says counts; what an unsigned one says about a thing counts only as long as no signed
one says anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from srhooks.domain.models import Notification
from srhooks.domain.subjects import (
    CANDIDATE,
    DISTINCTIVE,
    HEADER_VALUE,
    INCOMPLETE,
    PERSONAL,
    Subject,
    digest_of,
    subjects_alone,
)
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.maintenance.subject_naming import is_trusted
from srhooks.server.heavy_work import run_in_background
from srhooks.store import Store

BATCH = 20  # notifications at a time: each may hold megabytes
ALL_SUBJECTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """What is held in memory of a notification while those of a candidate are collected."""

    id: int
    event_name: str | None
    received_at: int
    sent_at: int | None
    named: frozenset[bytes]
    groups: tuple[frozenset[bytes], ...]
    subjects: frozenset[Subject]
    title: str | None  # the candidate's name, if it is in there
    is_trusted: bool  # signed, or unsigned where there is no key to sign with


@dataclass(slots=True)
class CandidateRecords:
    """What is stored about one candidate."""

    candidate: bytes  # digest
    records: list[Record] = field(default_factory=list)  # oldest first
    known: set[bytes] = field(default_factory=set)  # digests of what is the candidate's
    looked_up: str | None = None  # the name, where the service was asked for it

    @property
    def name(self) -> str | None:
        titles = [record.title for record in self.records if record.title]
        return titles[-1] if titles else self.looked_up

    def by_event(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for record in self.records:
            name = record.event_name or ""
            counts[name] = counts.get(name, 0) + 1
        return counts


class CandidateLookup:
    def __init__(self, store: Store, indexer: SubjectIndexer) -> None:
        self._store = store
        self._indexer = indexer

    async def find(self, user_id: str, candidate_id: str) -> CandidateRecords:
        """Everything stored about the candidate now. Raises StoreError."""
        await self._indexer.catch_up(user_id)
        search = _Search(self._store, user_id, candidate_id)
        return await search.run()


class _Search:
    def __init__(self, store: Store, user_id: str, candidate_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._subject = Subject(CANDIDATE, candidate_id)
        self._candidate = digest_of(user_id, self._subject)
        self._kinds: dict[bytes, str] = {}  # of each digest that was seen
        self._read: dict[int, Record] = {}
        # Of each digest the groups it stands in, and whether a trusted notification says so.
        self._groups: dict[bytes, dict[frozenset[bytes], bool]] = {}
        self._keyed_hooks: set[str] = set()

    async def run(self) -> CandidateRecords:
        self._keyed_hooks = await self._store.hooks_with_keys(self._user_id)
        known = {self._candidate, *await self._store.erased_with(self._candidate)}
        await self._load([digest_of(self._user_id, INCOMPLETE)])
        new = set(known)
        while new:
            await self._load(new)
            reached = self._reached_from(new) - known
            await self._load(reached)  # whose they are must be known before they are followed
            new = {subject for subject in reached if self._belongs(subject, known)}
            known |= new
        records = [record for record in self._read.values() if record.named & known]
        header = Subject(HEADER_VALUE, self._subject.id)
        if records and len(header.id) >= DISTINCTIVE:
            digest = digest_of(self._user_id, header)
            known.add(digest)
            await self._load([digest])
            records = [record for record in self._read.values() if record.named & known]
        names = await self._store.names_of([self._candidate])
        return CandidateRecords(
            self._candidate,
            sorted(records, key=lambda record: record.id),
            known,
            names.get(self._candidate),
        )

    def _reached_from(self, subjects: set[bytes]) -> set[bytes]:
        """The subjects named together with one of these, without other candidates."""
        together = {
            other
            for subject in subjects
            for group in self._groups.get(subject, ())
            for other in group
        }
        return {one for one in together if self._kinds.get(one) != CANDIDATE}

    def _belongs(self, subject: bytes, known: set[bytes]) -> bool:
        groups = self._groups.get(subject, {})
        trusted = [group for group, is_trusted in groups.items() if is_trusted]
        counted = trusted or list(groups)
        if not any(group & known for group in counted):
            return False
        owners = {one for group in counted for one in group if self._kinds.get(one) == CANDIDATE}
        return not owners or self._candidate in owners

    async def _load(self, subjects: Iterable[bytes]) -> None:
        """Read the notifications that name one of these, unless they were read already."""
        ids = await self._store.ids_naming(list(subjects))
        missing = [number for number in ids if number not in self._read]
        for start in range(0, len(missing), BATCH):
            rows = await self._store.by_ids(self._user_id, missing[start : start + BATCH])
            for record in await run_in_background(self._records, rows):
                self._read[record.id] = record
                for group in record.groups:
                    for subject in group:
                        known = self._groups.setdefault(subject, {})
                        known[group] = known.get(group, False) or record.is_trusted

    def _records(self, rows: Sequence[Notification]) -> list[Record]:
        return [self._record(n) for n in rows]

    def _record(self, n: Notification) -> Record:
        subjects = subjects_alone(n, ALL_SUBJECTS)
        digests = {subject: digest_of(self._user_id, subject) for subject in subjects.named}
        for subject, digest in digests.items():
            if subject.kind in PERSONAL:
                self._kinds[digest] = subject.kind
        return Record(
            id=n.id,
            event_name=n.event_name,
            received_at=n.received_at,
            sent_at=n.sent_at,
            named=frozenset(digests.values()),
            groups=tuple(
                frozenset(digests[subject] for subject in group if subject in digests)
                for group in subjects.groups
            ),
            subjects=frozenset(subjects.named),
            title=subjects.titles.get(self._subject),
            is_trusted=is_trusted(n, self._keyed_hooks),
        )
