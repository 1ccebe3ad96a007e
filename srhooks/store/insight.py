"""What the overview asks of the store: sums over a window of time, each by way of an index."""

import abc
from typing import Any

from srhooks.ids import LOW_BITS
from srhooks.models import Timing, Trouble

MAX_NAMES = 500  # event names that are told apart
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


class InsightQueries(abc.ABC):
    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query outside of the writer."""

    async def histogram(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        rows = await self._read(HISTOGRAM, user_id, since_id, span_ids, until_id)
        rows += await self._read(NAMELESS, user_id, since_id, span_ids, until_id)
        return [(int(row[0]) >> LOW_BITS, row[1], int(row[2])) for row in rows if row[2]]

    async def timings(self, user_id: str, since_id: int, limit: int) -> list[Timing]:
        rows = await self._read(
            "SELECT id, sent_at, CASE WHEN entity_status = 'fetched' THEN entity_at END"
            " FROM notifications WHERE user_id = $1 AND id > $2"
            f" ORDER BY id DESC LIMIT {limit:d}",
            user_id,
            since_id,
        )
        return [Timing(row[0] >> LOW_BITS, row[1], row[2]) for row in rows]

    async def trouble(self, user_id: str, since_id: int) -> Trouble:
        # The conditions are those of the partial indexes, word for word, so that these are used.
        signatures = await self._read(
            "SELECT signature, count(*) FROM notifications WHERE user_id = $1 AND id > $2"
            " AND signature IN ('invalid', 'unverifiable') GROUP BY signature",
            user_id,
            since_id,
        )
        entities = await self._read(
            "SELECT entity_status, count(*) FROM notifications WHERE user_id = $1 AND id > $2"
            " AND entity_status IN ('failed', 'refused') GROUP BY entity_status",
            user_id,
            since_id,
        )
        ((pending, oldest),) = await self._read(
            "SELECT count(*), min(id) FROM notifications"
            " WHERE user_id = $1 AND entity_status = 'pending'",
            user_id,
        )
        return Trouble(
            counts={row[0]: int(row[1]) for row in (*signatures, *entities)},
            pending=int(pending),
            pending_since=None if oldest is None else int(oldest) >> LOW_BITS,
        )
