"""Times of receipt where the ids do not tell them: the clock had been ahead, and stepped back.

Ids only rise, so such a row's id holds a later time than it was received at, never an
earlier one. Those rows alone have a `received_at` of their own and stand in the partial index
`notifications_moved`; everything else is found by ids. With none of them, which is normal, this
costs one look at an empty index.
"""

from collections import Counter
from dataclasses import replace

from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.store.queries import Queries

MOVED = "user_id = $1 AND received_at IS NOT NULL"


class ReceivedTimeQueries(Queries):
    async def _by_ids_where_possible(self, user_id: str, filter_: Filter) -> Filter:
        """The same filter with its times as ids, and as times only where ids do not suffice."""
        after, before = filter_.received_after, filter_.received_before
        if after is not None:
            low = first_id_at(after + 1)
            filter_ = replace(filter_, after=max(filter_.after or 0, low - 1))
            if await self._newest_moved(user_id, low, after + 1) is None:
                filter_ = replace(filter_, received_after=None)
        if before is not None:
            high = first_id_at(before)
            newest = await self._newest_moved(user_id, high, before)
            if newest is None:
                filter_ = replace(filter_, received_before=None)
            else:
                high = newest + 1
            if filter_.before is None or high < filter_.before:
                filter_ = replace(filter_, before=high)
        return filter_

    async def _newest_moved(self, user_id: str, low: int, before: int) -> int | None:
        """The highest id from `low` on that was received before this time (ms)."""
        rows = await self._read(
            f"SELECT id FROM notifications WHERE {MOVED} AND id >= $2 AND received_at < $3"
            " ORDER BY id DESC LIMIT 1",
            user_id,
            low,
            before,
        )
        return int(rows[0][0]) if rows else None

    async def _received_before(self, user_id: str, since_id: int, column: str) -> Counter[str]:
        """By the column's value: how many above the id were received before its time."""
        rows = await self._read(
            f"SELECT coalesce({column}, ''), count(*) FROM notifications WHERE {MOVED}"
            f" AND id > $2 AND received_at < $3 GROUP BY coalesce({column}, '')",
            user_id,
            since_id,
            received_ms(since_id + 1),
        )
        return Counter({row[0]: int(row[1]) for row in rows})

    async def _moved_between_spans(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        """What to add to counts of spans by ids, so that they are counts by time of receipt."""
        begin, span = received_ms(since_id), received_ms(span_ids)
        rows = await self._read(
            f"SELECT (id - $2) / $3, CASE WHEN received_at < $4 THEN -1"
            " ELSE (received_at - $4) / $5 END, coalesce(event_name, ''), count(*)"
            f" FROM notifications WHERE {MOVED} AND id >= $2 GROUP BY 1, 2, 3",
            user_id, since_id, span_ids, begin, span,
        )  # fmt: skip
        spans = -(-(until_id - since_id) // span_ids)
        corrections = []
        for by_id, by_time, name, count in rows:
            if by_id != by_time:
                for place, change in ((by_id, -count), (by_time, count)):
                    if 0 <= place < spans:
                        corrections.append((since_id + place * span_ids, name, change))
        return corrections
