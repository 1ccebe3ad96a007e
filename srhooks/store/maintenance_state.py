"""What background work keeps in the database, and what it learns of the time from there."""

from srhooks.store.filter_sql import RECEIVED_AT
from srhooks.store.queries import Queries

NEWEST = 50  # notifications that are looked at for their senders' times


class MaintenanceQueries(Queries):
    async def maintenance_state(self, name: str) -> int | None:
        rows = await self._read("SELECT value FROM maintenance_state WHERE name = $1", name)
        return int(rows[0][0]) if rows else None

    async def save_maintenance_state(self, name: str, value: int) -> None:
        await self._write(
            "INSERT INTO maintenance_state (name, value) VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    async def newest_signed_time(self) -> int | None:
        ((newest,),) = await self._read(
            "SELECT max(sent_at) FROM (SELECT sent_at, signature FROM notifications"
            f" ORDER BY id DESC LIMIT {NEWEST}) n WHERE signature = 'valid'"
        )
        return None if newest is None else int(newest)

    async def newest_received_time(self) -> int | None:
        rows = await self._read(
            f"SELECT {RECEIVED_AT} FROM notifications n ORDER BY n.id DESC LIMIT 1"
        )
        return int(rows[0][0]) if rows else None

    async def bring_due_forward(self, now: int, latest: int) -> None:
        await self._write(
            "UPDATE notifications SET due_at = $1 WHERE id IN (SELECT n.id FROM users u"
            " JOIN notifications n ON n.user_id = u.id AND n.entity_status = 'pending'"
            " AND n.due_at > $2)",
            now,
            latest,
        )
