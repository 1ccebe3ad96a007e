"""When notifications were answered and shown, of as many as were measured: part of the store."""

from collections.abc import Sequence

from srhooks.domain.latency import NotificationTimes
from srhooks.store.filter_sql import RECEIVED_AT
from srhooks.store.queries import Queries


class StageTimeQueries(Queries):
    async def save_answered(self, user_id: str, answered: Sequence[tuple[int, int]]) -> None:
        await self._save("answered_at", user_id, answered)

    async def save_shown(self, user_id: str, shown: Sequence[tuple[int, int]]) -> None:
        await self._save("shown_at", user_id, shown)

    async def _save(self, column: str, user_id: str, times: Sequence[tuple[int, int]]) -> None:
        """The first time stays. One that was deleted meanwhile gets none."""
        sql = (
            f"INSERT INTO stage_times (notification_id, user_id, {column})"
            " SELECT id, user_id, $3 FROM notifications WHERE id = $1 AND user_id = $2"
            f" ON CONFLICT (notification_id) DO UPDATE SET {column} = excluded.{column}"
            f" WHERE stage_times.{column} IS NULL"
        )
        each = [(number, user_id, at) for number, at in times]
        await self._work(lambda tx: tx.execute_many(sql, each), durable=False)

    async def notification_times(
        self, user_id: str, spans: Sequence[tuple[int, int]], limit: int
    ) -> list[NotificationTimes]:
        args: list[int | str] = [user_id]
        selects = []
        for place, span in enumerate(spans):
            args += span
            selects.append(
                # Who forges one chooses its time as well; a backfilled one came by the log.
                f"SELECT * FROM (SELECT n.id, n.event_name, {RECEIVED_AT},"
                " CASE WHEN n.signature = 'valid' THEN n.sent_at END, s.answered_at,"
                " CASE WHEN n.entity_status = 'fetched' THEN n.entity_at END, s.shown_at"
                " FROM notifications n LEFT JOIN stage_times s ON s.notification_id = n.id"
                f" WHERE n.user_id = $1 AND n.id >= ${len(args) - 1} AND n.id < ${len(args)}"
                " AND NOT EXISTS (SELECT 1 FROM backfilled b WHERE b.notification_id = n.id)"
                f" ORDER BY n.id DESC LIMIT {limit:d}) part{place:d}"
            )
        rows = await self._read(" UNION ALL ".join(selects), *args)
        return [NotificationTimes(*row) for row in rows]
