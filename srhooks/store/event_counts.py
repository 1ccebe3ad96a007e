"""How many notifications of each event came in: counted once for what is past, and then known.

Counting a million takes half a second, and nothing is added to a span of time that is over. What
is deleted there makes it be counted again.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.store.received_times import ReceivedTimeQueries

SPAN = 4 * 3_600_000  # ms
SPAN_IDS = first_id_at(SPAN)
SPANS_AT_ONCE = 6  # that one statement counts
SETTLED = 600_000  # ms after its end until a span is taken as complete
KEPT = 3600.0  # seconds; another process may have deleted something
END = (1 << 63) - 1
MOST = 20_000  # spans kept, of all users
MAX_NAMES = 500  # event names that are told apart; the rest counts as having none
SPANS = (
    "spans (low) AS (SELECT CAST($2 AS BIGINT) UNION ALL"
    " SELECT low + CAST($3 AS BIGINT) FROM spans WHERE low + CAST($3 AS BIGINT) < $4)"
)
# Both ways of grouping by a computed span sort a million rows; this counts ranges of the index by
# event, which holds all it needs, and finds the names by leaping from one to the next.
HISTOGRAM = (
    "WITH RECURSIVE names (name, place) AS ("
    " SELECT min(event_name), 1 FROM notifications WHERE user_id = $1 UNION ALL"
    " SELECT (SELECT min(event_name) FROM notifications"
    " WHERE user_id = $1 AND event_name > names.name), place + 1"
    f" FROM names WHERE name IS NOT NULL AND place < {MAX_NAMES}), {SPANS}"
    " SELECT low, name, (SELECT count(*) FROM notifications WHERE user_id = $1"
    " AND event_name = name AND id >= low AND id < low + CAST($3 AS BIGINT))"
    " FROM names CROSS JOIN spans WHERE name IS NOT NULL"
)
NAMELESS = (
    f"WITH RECURSIVE {SPANS}"
    " SELECT low, '', (SELECT count(*) FROM notifications WHERE user_id = $1"
    " AND event_name IS NULL AND id >= low AND id < low + CAST($3 AS BIGINT)) FROM spans"
)
EVERY = (
    f"WITH RECURSIVE {SPANS}"
    " SELECT low, (SELECT count(*) FROM notifications WHERE user_id = $1"
    " AND id >= low AND id < low + CAST($3 AS BIGINT)) FROM spans"
)


class EventCounts:
    """What was counted, by user and beginning of the span."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, Mapping[str, int]]] = {}
        self._deletions = 0

    @property
    def deletions(self) -> int:
        return self._deletions

    def get(self, user_id: str, low: int) -> Mapping[str, int] | None:
        at, counts = self._known.get((user_id, low), (0.0, None))
        return counts if time.monotonic() - at < KEPT else None

    def add(self, user_id: str, low: int, counts: Mapping[str, int], deletions: int) -> None:
        """`deletions`: as it was before they were counted."""
        if deletions == self._deletions:
            self._known[user_id, low] = (time.monotonic(), counts)
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def forget_all(self) -> None:
        self._deletions += 1
        self._known = {}

    def forget(self, notification_ids: Iterable[int]) -> None:
        """These notifications are gone."""
        spans = {number // SPAN_IDS * SPAN_IDS for number in notification_ids}
        if spans:
            self._deletions += 1
            self._known = {key: one for key, one in self._known.items() if key[1] not in spans}


class EventCountQueries(ReceivedTimeQueries):
    _event_counts: EventCounts
    _long_reads: asyncio.Semaphore

    async def counts_by_event(self, user_id: str, since_id: int) -> dict[str, int]:
        ((oldest,),) = await self._read(
            "SELECT min(id) FROM notifications WHERE user_id = $1 AND id > $2", user_id, since_id
        )
        if oldest is None:
            return {}
        counted = Counter[str]()
        settled = _settled()
        whole = -(-oldest // SPAN_IDS) * SPAN_IDS
        edges = [(oldest, END)]
        if whole < settled:
            edges = [(oldest, whole), (settled, END)]
            for counts in await self._past(user_id, range(whole, settled, SPAN_IDS)):
                counted.update(counts)
        for low, high in edges:
            for _, name, count in await self._spans(user_id, low, high, high - low):
                counted[name] += count
        counted -= await self._received_before(user_id, since_id, "event_name")
        return dict(counted)

    async def histogram(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        past = min(until_id, _settled()) // span_ids * span_ids
        if since_id % SPAN_IDS or span_ids % SPAN_IDS or past <= since_id:
            rows = await self._spans(user_id, since_id, until_id, span_ids)
        else:
            rows = await self._spans(user_id, past, until_id, span_ids) if past < until_id else []
            bars: dict[int, Counter[str]] = {}
            lows = range(since_id, past, SPAN_IDS)
            for low, counts in zip(lows, await self._past(user_id, lows), strict=True):
                start = low - (low - since_id) % span_ids
                bars.setdefault(start, Counter()).update(counts)
            rows += [(low, name, n) for low, bar in bars.items() for name, n in bar.items()]
        corrections = await self._moved_between_spans(user_id, since_id, until_id, span_ids)
        if corrections:
            sums = Counter[tuple[int, str]]()
            for low, name, count in (*rows, *corrections):
                sums[low, name] += count
            rows = [(low, name, count) for (low, name), count in sums.items() if count > 0]
        return [(received_ms(low), name, count) for low, name, count in rows]

    async def _past(self, user_id: str, lows: range) -> list[Mapping[str, int]]:
        """What these spans hold. What is not known yet is counted a day at a time.

        Ten million take longer than a statement may: what was counted until then is known when the
        page is asked for again.
        """
        known = {low: self._event_counts.get(user_id, low) for low in lows}
        missing = [low for low, counts in known.items() if counts is None]
        async with self._long_reads if missing else contextlib.nullcontext():
            for start in range(0, len(missing), SPANS_AT_ONCE):
                known |= await self._count_spans(user_id, missing[start : start + SPANS_AT_ONCE])
        return [counts or {} for counts in known.values()]

    async def _count_spans(
        self, user_id: str, lows: Sequence[int]
    ) -> dict[int, Mapping[str, int] | None]:
        """Count what these spans hold, and keep it."""
        deletions = self._event_counts.deletions
        rows = await self._spans(user_id, lows[0], lows[-1] + SPAN_IDS, SPAN_IDS)
        fresh: dict[int, dict[str, int]] = {low: {} for low in lows}
        for low, name, count in rows:
            if low in fresh:
                fresh[low][name] = count
        for low, counts in fresh.items():
            self._event_counts.add(user_id, low, counts, deletions)
        return dict(fresh)

    async def _spans(
        self, user_id: str, low: int, high: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        """Beginning of a span, event name, how many; spans with none are left out."""
        rows = await self._read(HISTOGRAM, user_id, low, span_ids, high)
        if len({row[1] for row in rows}) < MAX_NAMES:
            rows += await self._read(NAMELESS, user_id, low, span_ids, high)
        else:
            named = Counter[int]()
            for start, _, count in rows:
                named[start] += count
            every = await self._read(EVERY, user_id, low, span_ids, high)
            rows += [(start, "", max(0, count - named[start])) for start, count in every]
        return [(int(row[0]), row[1], int(row[2])) for row in rows if row[2]]


def _settled() -> int:
    """Where the spans begin to which something may still be added."""
    return first_id_at(now_ms() - SETTLED) // SPAN_IDS * SPAN_IDS
