"""The timeline of one thing: all notifications that name it, oldest first."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from srhooks.domain.ids import received_ms
from srhooks.domain.models import Notification
from srhooks.domain.subjects import (
    CANDIDATE,
    INCOMPLETE,
    KINDS,
    Subject,
    Subjects,
    digest_of,
    subjects_alone,
)
from srhooks.entities.candidate_records import ALL_SUBJECTS, CandidateLookup
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.server.heavy_work import run_heavy
from srhooks.store import Store

BATCH = 20  # notifications read at a time: each may hold megabytes
PAGE_BYTES = 32 * 1024 * 1024  # of bodies and entities: a page that reaches it ends there
NEWEST = 60  # notifications that are read for the title and for what is related
NEWEST_BYTES = 8 * 1024 * 1024
MAX_RELATED = 200


class Position(NamedTuple):
    """Where a notification stands in a timeline: when it was sent, else received (ms), then id."""

    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Change:
    """A field that differs from the state that was known before."""

    field: str
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Entry:
    position: Position
    notification: Notification
    changes: list[Change]
    main: Subject | None  # what the notification itself is about
    repeats: bool  # its state was fetched together with that of an earlier entry


@dataclass(slots=True)
class Timeline:
    subject: Subject
    title: str | None
    total: int
    entries: list[Entry]
    related: list[Subject]
    next: Position | None  # the last entry here, when more follow
    names: dict[Subject, str] = field(default_factory=dict)  # of what is related, too
    before: bool = False  # there are earlier entries than these


class TimelineReader:
    def __init__(self, store: Store, indexer: SubjectIndexer, candidates: CandidateLookup) -> None:
        self._store = store
        self._indexer = indexer
        self._candidates = candidates

    async def read(
        self, user_id: str, subject: Subject, limit: int, after: Position | None = None
    ) -> Timeline | None:
        """Up to `limit` entries after a position; None where nothing stored names the thing.

        Raises StoreError.
        """
        known: set[Subject] = set()
        if subject.kind == CANDIDATE:
            records = await self._candidates.find(user_id, subject.id)
            positions = [_position(r.id, r.sent_at) for r in records.records]
            known = {one for record in records.records for one in record.subjects}
        else:
            await self._indexer.catch_up(user_id)
            positions = await self._positions(user_id, subject)
        if not positions:
            return None
        positions.sort()
        start = bisect_right(positions, after) if after is not None else 0
        here = positions[start : start + limit]
        rows = await self._rows(user_id, [one.id for one in here], PAGE_BYTES)
        here = [one for one in here[: len(rows) or 1] if one.id in rows]
        newest = [one.id for one in positions[::-1][:NEWEST] if one.id not in rows]
        others = await self._rows(user_id, newest, NEWEST_BYTES)
        both = [*rows.values(), *others.values()]
        facts = await run_heavy(sum(n.size for n in both), _facts, both)
        related = _related(subject, known, facts.values())
        names = await self._names(user_id, [subject, *related])
        more = here and here[-1] < positions[-1]
        here_rows = [(one, rows[one.id]) for one in here]
        entries = await run_heavy(sum(n.size for n in rows.values()), _entries, here_rows, facts)
        return Timeline(
            subject=subject,
            title=names.get(subject) or _title(subject, others.values(), rows.values(), facts),
            total=len(positions),
            entries=entries,
            related=related,
            next=here[-1] if more else None,
            names=names,
            before=start > 0,
        )

    async def _names(self, user_id: str, subjects: Sequence[Subject]) -> dict[Subject, str]:
        digests = {digest_of(user_id, subject): subject for subject in subjects}
        names = await self._store.names_of(list(digests))
        return {digests[digest]: name for digest, name in names.items()}

    async def _positions(self, user_id: str, subject: Subject) -> list[Position]:
        """Of all that name it, those included that name more than the index tells."""
        named = await self._store.times_naming(digest_of(user_id, subject))
        found = {number: _position(number, sent_at) for number, sent_at in named}
        large = await self._store.ids_naming([digest_of(user_id, INCOMPLETE)])
        missing = [number for number in large if number not in found]
        for start in range(0, len(missing), BATCH):
            for n in await self._store.by_ids(user_id, missing[start : start + BATCH]):
                subjects = await run_heavy(n.size, subjects_alone, n, ALL_SUBJECTS)
                if subject in subjects.named:
                    found[n.id] = _position(n.id, n.sent_at)
        return list(found.values())

    async def _rows(self, user_id: str, ids: Sequence[int], room: int) -> dict[int, Notification]:
        """Read these in their order, until the bytes are used up; at least the first batch."""
        found: dict[int, Notification] = {}
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            rows = {n.id: n for n in await self._store.by_ids(user_id, batch)}
            for number in batch:
                if number in rows:
                    found[number] = rows[number]
                    room -= rows[number].size
                if room <= 0:
                    return found
        return found


def _position(notification_id: int, sent_at: int | None) -> Position:
    at = received_ms(notification_id) if sent_at is None else sent_at
    return Position(at, notification_id)


def _facts(rows: Iterable[Notification]) -> dict[int, Subjects]:
    return {n.id: subjects_alone(n) for n in rows}


def _entries(
    rows: Sequence[tuple[Position, Notification]], facts: dict[int, Subjects]
) -> list[Entry]:
    """The entries of the rows; of several that share one fetch the first lists the changes."""
    told: set[tuple[str | None, int | None]] = set()
    entries = []
    for position, n in rows:
        fetch = (n.link, n.entity_at)
        repeats = fetch in told
        if n.entity_at is not None:
            told.add(fetch)
        changes = [] if repeats else _changes(n)
        entries.append(Entry(position, n, changes, facts[n.id].main, repeats))
    return entries


def _changes(n: Notification) -> list[Change]:
    return [
        Change(str(one.get("field", "")), one.get("before"), one.get("now"))
        for one in n.listed_changes
        if not one.get("state")
    ]


def _title(
    subject: Subject, newest: Iterable[Notification], rest: Iterable[Notification],
    facts: dict[int, Subjects],
) -> str | None:  # fmt: skip
    """The title of the newest notification about it."""
    rows = sorted([*newest, *rest], key=lambda n: n.id, reverse=True)
    return next((n.title for n in rows if n.title and facts[n.id].main == subject), None)


def _related(subject: Subject, known: set[Subject], facts: Iterable[Subjects]) -> list[Subject]:
    """Related things: named together with it, and with a timeline of their own; by kind."""
    named = known.union(*(found.named for found in facts))
    listed = [one for one in named if one.kind in KINDS and one != subject]
    return sorted(listed, key=lambda one: (KINDS.index(one.kind), one.id))[:MAX_RELATED]
