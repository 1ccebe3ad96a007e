"""What the overview asks of the store: sums over a window of time, each by way of an index."""

import abc
from typing import Any

from srhooks.domain.ids import LOW_BITS, received_ms
from srhooks.domain.models import Timing, Trouble
from srhooks.store.filter_sql import UNFETCHED

SUBSCRIPTIONS = (
    "WITH RECURSIVE known (id) AS ("
    " SELECT min(subscription_id) FROM notifications WHERE user_id = $1 UNION ALL"
    " SELECT (SELECT min(subscription_id) FROM notifications"
    " WHERE user_id = $1 AND subscription_id > known.id) FROM known WHERE known.id IS NOT NULL)"
)


class InsightQueries(abc.ABC):
    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query outside of the writer."""

    async def activity(self, user_id: str, since_id: int) -> dict[str, tuple[int, int]]:
        # From one subscription to the next by leaps along their index, not through all rows.
        rows = await self._read(
            f"{SUBSCRIPTIONS} SELECT known.id, (SELECT max(n.id) FROM notifications n"
            " WHERE n.user_id = $1 AND n.subscription_id = known.id),"
            " (SELECT count(*) FROM notifications n WHERE n.user_id = $1"
            " AND n.subscription_id = known.id AND n.id > $2)"
            " FROM known WHERE known.id IS NOT NULL",
            user_id,
            since_id,
        )
        return {row[0]: (received_ms(row[1]), int(row[2])) for row in rows}

    async def timings(self, user_id: str, since_id: int, limit: int) -> list[Timing]:
        rows = await self._read(
            # Who forges a notification chooses its time as well.
            "SELECT id, CASE WHEN signature = 'valid' THEN sent_at END,"
            " CASE WHEN entity_status = 'fetched' THEN entity_at END"
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
        # Each by itself: of two lists the longer one might be looked up.
        entities = await self._read(
            " UNION ALL ".join(
                f"SELECT '{status}', count(*) FROM notifications WHERE user_id = $1 AND id > $2"
                f" AND entity_status = '{status}' AND {UNFETCHED}"
                for status in ("failed", "refused")
            ),
            user_id,
            since_id,
        )
        ((pending, oldest),) = await self._read(
            "SELECT count(*), min(id) FROM notifications"
            " WHERE user_id = $1 AND entity_status = 'pending'",
            user_id,
        )
        return Trouble(
            counts={row[0]: int(row[1]) for row in (*signatures, *entities) if row[1]},
            pending=int(pending),
            pending_since=None if oldest is None else int(oldest) >> LOW_BITS,
        )
