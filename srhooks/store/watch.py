"""The state of the watch (incidents/watch.py) in SQL: part of the store."""

from typing import Any

from srhooks.domain.clock import HOUR
from srhooks.domain.ids import first_id_at
from srhooks.domain.incidents import Incident, IncidentKind
from srhooks.domain.watch import KnownSubscription, Look, Run
from srhooks.store.incidents import COLUMNS, incident_of
from srhooks.store.queries import Queries

KNOWN = "subscription_id, hook_id, name, status, since, changed_by, was_active"


class WatchQueries(Queries):
    async def known_subscriptions(self, user_id: str) -> dict[str, KnownSubscription]:
        rows = await self._read(
            f"SELECT {KNOWN} FROM watched_subscriptions WHERE user_id = $1", user_id
        )
        return {
            row[0]: KnownSubscription(
                subscription_id=row[0], hook_id=row[1], name=row[2], status=row[3], since=row[4],
                changed_by=row[5], was_active=bool(row[6]),
            )
            for row in rows
        }  # fmt: skip

    async def remember_subscription(self, user_id: str, known: KnownSubscription) -> None:
        await self._write(
            f"INSERT INTO watched_subscriptions (user_id, {KNOWN})"
            " SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM hooks"
            " WHERE id = $3 AND user_id = $1 AND deleted_at IS NULL"
            " ON CONFLICT (user_id, subscription_id) DO UPDATE SET hook_id = excluded.hook_id,"
            " name = excluded.name, status = excluded.status, since = excluded.since,"
            " changed_by = excluded.changed_by, was_active = excluded.was_active",
            user_id, known.subscription_id, known.hook_id, known.name, known.status, known.since,
            known.changed_by, int(known.was_active),
        )  # fmt: skip

    async def forget_subscription(self, user_id: str, subscription_id: str) -> bool:
        sql = "DELETE FROM watched_subscriptions WHERE user_id = $1 AND subscription_id = $2"
        return await self._write(sql, user_id, subscription_id) > 0

    async def accounts_to_watch(self, now: int, limit: int) -> list[str]:
        rows = await self._read(
            "SELECT u.id FROM users u JOIN watch_looks w ON w.user_id = u.id"
            f" WHERE u.grant_dead = 0 AND w.next_at <= $1 ORDER BY w.next_at LIMIT {limit:d}",
            now,
        )
        return [row[0] for row in rows]

    async def plan_first_looks(self, next_at: int) -> None:
        new = " FROM users WHERE id NOT IN (SELECT user_id FROM watch_looks)"
        if await self._read(f"SELECT 1{new} LIMIT 1"):
            await self._write(
                "INSERT INTO watch_looks (user_id, looked_at, next_at, failures)"
                f" SELECT id, NULL, $1, 0{new} ON CONFLICT DO NOTHING",
                next_at,
            )

    async def record_look(
        self, user_id: str, looked_at: int | None, next_at: int, failures: int
    ) -> None:
        await self._write(
            "INSERT INTO watch_looks (user_id, looked_at, next_at, failures)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (user_id) DO UPDATE SET"
            " looked_at = coalesce(excluded.looked_at, watch_looks.looked_at),"
            " next_at = excluded.next_at, failures = excluded.failures",
            user_id, looked_at, next_at, failures,
        )  # fmt: skip

    async def last_look(self, user_id: str) -> Look:
        rows = await self._read(
            "SELECT looked_at, failures FROM watch_looks WHERE user_id = $1", user_id
        )
        return Look(*rows[0]) if rows else Look(None, 0)

    async def login_changes(self) -> tuple[list[str], list[str]]:
        rows = await self._read(
            "SELECT u.id, u.grant_dead FROM users u LEFT JOIN incidents i ON i.user_id = u.id"
            " AND i.kind = 'login' AND i.subject = '' AND i.ended_at IS NULL"
            " WHERE (u.grant_dead = 1) <> (i.id IS NOT NULL)"
        )
        dead = [user_id for user_id, is_dead in rows if is_dead]
        return dead, [user_id for user_id, is_dead in rows if not is_dead]

    async def accounts_with_forged(self, since: int) -> list[str]:
        rows = await self._read(
            "SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM notifications n"
            " WHERE n.user_id = u.id AND n.signature = 'invalid' AND n.last_delivery_at >= $1)",
            since,
        )
        return [row[0] for row in rows]

    async def forged(self, user_id: str, since: int, limit: int) -> list[tuple[str, int, int]]:
        # One that came again is one row: its later deliveries are counted one by one.
        rows = await self._read(
            "SELECT hook_id, sum(CASE WHEN id >= $2 THEN deliveries ELSE (SELECT count(*)"
            " FROM deliveries d WHERE d.notification_id = newest.id AND d.at >= $3) END),"
            " max(last_delivery_at) FROM (SELECT n.id, n.hook_id, n.deliveries, n.last_delivery_at"
            " FROM notifications n WHERE n.user_id = $1 AND n.signature = 'invalid'"
            " AND n.last_delivery_at >= $3 AND NOT EXISTS"
            " (SELECT 1 FROM backfilled b WHERE b.notification_id = n.id)"
            f" ORDER BY n.last_delivery_at DESC LIMIT {limit:d}) AS newest GROUP BY hook_id",
            user_id,
            first_id_at(since),
            since,
        )
        return [(row[0], int(row[1]), int(row[2])) for row in rows]

    async def open_incidents_of(self, kind: IncidentKind) -> list[Incident]:
        rows = await self._read(
            f"SELECT {COLUMNS} FROM incidents i WHERE i.kind = $1 AND i.ended_at IS NULL", kind
        )
        return [incident_of(row) for row in rows]

    async def refused_kinds(self) -> list[tuple[str, str]]:
        rows = await self._read(
            "SELECT k.user_id, k.kind FROM unreadable_kinds k WHERE NOT EXISTS"
            " (SELECT 1 FROM incidents i WHERE i.user_id = k.user_id AND i.kind = 'unreadable'"
            " AND i.subject = k.kind AND i.ended_at IS NULL)"
        )
        return [(row[0], row[1]) for row in rows]

    async def fetched_events(self, user_id: str, since: int, since_id: int) -> list[str]:
        rows = await self._read(
            "SELECT DISTINCT event_name FROM (SELECT event_name FROM notifications"
            " WHERE user_id = $1 AND id > $3 AND entity_status = 'fetched' AND entity_at >= $2"
            " AND event_name IS NOT NULL ORDER BY id DESC LIMIT 1000) AS newest",
            user_id, since, since_id,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def span(
        self, user_id: str, subscription_id: str, family: str, since_id: int
    ) -> tuple[int | None, int | None]:
        ((first,),) = await self._read(
            "SELECT min(id) FROM notifications WHERE user_id = $1 AND subscription_id = $2",
            user_id,
            subscription_id,
        )
        rows = await self._read(
            "SELECT id FROM notifications WHERE user_id = $1 AND subscription_id = $2"
            " AND id >= $3 AND event_name >= $4 AND event_name < $5 ORDER BY id DESC LIMIT 1",
            user_id, subscription_id, since_id, f"{family}.", f"{family}/",
        )  # fmt: skip
        return first, rows[0][0] if rows else None

    async def hourly(
        self, user_id: str, subscription_id: str, family: str, since_id: int, hours: int
    ) -> list[int]:
        hour = first_id_at(HOUR)
        rows = await self._read(
            f"SELECT (id - $3) / {hour:d}, count(*) FROM notifications WHERE user_id = $1"
            " AND subscription_id = $2 AND id >= $3 AND id < $4 AND event_name >= $5"
            " AND event_name < $6 GROUP BY 1",
            user_id, subscription_id, since_id, since_id + hours * hour, f"{family}.",
            f"{family}/",
        )  # fmt: skip
        counts = [0] * hours
        for position, count in rows:
            counts[int(position)] = int(count)
        return counts

    async def count_between(
        self, user_id: str, since_id: int, until_id: int, limit: int, *,
        subscription_id: str | None = None, family: str | None = None,
    ) -> int:  # fmt: skip
        args: list[Any] = [user_id, since_id, until_id]
        where = "user_id = $1 AND id >= $2 AND id < $3"
        if subscription_id is not None:
            args.append(subscription_id)
            where += f" AND subscription_id = ${len(args)}"
        if family is not None:
            args += [f"{family}.", f"{family}/"]  # `/` follows `.`
            where += f" AND event_name >= ${len(args) - 1} AND event_name < ${len(args)}"
        ((count,),) = await self._read(
            f"SELECT count(*) FROM (SELECT 1 FROM notifications WHERE {where}"
            f" LIMIT {limit:d}) AS counted",
            *args,
        )
        return int(count)

    async def record_run(self, started_at: int, seen_at: int) -> None:
        await self._write(
            "INSERT INTO program_runs (started_at, seen_at) VALUES ($1, $2)"
            " ON CONFLICT (started_at) DO UPDATE SET seen_at = excluded.seen_at",
            started_at,
            seen_at,
        )

    async def sent_between(
        self, user_id: str, began: int, ended: int, until_id: int, limit: int
    ) -> tuple[int, int]:
        ((late,),) = await self._read(
            "SELECT count(*) FROM (SELECT sent_at FROM notifications WHERE user_id = $1"
            f" AND id >= $4 AND id < $5 ORDER BY id LIMIT {limit:d}) AS later"
            " WHERE sent_at >= $2 AND sent_at < $3",
            user_id, began, ended, first_id_at(ended), until_id,
        )  # fmt: skip
        ((missing,),) = await self._read(
            "SELECT count(*) FROM missed WHERE user_id = $1 AND sent_at >= $2 AND sent_at < $3",
            user_id, began, ended,
        )  # fmt: skip
        return int(late), int(missing)

    async def runs(self, since: int) -> list[Run]:
        rows = await self._read(
            "SELECT started_at, seen_at FROM program_runs WHERE seen_at >= $1 ORDER BY started_at",
            since,
        )
        return [Run(*row) for row in rows]
