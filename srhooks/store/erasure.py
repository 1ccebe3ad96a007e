"""Erasure of candidates and accounts, and the requests for it that are still to be done."""

from collections.abc import Sequence

from srhooks.domain.ids import received_ms
from srhooks.domain.models import ERASED, WHOLE_ACCOUNT, Erasure
from srhooks.store.alerts import delete_alerts
from srhooks.store.errors import DiskFullError
from srhooks.store.filter_sql import REV
from srhooks.store.group_commit import Transaction, request_erasure
from srhooks.store.incidents import delete_incidents
from srhooks.store.removal import RemovalQueries, parts
from srhooks.store.reserve import may_use_reserve

MISSED_BATCH = 4  # of what was missed that one transaction deletes
# What goes with an account at once; its notifications, and all that hangs on them, follow in steps.
OF_ACCOUNT = (
    "hooks",
    "sessions",
    "api_keys",
    "personal_tokens",
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
    "erasures",
    "erased_subjects",
    "opened",
    "subject_state",
    "subject_names",
    "name_requests",
)
REMAINS = (
    "UPDATE notifications SET title = $2, body = $3, headers = '{}', link = NULL,"
    " entity = NULL, entity_status = 'none', entity_at = NULL, entity_error = NULL,"
    f" changes = NULL, due_at = NULL, rev = {REV} WHERE id = $1 AND user_id = $4"
)


class ErasureQueries(RemovalQueries):
    async def add_erasure(self, user_id: str, candidate_id: str, at: int) -> None:
        await self._work(lambda tx: request_erasure(tx, user_id, candidate_id, at))

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

    @may_use_reserve
    async def erase_notifications(self, user_id: str, notification_ids: Sequence[int]) -> int:
        erased = 0
        for part in parts(await self._sizes(notification_ids)):
            try:
                erased += await self._erase_part(user_id, part)
            except DiskFullError:
                if len(part) == 1:
                    raise
                for notification_id in part:
                    erased += await self._erase_part(user_id, [notification_id])
        return erased

    async def _erase_part(self, user_id: str, ids: Sequence[int]) -> int:
        async def work(tx: Transaction) -> int:
            erased = 0
            for notification_id in ids:
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

        return await self._work(work, user_ids=[user_id])

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

    @may_use_reserve
    async def close_account(self, user_id: str, at: int) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(
                "DELETE FROM hook_keys WHERE hook_id IN (SELECT id FROM hooks WHERE user_id = $1)",
                user_id,
            )
            await delete_alerts(tx, user_id)
            await delete_incidents(tx, user_id)
            for table in OF_ACCOUNT:
                await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
            await tx.execute("DELETE FROM users WHERE id = $1", user_id)
            await request_erasure(tx, user_id, WHOLE_ACCOUNT, at)

        # Each holds a whole notification: a few at a time.
        while await self._write(
            "DELETE FROM missed WHERE id IN"
            f" (SELECT id FROM missed WHERE user_id = $1 LIMIT {MISSED_BATCH})",
            user_id,
        ):
            pass
        await self._work(work)
