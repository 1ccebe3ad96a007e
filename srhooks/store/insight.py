"""What the overview asks of the store: sums over a window of time, each by way of an index."""

import abc
from typing import Any

from srhooks.ids import LOW_BITS
from srhooks.models import Timing, Trouble


class InsightQueries(abc.ABC):
    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query outside of the writer."""

    async def histogram(
        self, user_id: str, since_id: int, bucket_ms: int
    ) -> list[tuple[int, str, int]]:
        # All columns are in the index by event: the rows themselves are not read.
        rows = await self._read(
            f"SELECT (id >> {LOW_BITS}) / {bucket_ms:d} AS bucket, coalesce(event_name, ''),"
            " count(*) FROM notifications WHERE user_id = $1 AND id > $2"
            " GROUP BY bucket, event_name",
            user_id,
            since_id,
        )
        return [(int(row[0]) * bucket_ms, row[1], int(row[2])) for row in rows]

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
