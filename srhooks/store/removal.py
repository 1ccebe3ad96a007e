"""Deleting notifications, in transactions that are bounded in bytes.

What is deleted is overwritten, so a transaction writes as much as it deletes: intake waits for it,
and on a full disk it must fit into the room that is kept for it.
"""

from collections.abc import Sequence
from typing import Any

from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.store.alerts import purge_alerts
from srhooks.store.changes import purge_deletions, record_deletions
from srhooks.store.errors import DiskFullError
from srhooks.store.feed_slices import SIZE
from srhooks.store.group_commit import Transaction
from srhooks.store.incidents import purge_incidents
from srhooks.store.many_values import placeholders
from srhooks.store.missed import remember_deleted
from srhooks.store.queries import Queries
from srhooks.store.reserve import may_use_reserve

KEEP_ENDED_TOKENS = 30 * DAY  # ms that a personal token is listed after its end
PART_BYTES = 2 * 1024 * 1024  # bodies, headers and entities that one transaction overwrites
OF_NOTIFICATION = (
    "deliveries",
    "notification_subjects",
    "subject_names",
    "opened",
    "backfilled",
    "stage_times",
    "name_requests",
)


def parts(sizes: Sequence[tuple[int, int]], most: int = PART_BYTES) -> list[list[int]]:
    """Ids with their sizes, cut where they are more than `most` bytes; one id is never too much."""
    cut: list[list[int]] = []
    room = 0
    for notification_id, size in sizes:
        if not cut or size > room:
            cut.append([])
            room = most
        cut[-1].append(notification_id)
        room -= size
    return cut


class RemovalQueries(Queries):
    search_id: str

    @may_use_reserve
    async def purge(self, received_before: int, now: int, limit: int) -> int:
        async def choose(tx: Transaction) -> list[Any]:
            await tx.execute("DELETE FROM sessions WHERE until < $1", now)
            await tx.execute(
                "DELETE FROM personal_tokens WHERE expires_at < $1", now - KEEP_ENDED_TOKENS
            )
            await purge_deletions(tx, now)
            await purge_alerts(tx, now - KEEP_ENDED_TOKENS)
            await purge_incidents(tx, received_before)
            rows = await tx.fetch(
                f"SELECT id FROM notifications WHERE id < $1 ORDER BY id LIMIT {limit:d}",
                first_id_at(received_before),
            )
            if len(rows) < limit:  # those whose ids hold a later time
                rows += await tx.fetch(
                    # With a plus, SQLite goes by the small index of those and not by all rows.
                    "SELECT id FROM notifications WHERE received_at < $1 AND +id >= $2"
                    f" LIMIT {limit - len(rows):d}",
                    received_before,
                    first_id_at(received_before),
                )
            return rows

        return len(await self._remove([row[0] for row in await self._work(choose)]))

    @may_use_reserve
    async def delete_notifications(
        self, user_id: str, notification_ids: Sequence[int]
    ) -> list[int]:
        if not notification_ids:
            return []
        rows = await self._read(
            "SELECT id FROM notifications WHERE user_id = $1"
            f" AND id IN ({placeholders(2, len(notification_ids))})",
            user_id,
            *notification_ids,
        )
        return await self._remove([row[0] for row in rows], by_user=user_id)

    @may_use_reserve
    async def delete_some(self, user_id: str, limit: int) -> int:
        rows = await self._read(
            f"SELECT id FROM notifications WHERE user_id = $1 LIMIT {limit:d}", user_id
        )
        return len(await self._remove([row[0] for row in rows]))

    async def _remove(self, ids: Sequence[int], *, by_user: str | None = None) -> list[int]:
        """Delete these with all that hangs on them; those that were there.

        What a person deletes, the callbacks log does not bring back.
        """
        removed: list[int] = []
        for part in parts(await self._sizes(ids)):
            try:
                removed += await self._remove_part(part, by_user)
            except DiskFullError:
                if len(part) == 1:
                    raise
                for notification_id in part:
                    removed += await self._remove_part([notification_id], by_user)
        return removed

    async def _sizes(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        if not ids:
            return []
        rows = await self._read(
            f"SELECT n.id, {SIZE} FROM notifications n"
            f" WHERE n.id IN ({placeholders(1, len(ids))}) ORDER BY n.id",
            *ids,
        )
        return [(row[0], row[1]) for row in rows]

    async def _remove_part(self, ids: Sequence[int], by_user: str | None) -> list[int]:
        async def work(tx: Transaction) -> list[int]:
            rows = await tx.fetch(
                f"SELECT id FROM notifications WHERE id IN ({placeholders(1, len(ids))})", *ids
            )
            if by_user is not None:
                await record_deletions(tx, by_user, [row[0] for row in rows], now_ms())
                await remember_deleted(tx, by_user, ids, now_ms())
            there = [row[0] for row in rows]
            if not there:
                return []
            these = f"IN ({placeholders(1, len(there))})"
            for table in OF_NOTIFICATION:
                await tx.execute(f"DELETE FROM {table} WHERE notification_id {these}", *there)
            await tx.execute(f"DELETE FROM reindex WHERE id {these}", *there)
            await tx.execute(f"DELETE FROM search WHERE {self.search_id} {these}", *there)
            await tx.execute(f"DELETE FROM notifications WHERE id {these}", *there)
            return there

        return await self._work(work, user_ids=[] if by_user is None else [by_user])
