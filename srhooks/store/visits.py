"""The last visit of an account, and the notifications that were opened."""

from srhooks.store.queries import Queries

MOST_OPENED = 5_000  # newest ones that are read at once


class VisitQueries(Queries):
    async def mark_seen(self, user_id: str, at: int) -> None:
        await self._write("UPDATE users SET seen_at = $2 WHERE id = $1", user_id, at)

    async def mark_opened(self, user_id: str, notification_id: int) -> None:
        await self._write(
            "INSERT INTO opened (notification_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            notification_id,
            user_id,
        )

    async def opened(self, user_id: str, since_id: int) -> frozenset[int]:
        rows = await self._read(
            "SELECT notification_id FROM opened WHERE user_id = $1 AND notification_id >= $2"
            f" ORDER BY notification_id DESC LIMIT {MOST_OPENED:d}",
            user_id,
            since_id,
        )
        return frozenset(row[0] for row in rows)

    async def save_zone(self, user_id: str, zone: str) -> None:
        await self._write(
            "INSERT INTO account_zones (user_id, zone) SELECT id, $2 FROM users WHERE id = $1"
            " ON CONFLICT (user_id) DO UPDATE SET zone = excluded.zone",
            user_id,
            zone,
        )

    async def account_zone(self, user_id: str) -> str | None:
        rows = await self._read("SELECT zone FROM account_zones WHERE user_id = $1", user_id)
        return rows[0][0] if rows else None
