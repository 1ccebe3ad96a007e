"""How many notifications came in, by event or by subscription, of any span of time.

The table `event_counts` has the sums of minutes, half hours and days; triggers of the database keep
them in the transaction that adds or deletes. A span is put together of the widest that fit, and
what is left at its ends, less than a minute, is counted row by row. So a page reads some hundreds
of sums, however many notifications there are.

What was stored before that table existed is counted in the background (count_backfill.py). Until
then it is counted for whoever asks, along the index, a day at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from srhooks.domain.ids import LOW_BITS, MAX_MS, first_id_at, received_ms
from srhooks.store.received_times import ReceivedTimeQueries

MINUTE, HALF_HOUR, DAY = WIDTHS = (60_000, 1_800_000, 86_400_000)  # ms; schema 024 has them, too
DAY_IDS = first_id_at(DAY)
END = first_id_at(MAX_MS // DAY * DAY)  # above all ids
MAX_NAMES = 500  # the most frequent ones are told apart; the rest counts as having none
SUMS = (
    "SELECT start, {column} AS name, received FROM event_counts"
    " WHERE user_id = $1 AND width = {width} AND start >= {low} AND start < {high}{only}"
)
ROWS = (
    f"SELECT id >> {LOW_BITS} AS start, coalesce({{column}}, '') AS name, 1 AS received"
    " FROM notifications WHERE user_id = $1 AND id >= {low} AND id < {high}{only}"
)
BARS = (
    "WITH counted AS (SELECT (start - CAST($2 AS BIGINT)) / CAST($3 AS BIGINT) AS bar, name,"
    " sum(received) AS received FROM ({parts}) parts GROUP BY 1, 2),"
    " names AS (SELECT name FROM counted WHERE name <> '' GROUP BY name"
    f" ORDER BY sum(received) DESC, name LIMIT {MAX_NAMES})"
    " SELECT bar, coalesce(names.name, '') AS shown, sum(received) FROM counted"
    " LEFT JOIN names ON names.name = counted.name GROUP BY bar, coalesce(names.name, '')"
)
# Without sums, grouping by a computed span sorts a million rows. This counts ranges of the index
# by name, which holds all it needs, and finds the names by leaping from one to the next.
SPANS = (
    "spans (low) AS (SELECT CAST($2 AS BIGINT) UNION ALL"
    " SELECT low + CAST($3 AS BIGINT) FROM spans WHERE low + CAST($3 AS BIGINT) < $4)"
)
IN_SPAN = "id >= low AND id < low + CAST($3 AS BIGINT) AND id < $4"
NAMED_SPANS = (
    "WITH RECURSIVE names (name, place) AS ("
    " SELECT min({column}), 1 FROM notifications WHERE user_id = $1 UNION ALL"
    " SELECT (SELECT min({column}) FROM notifications"
    " WHERE user_id = $1 AND {column} > names.name), place + 1"
    f" FROM names WHERE name IS NOT NULL AND place < {MAX_NAMES}), {SPANS}"
    " SELECT low, name, (SELECT count(*) FROM notifications WHERE user_id = $1"
    f" AND {{column}} = name AND {IN_SPAN})"
    " FROM names CROSS JOIN spans WHERE name IS NOT NULL"
)
ALL_SPANS = (
    f"WITH RECURSIVE {SPANS}"
    f" SELECT low, (SELECT count(*) FROM notifications WHERE user_id = $1 AND {IN_SPAN}) FROM spans"
)


class Part(NamedTuple):
    """A range of ids that is counted by sums of one width (ms), or by rows (0)."""

    width: int
    low: int
    high: int


class Bar(NamedTuple):
    place: int  # of the span, from 0
    name: str
    received: int


def parts_of(low: int, high: int, widths: Sequence[int]) -> Iterator[Part]:
    """The range of ids by the widest sums that fit in, and at both ends by narrower ones."""
    if not widths:
        if low < high:
            yield Part(0, low, high)
        return
    *narrower, width = sorted(widths)
    ids = first_id_at(width)
    begin, end = -(-low // ids) * ids, high // ids * ids
    if begin >= end:
        yield from parts_of(low, high, narrower)
        return
    yield from parts_of(low, begin, narrower)
    yield Part(width, begin, end)
    yield from parts_of(end, high, narrower)


class EventCountQueries(ReceivedTimeQueries):
    _long_reads: asyncio.Semaphore
    _all_counted = False

    async def counts_by_event(self, user_id: str, since_id: int) -> dict[str, int]:
        return await self._counts(user_id, since_id, "event_name")

    async def _counts(self, user_id: str, since_id: int, column: str) -> dict[str, int]:
        """By the column's value ("" for none): how many are above the id."""
        low = since_id + 1
        bars, moved = await asyncio.gather(
            self._bars(user_id, column, low, END, END - low),
            self._received_before(user_id, since_id, column),
        )
        counted = Counter[str]()
        for _, name, count in bars:
            counted[name] += count
        return dict(counted - moved)

    async def histogram(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        bars, corrections = await asyncio.gather(
            self._bars(user_id, "event_name", since_id, until_id, span_ids),
            self._moved_between_spans(user_id, since_id, until_id, span_ids),
        )
        rows = [(since_id + bar * span_ids, name, count) for bar, name, count in bars]
        if corrections:
            sums = Counter[tuple[int, str]]()
            for low, name, count in (*rows, *corrections):
                sums[low, name] += count
            rows = [(low, name, count) for (low, name), count in sums.items() if count > 0]
        return [(received_ms(low), name, count) for low, name, count in rows]

    async def _bars(self, user_id: str, column: str, low: int, high: int, span: int) -> list[Bar]:
        """Spans of so many ids from `low` until before `high`; those with none are left out."""
        widths: tuple[int, ...] = WIDTHS
        if span < high - low:  # a sum must not stand across the end of a bar
            widths = tuple(w for w in WIDTHS if not (low % first_id_at(w) or span % first_id_at(w)))
        counts: list[Bar] = []
        begin = low
        counted_from = await self._counted_from()
        if counted_from > low:
            begin = min(counted_from, high)
            counts = await self._count_spans(user_id, column, low, begin, span)
        counts += await self._sums(user_id, column, (low, begin, high, span), widths)
        merged = Counter[tuple[int, str]]()
        for place, name, received in counts:
            merged[place, name] += received
        return [Bar(*key, received) for key, received in merged.items() if received > 0]

    async def _sums(
        self, user_id: str, column: str, bars: tuple[int, int, int, int], widths: Sequence[int],
        subscription_id: str | None = None,
    ) -> list[Bar]:  # fmt: skip
        """By the table. `bars`: where they begin, from where on, until where, ids of each."""
        low, begin, high, span = bars
        values: list[object] = [user_id, received_ms(low), max(1, received_ms(span))]
        only = ""
        if subscription_id is not None:
            values.append(subscription_id)
            only = f" AND subscription_id = ${len(values)}"
        selects = []
        for width, first, end in parts_of(begin, high, widths):
            values += (received_ms(first), received_ms(end)) if width else (first, end)
            numbers = {"low": f"${len(values) - 1}", "high": f"${len(values)}"}
            template = SUMS if width else ROWS
            selects.append(template.format(column=column, width=width, only=only, **numbers))
        if not selects:
            return []
        rows = await self._read(BARS.format(parts=" UNION ALL ".join(selects)), *values)
        return [Bar(int(row[0]), row[1], int(row[2])) for row in rows]

    async def _summed_up(
        self, user_id: str, low: int, high: int, subscription_id: str | None
    ) -> dict[str, int] | None:
        """By event, from one id on and below the other; None where the sums do not go so far."""
        if await self._counted_from() > low:
            return None
        bars = (low, low, high, high - low)
        counted = Counter[str]()
        for _, name, received in await self._sums(
            user_id, "event_name", bars, WIDTHS, subscription_id
        ):
            counted[name] += received
        return dict(+counted)

    async def _counted_from(self) -> int:
        """The id from which on the table is complete."""
        if self._all_counted:
            return 0
        ((start,),) = await self._read("SELECT counted_from FROM event_counts_state")
        self._all_counted = start == 0
        return first_id_at(start)

    async def _count_spans(
        self, user_id: str, column: str, low: int, high: int, span: int
    ) -> list[Bar]:
        """What is not summed up yet, counted a day at a time: more may take too long."""
        ((oldest,),) = await self._read("SELECT min(id) FROM notifications WHERE user_id = $1",
                                        user_id)  # fmt: skip
        if oldest is None:
            return []
        whole = span >= high - low
        width = DAY_IDS if whole else span
        step = max(1, DAY_IDS // width) * width
        begin = low + max(0, oldest - low) // step * step
        counts = []
        async with self._long_reads:
            for first in range(begin, high, step):
                end = min(first + step, high)
                counts += [
                    Bar(0 if whole else (start - low) // span, name, count)
                    for start, name, count in await self._spans(user_id, column, first, end, width)
                ]
        return counts

    async def _spans(
        self, user_id: str, column: str, low: int, high: int, width: int
    ) -> list[tuple[int, str, int]]:
        """Beginning of a span (id), name, how many; spans with none are left out."""
        values = (user_id, low, width, high)
        rows = await self._read(NAMED_SPANS.format(column=column), *values)
        named = Counter[int]()
        for start, _, count in rows:
            named[start] += count
        for start, count in await self._read(ALL_SPANS, *values):
            rows.append((start, "", count - named[start]))
        return [(int(row[0]), row[1], int(row[2])) for row in rows if row[2] > 0]
