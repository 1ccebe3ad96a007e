"""Slices of a feed: the ids that an index gives, and what behind them fits the whole filter.

An index that serves one of a filter's conditions gives ids, a slice at a time, and the rows behind
them are tried for the rest. Where several would do, the one whose ids lie furthest apart is taken.
Slices grow as far as they stay short and as the time allows.
"""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification
from srhooks.server.heavy_work import run_heavy
from srhooks.store.filter_sql import FENCE, PREFIX_END, conditions, is_indexed, parts_of
from srhooks.store.notification_protocol import PAGE_TIME
from srhooks.store.received_times import ReceivedTimeQueries
from srhooks.store.walked_texts import WalkedTexts

FIRST_SLICE = 250  # ids
LARGEST_SLICE = 64_000
LARGEST_LIST = 2000  # ids of a slice that are spelt out
GROWTH = 4  # from one slice to the next, at most
SHORT = 0.06  # seconds that a slice should take at most
MAX_NAMES = 40  # of events that are looked up one by one
TAIL = 200  # rows not yet in the search index that are looked through at a time
# Seconds that a text's index gets where a search goes on: what stands in one row of ten million
# takes half of one, if each part of it stands in all. Walking them would take minutes.
PROBE_TIME = 3.0
LEAST_PROBE = 0.015  # seconds that it gets where a page is waited for
SIZE = "length(n.body) + length(n.headers) + coalesce(length(n.entity), 0)"
NAMES = (
    "WITH RECURSIVE names (name) AS ("
    " SELECT min(event_name) FROM notifications"
    " WHERE user_id = $1 AND event_name >= $2 AND event_name < $3 UNION ALL"
    " SELECT (SELECT min(event_name) FROM notifications"
    " WHERE user_id = $1 AND event_name > names.name AND event_name < $3)"
    " FROM names WHERE name IS NOT NULL)"
    f" SELECT name FROM names WHERE name IS NOT NULL LIMIT {MAX_NAMES + 1}"
)


@dataclass(frozen=True, slots=True)
class Source:
    """An index that gives ids: of one condition, of several of a kind, or of a text."""

    any_of: Sequence[Filter] = ()
    text: str = ""


@dataclass(slots=True)
class FeedScan:
    user_id: str
    feed_filter: Filter
    source: Source
    probe_time: float  # seconds that the text's index gets for a slice
    size: int = FIRST_SLICE  # ids of the next slice
    begun: bool = False
    ahead: "Slice | None" = None  # the first slice, known from the choice of the source
    unindexed: Sequence[int] | None = None  # what was not in the search index before it


@dataclass(frozen=True, slots=True)
class Slice:
    """How far a slice goes."""

    low: int | None  # its last id; None when there are not as many
    ids: Sequence[int] | None  # those in it, where finding them again is not free


def light(sized: Sequence[tuple[int, int]], room: int) -> list[int]:
    """The first ids, until their sizes fill the room."""
    numbers = []
    for number, size in sized:
        numbers.append(number)
        room -= size
        if room <= 0:
            break
    return numbers


def _matching(feed_filter: Filter, notifications: list[Notification]) -> list[Notification]:
    return [n for n in notifications if feed_filter.matches(n)]


class FeedSliceQueries(ReceivedTimeQueries):
    search_id: str  # the column of the search table that holds the notification's id
    _long_reads: asyncio.Semaphore  # leaves readers for what is quick
    _walked: WalkedTexts

    async def _probe(
        self, within: float, sql: str, *args: Any  # noqa: ARG002 - SQLite's is quick
    ) -> list[Any] | None:  # fmt: skip
        """What the text's index finds; None where that takes longer than so many seconds."""
        return await self._read(sql, *args)

    @abc.abstractmethod
    def _text_ids(self, text: str, args: list[Any]) -> str | None:
        """FROM and WHERE for what may hold the text; None where the index can't tell."""

    @abc.abstractmethod
    def _text_test(self, text: str, args: list[Any]) -> str:
        """Whether `t.text` holds it."""

    @abc.abstractmethod
    def _among(self, ids: Sequence[int], args: list[Any]) -> str:
        """What follows a column that is to be one of these; the values are added to `args`."""

    @abc.abstractmethod
    async def by_ids(self, user_id: str, notification_ids: Sequence[int]) -> list[Notification]:
        """Those that still exist, in the order of their ids."""

    async def _begin(self, user_id: str, feed_filter: Filter, patience: float) -> FeedScan:
        everything = Source([Filter()])
        sources = [Source([one]) for one in parts_of(feed_filter) if is_indexed(one)]
        if feed_filter.events and not any(one.any_of[0].events for one in sources):
            names = await self._names(user_id, feed_filter.events)
            if len(names) <= MAX_NAMES:
                sources.append(Source([Filter(events=(name,)) for name in names]))
        if feed_filter.q:
            sources.append(everything)  # where others have much more
            if self._text_ids(feed_filter.q, []) is not None:
                sources.append(Source(text=feed_filter.q))
        goes_on = patience >= PAGE_TIME
        probe_time = PROBE_TIME if goes_on else max(patience, LEAST_PROBE)
        scan = FeedScan(user_id, feed_filter, sources[0] if sources else everything, probe_time)
        if feed_filter.q:
            scan.unindexed = await self._unindexed(scan, feed_filter.before)
        for source in sources if len(sources) > 1 else ():
            async with self._long_reads if goes_on and source.text else contextlib.nullcontext():
                piece = await self._try(scan, source, feed_filter.before)
            if piece is None:
                continue
            if scan.ahead is None or piece.low is None or piece.low < (scan.ahead.low or 0):
                scan.source, scan.ahead = source, piece
            if piece.low is None:
                break
        return scan

    async def _names(self, user_id: str, events: Sequence[str]) -> list[str]:
        names = [event for event in events if not event.endswith(".")]
        for event in events:
            if event.endswith(".") and len(names) <= MAX_NAMES:
                rows = await self._read(NAMES, user_id, event, event + PREFIX_END)
                names += [row[0] for row in rows]
        return list(dict.fromkeys(names))

    @contextlib.asynccontextmanager
    async def _turn(self, scan: FeedScan, until: float) -> AsyncIterator[None]:
        """A slice's turn: the first one is short, the others leave a reader to the rest."""
        loop = asyncio.get_running_loop()
        async with self._long_reads if scan.begun else contextlib.nullcontext():
            began = loop.time()
            yield
            now = loop.time()
        scan.begun = True
        planned = int(scan.size * min(SHORT, until - now) / max(now - began, 1e-6))
        scan.size = max(FIRST_SLICE, min(planned, scan.size * GROWTH, LARGEST_SLICE))

    async def _slice(
        self, scan: FeedScan, high: int | None, limit: int, room: int
    ) -> tuple[int | None, list[Notification]]:
        """What fits in the next slice; where the one after it begins, None at the end.

        What goes beyond `room`, in bytes, is left to the one after it.
        """
        # Before the index is asked: what it takes in meanwhile is then known twice, not never.
        unindexed = scan.unindexed
        if scan.feed_filter.q and unindexed is None:
            unindexed = await self._unindexed(scan, high)
        unindexed = unindexed or []
        piece = scan.ahead or await self._next_slice(scan, high)
        scan.ahead = scan.unindexed = None
        low = piece.low
        if len(unindexed) == TAIL:
            low = max(low or 0, unindexed[-1])
        sql, args = self._fitting(scan, piece, low, high)
        sized = await self._sized(f"({sql} ORDER BY n.id DESC LIMIT {limit:d})", args)
        if len(sized) == limit:
            low = sized[-1][0]
        known = {number for number, _ in sized}
        fresh = [one for one in unindexed if one not in known and (low is None or one >= low)]
        if fresh:
            args = []
            these = self._among(fresh, args)
            sized += await self._sized(f"(SELECT id FROM notifications WHERE id {these})", args)
            sized.sort(reverse=True)
        kept = light(sized, room)
        if len(kept) < len(sized):
            low = kept[-1]
        notifications = (await self.by_ids(scan.user_id, kept))[::-1]
        if scan.feed_filter.q:  # the index may know an earlier state
            held = sum(n.size for n in notifications)
            notifications = await run_heavy(held, _matching, scan.feed_filter, notifications)
        return low, notifications[:limit]

    async def _sized(self, ids_sql: str, args: list[Any]) -> list[tuple[int, int]]:
        """The ids that the query gives with their sizes, newest first."""
        rows = await self._read(
            f"SELECT n.id, {SIZE} FROM {ids_sql} f CROSS JOIN notifications n"
            " WHERE n.id = f.id ORDER BY n.id DESC",
            *args,
        )
        return [(row[0], row[1]) for row in rows]

    async def _next_slice(self, scan: FeedScan, high: int | None) -> Slice:
        piece = await self._try(scan, scan.source, high)
        if piece is None:  # such a text is everywhere, or it has no index
            scan.source = Source([Filter()])
            return await self._read_slice(scan, scan.source, high)
        return piece

    async def _try(self, scan: FeedScan, source: Source, high: int | None) -> Slice | None:
        """None where the text's index takes too long."""
        if not source.text:
            return await self._read_slice(scan, source, high)
        args: list[Any] = []
        size = min(scan.size, LARGEST_LIST)
        sql = self._ids(scan, source, None, high, args, size)
        if source.text in self._walked:
            return None
        rows = await self._probe(scan.probe_time, f"SELECT id FROM ({sql}) s", *args)
        if rows is None:
            if scan.probe_time == PROBE_TIME:
                self._walked.add(source.text)
            return None
        ids = [row[0] for row in rows]
        return Slice(ids[-1] if len(ids) == size else None, ids)

    async def _read_slice(self, scan: FeedScan, source: Source, high: int | None) -> Slice:
        args: list[Any] = []
        sql = self._ids(scan, source, None, high, args, scan.size)
        rows = await self._read(f"SELECT id FROM ({sql}) s LIMIT 1 OFFSET {scan.size - 1:d}", *args)
        return Slice(int(rows[0][0]) if rows else None, None)

    def _fitting(
        self, scan: FeedScan, piece: Slice, low: int | None, high: int | None
    ) -> tuple[str, list[Any]]:
        args: list[Any] = []
        if piece.ids is None:
            # All of them: more may have come in since its end was looked for.
            ids = self._ids(scan, scan.source, low, high, args, FENCE)
        else:
            listed = [one for one in piece.ids if low is None or one >= low]
            ids = f"SELECT id FROM notifications WHERE id {self._among(listed, args)}"
        where, _ = conditions(scan.user_id, replace(scan.feed_filter, q="", before=None), args)
        # Written as a product, so that SQLite takes the tables in this order.
        sql = f"SELECT n.id AS id FROM ({ids}) s CROSS JOIN notifications n"
        if scan.feed_filter.q:
            test = self._text_test(scan.feed_filter.q, args)
            sql += " CROSS JOIN search t"
            where += f" AND t.{self.search_id} = s.id AND {test}"
        return f"{sql} WHERE n.id = s.id AND {where}", args

    def _ids(
        self, scan: FeedScan, source: Source, low: int | None, high: int | None, args: list[Any],
        size: int,
    ) -> str:  # fmt: skip
        """From `low` until before `high`, newest first, at most a slice. The limit is a fence."""
        after = scan.feed_filter.after if low is None else max(low - 1, scan.feed_filter.after or 0)
        end = f" ORDER BY id DESC LIMIT {size:d}"
        if source.text:
            bounds = "".join(
                f" AND {self.search_id} {sign} {value:d}"
                for sign, value in ((">", after), ("<", high))
                if value is not None
            )
            rest = self._text_ids(source.text, args)
            return f"SELECT {self.search_id} AS id {rest}{bounds}{end}"
        pieces = []
        for one in source.any_of:
            where, _ = conditions(scan.user_id, replace(one, after=after, before=high), args)
            pieces.append(f"SELECT n.id AS id FROM notifications n WHERE {where}{end}")
        if len(pieces) == 1:
            return pieces[0]
        each = " UNION ALL ".join(
            f"SELECT id FROM ({piece}) p{number}" for number, piece in enumerate(pieces)
        )
        return f"SELECT id FROM ({each}) p{end}" if pieces else "SELECT 0 AS id WHERE 1 = 0"

    async def _unindexed(self, scan: FeedScan, high: int | None) -> list[int]:
        """The newest of the user's that the search index does not know as they are."""
        after = scan.feed_filter.after
        bounds = "".join(
            f" AND id {sign} {value:d}"
            for sign, value in ((">", after), ("<", high))
            if value is not None
        )
        end = f"{bounds} ORDER BY id DESC LIMIT {TAIL}"
        rows = await self._read(
            "SELECT id FROM (SELECT id FROM (SELECT id FROM notifications WHERE user_id = $1"
            f" AND id > (SELECT indexed_to FROM search_state){end}) fresh"
            f" UNION SELECT id FROM (SELECT id FROM reindex WHERE id > 0{end}) changed) u"
            f" ORDER BY id DESC LIMIT {TAIL}",
            scan.user_id,
        )
        return [row[0] for row in rows]
