"""What changed of an account since a cursor: rows by their `rev`, and what people deleted.

Every change of a notification, and its deletion by a person, gets the next number of the database
as its `rev`. Where several processes write, they take turns with each account until their commit,
so none of its changes becomes visible below one that was read before. SQLite has one writer.
"""

from collections.abc import Sequence

from srhooks.domain.clock import DAY
from srhooks.domain.models import Notification
from srhooks.store.feed_slices import SIZE
from srhooks.store.filter_sql import COLUMNS, REV, notification_of
from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import chunks, placeholders
from srhooks.store.notification_protocol import PAGE_BYTES
from srhooks.store.queries import Queries

KEEP_DELETIONS = DAY  # ms: a page away for longer shows deleted rows until it is reloaded
MAX_DELETIONS = 5000  # the newest, returned at a time


class ChangeQueries(Queries):
    async def changed_since(self, user_id: str, rev: int, limit: int) -> list[Notification]:
        # In one statement: a row that changed between two would be in neither.
        rows = await self._read(
            f"SELECT {COLUMNS} FROM notifications n JOIN ("
            "SELECT sized.id, sum(size) OVER (ORDER BY rev) - size AS before FROM ("
            f"SELECT n.id, n.rev, {SIZE} AS size FROM notifications n"
            f" WHERE user_id = $1 AND rev > $2 ORDER BY rev LIMIT {limit:d}) sized"
            f") part ON part.id = n.id WHERE part.before < {PAGE_BYTES:d} ORDER BY n.rev",
            user_id,
            rev,
        )
        return [notification_of(row) for row in rows]

    async def last_rev(self, user_id: str) -> int:
        ((changed, deleted),) = await self._read(
            "SELECT (SELECT max(rev) FROM notifications WHERE user_id = $1),"
            " (SELECT max(rev) FROM recent_deletions WHERE user_id = $1)",
            user_id,
        )
        return max(changed or 0, deleted or 0)

    async def last_revs(self, user_ids: Sequence[str]) -> dict[str, int]:
        revs: dict[str, int] = {}
        for part in chunks(user_ids):
            rows = await self._read(
                "SELECT id, (SELECT max(rev) FROM notifications n WHERE n.user_id = users.id),"
                " (SELECT max(rev) FROM recent_deletions d WHERE d.user_id = users.id)"
                f" FROM users WHERE id IN ({placeholders(1, len(part))})",
                *part,
            )
            revs |= {user_id: max(changed or 0, deleted or 0) for user_id, changed, deleted in rows}
        return revs

    async def deleted_since(self, user_id: str, rev: int) -> tuple[int, list[int]]:
        rows = await self._read(
            "SELECT rev, notification_id FROM recent_deletions WHERE user_id = $1 AND rev > $2"
            f" ORDER BY rev DESC LIMIT {MAX_DELETIONS:d}",
            user_id,
            rev,
        )
        return (rows[0][0] if rows else rev), [row[1] for row in rows]

    async def _newest_deletion(self) -> int:
        """The `rev` of the newest of all accounts; 0 without any."""
        ((rev,),) = await self._read("SELECT max(rev) FROM recent_deletions")
        return int(rev or 0)


async def record_deletions(tx: Transaction, user_id: str, ids: Sequence[int], at: int) -> None:
    """Record deletions, so that open pages remove these rows."""
    await tx.execute_many(
        "INSERT INTO recent_deletions (user_id, rev, notification_id, at)"
        f" VALUES ($1, {REV}, $2, $3)",
        [(user_id, notification_id, at) for notification_id in ids],
    )


async def purge_deletions(tx: Transaction, now: int) -> None:
    await tx.execute("DELETE FROM recent_deletions WHERE at < $1", now - KEEP_DELETIONS)
