"""What the store does to make data go: candidates, accounts, and the notes of what has to go."""

import abc
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from srhooks.domain.ids import received_ms
from srhooks.domain.models import ERASED, WHOLE_ACCOUNT, Erasure
from srhooks.store.alerts import delete_alerts
from srhooks.store.filter_sql import REV
from srhooks.store.group_commit import Transaction, note_erasure
from srhooks.store.incidents import delete_incidents
from srhooks.store.queries import Queries

OF_ACCOUNT = (
    "sessions",
    "api_keys",
    "unreadable_kinds",
    "watched_subscriptions",
    "watch_looks",
    "activation_logs",
    "missed",
    "log_walks",
    "deleted_notifications",
    "recent_deletions",
    "backfilled",
    "stage_times",
    "account_zones",
)
REMAINS = (
    "UPDATE notifications SET title = $2, body = $3, headers = '{}', link = NULL,"
    " entity = NULL, entity_status = 'none', entity_at = NULL, entity_error = NULL,"
    f" changes = NULL, due_at = NULL, rev = {REV} WHERE id = $1 AND user_id = $4"
)


class ErasureQueries(Queries):
    search_id: str

    @abc.abstractmethod
    async def _remove(
        self, choose: Callable[[Transaction], Coroutine[Any, Any, list[Any]]]
    ) -> list[int]:
        """Delete those whose ids it chooses, with all that hangs on them; how many."""

    async def add_erasure(self, user_id: str, candidate_id: str, at: int) -> None:
        await self._work(lambda tx: note_erasure(tx, user_id, candidate_id, at))

    async def erasures(self) -> list[Erasure]:
        rows = await self._read(
            "SELECT user_id, candidate_id, at, rev FROM erasures ORDER BY at, user_id"
        )
        return [Erasure(*row) for row in rows]

    async def move_erasure(self, erasure: Erasure, rev: int) -> None:
        await self._work(
            lambda tx: tx.execute(
                "UPDATE erasures SET rev = $4"
                " WHERE user_id = $1 AND candidate_id = $2 AND at = $3",
                erasure.user_id, erasure.candidate_id, erasure.at, rev,
            )
        )  # fmt: skip

    async def finish_erasure(self, erasure: Erasure) -> None:
        await self._work(
            lambda tx: tx.execute(
                "DELETE FROM erasures WHERE user_id = $1 AND candidate_id = $2 AND at = $3",
                erasure.user_id, erasure.candidate_id, erasure.at,
            )
        )  # fmt: skip

    async def erase_notifications(self, user_id: str, notification_ids: Sequence[int]) -> int:
        async def work(tx: Transaction) -> int:
            erased = 0
            for notification_id in notification_ids:
                touched = await tx.execute(REMAINS, notification_id, ERASED, b"", user_id)
                if touched:
                    erased += 1
                    await tx.execute(
                        f"DELETE FROM search WHERE {self.search_id} = $1", notification_id
                    )
                    for table in ("notification_subjects", "subject_names", "name_requests"):
                        await tx.execute(
                            f"DELETE FROM {table} WHERE notification_id = $1", notification_id
                        )
                    await tx.execute(
                        "INSERT INTO reindex (id) VALUES ($1) ON CONFLICT DO NOTHING",
                        notification_id,
                    )
            return erased

        return await self._work(work, user_ids=[user_id]) if notification_ids else 0

    async def has_pending(self, user_id: str, before_id: int) -> bool:
        rows = await self._read(
            "SELECT 1 FROM notifications WHERE user_id = $1 AND id < $2"
            " AND entity_status = 'pending' UNION ALL"
            " SELECT 1 FROM notifications WHERE user_id = $1 AND received_at < $3"
            " AND entity_status = 'pending' LIMIT 1",
            user_id,
            before_id,
            received_ms(before_id),
        )
        return bool(rows)

    async def close_account(self, user_id: str, at: int) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(
                "DELETE FROM hook_keys WHERE hook_id IN (SELECT id FROM hooks WHERE user_id = $1)",
                user_id,
            )
            await tx.execute("DELETE FROM hooks WHERE user_id = $1", user_id)
            await tx.execute("DELETE FROM personal_tokens WHERE user_id = $1", user_id)
            await delete_alerts(tx, user_id)
            await delete_incidents(tx, user_id)
            for table in OF_ACCOUNT:
                await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
            await tx.execute("DELETE FROM users WHERE id = $1", user_id)
            for table in (
                "erasures",
                "erased_subjects",
                "opened",
                "subject_state",
                "subject_names",
                "name_requests",
            ):
                await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
            await note_erasure(tx, user_id, WHOLE_ACCOUNT, at)

        await self._work(work)

    async def delete_some(self, user_id: str, limit: int) -> int:
        sql = f"SELECT id FROM notifications WHERE user_id = $1 LIMIT {limit:d}"
        return len(await self._remove(lambda tx: tx.fetch(sql, user_id)))
