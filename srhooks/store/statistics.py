"""What the overview asks of the store: sums over a window of time, each by way of an index."""

import asyncio
from collections import Counter

from srhooks.domain.ids import received_ms
from srhooks.domain.models import ProblemCounts, Timing
from srhooks.store.event_counts import EventCountQueries
from srhooks.store.filter_sql import RECEIVED_AT, UNFETCHED
from srhooks.store.many_values import placeholders
from srhooks.store.received_times import MOVED

# Not received before the time that the id of $2 stands for, although its own id is higher.
IN_TIME = "(received_at IS NULL OR received_at >= $3)"

SUBSCRIPTIONS = (
    "WITH RECURSIVE known (id) AS ("
    " SELECT min(subscription_id) FROM notifications WHERE user_id = $1 UNION ALL"
    " SELECT (SELECT min(subscription_id) FROM notifications"
    " WHERE user_id = $1 AND subscription_id > known.id) FROM known WHERE known.id IS NOT NULL)"
)


class StatisticsQueries(EventCountQueries):
    async def activity(self, user_id: str, since_id: int) -> dict[str, tuple[int, int]]:
        rows, counts = await asyncio.gather(
            # From one subscription to the next by leaps along their index, not through all rows.
            self._read(
                f"{SUBSCRIPTIONS} SELECT known.id, (SELECT max(n.id) FROM notifications n"
                " WHERE n.user_id = $1 AND n.subscription_id = known.id)"
                " FROM known WHERE known.id IS NOT NULL",
                user_id,
            ),
            self._counts(user_id, since_id, "subscription_id"),
        )
        times = dict(
            await self._read(
                f"SELECT n.id, {RECEIVED_AT} FROM notifications n"
                f" WHERE n.id IN ({placeholders(1, len(rows))})",
                *(row[1] for row in rows),
            )
            if rows
            else ()
        )
        return {
            row[0]: (int(times[row[1]]), counts.get(row[0], 0))
            for row in rows
            if row[1] in times  # else it was deleted meanwhile
        }

    async def timings(self, user_id: str, since_id: int, limit: int) -> list[Timing]:
        rows = await self._read(
            # Who forges a notification chooses its time as well.
            f"SELECT {RECEIVED_AT}, CASE WHEN signature = 'valid' THEN sent_at END,"
            " CASE WHEN entity_status = 'fetched' THEN entity_at END"
            f" FROM notifications n WHERE user_id = $1 AND id > $2 AND {IN_TIME}"
            f" ORDER BY id DESC LIMIT {limit:d}",
            user_id, since_id, received_ms(since_id + 1),
        )  # fmt: skip
        return [Timing(row[0], row[1], row[2]) for row in rows]

    async def delivery_times(
        self, user_id: str, subscription_id: str, since_id: int, limit: int
    ) -> list[tuple[str, int]]:
        rows = await self._read(
            f"SELECT coalesce(event_name, ''), {RECEIVED_AT} - sent_at FROM notifications n"
            " WHERE user_id = $1 AND subscription_id = $2 AND id > $3"
            " AND signature = 'valid' AND sent_at IS NOT NULL"
            f" ORDER BY id DESC LIMIT {limit:d}",
            user_id, subscription_id, since_id,
        )  # fmt: skip
        return [(row[0], int(row[1])) for row in rows]

    async def trouble(self, user_id: str, since_id: int) -> ProblemCounts:
        # The conditions are those of the partial indexes, word for word, so that these are used,
        # and nothing but what the indexes hold is asked for.
        signatures, moved_signatures, statuses, moved_statuses, waiting = await asyncio.gather(
            self._read(
                "SELECT signature, count(*) FROM notifications WHERE user_id = $1 AND id > $2"
                " AND signature IN ('invalid', 'unverifiable') GROUP BY signature",
                user_id, since_id,
            ),
            self._received_before(user_id, since_id, "signature"),
            # Each by itself: of two lists the longer one might be looked up.
            self._read(
                " UNION ALL ".join(
                    f"SELECT '{status}', count(*) FROM notifications WHERE user_id = $1"
                    f" AND id > $2 AND entity_status = '{status}' AND {UNFETCHED}"
                    for status in ("failed", "refused")
                ),
                user_id, since_id,
            ),
            self._received_before(user_id, since_id, "entity_status"),
            self._read(
                "SELECT (SELECT count(*) FROM notifications WHERE user_id = $1"
                " AND entity_status = 'pending'), (SELECT min(id) FROM notifications"
                " WHERE user_id = $1 AND entity_status = 'pending'), (SELECT min(received_at)"
                f" FROM notifications WHERE {MOVED} AND entity_status = 'pending')",
                user_id,
            ),
        )  # fmt: skip
        counted = Counter(dict(signatures)) - moved_signatures
        unfetched = Counter(dict(statuses)) - moved_statuses
        ((pending, oldest, moved),) = waiting
        times = [received_ms(oldest)] if oldest is not None else []
        return ProblemCounts(
            counts=dict(counted + unfetched),
            pending=int(pending),
            pending_since=min([*times, moved]) if moved is not None else min(times, default=None),
        )
