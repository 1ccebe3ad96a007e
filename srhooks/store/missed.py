"""What the callbacks log has and what never arrived, in SQL: part of the store."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from srhooks.domain.ids import LOW_BITS
from srhooks.domain.missed import (
    LoggedNotification,
    LogWalk,
    MissedNotification,
    Try,
    digests_of_arrived,
    digests_to_look_for,
)
from srhooks.store.filter_sql import storable
from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import chunks, placeholders
from srhooks.store.queries import Queries

ENOUGH = 20  # ids that are tried: each is free but for one chance in thousands
COUNTS = (
    "(n.signature <> 'invalid' OR EXISTS"
    " (SELECT 1 FROM backfilled b WHERE b.notification_id = n.id))"
)
WALK = "checked_to, top, floor, position, records, reached, moved_at"
COLUMNS = "id, hook_id, subscription_id, event_id, event_name, sent_at, tries, headers, body"


class MissedQueries(Queries):
    async def arrived(self, logged: Sequence[LoggedNotification]) -> dict[bytes, int | None]:
        arrived: dict[bytes, int | None] = {}
        by_event = {
            record.event_id: record.identity for record in logged if record.event_id is not None
        }
        if logged:
            stored = await self._ids_of_events(logged[0].hook_id, list(by_event))
            arrived |= {by_event[event_id]: number for event_id, number in stored.items()}
        rest = [record for record in logged if record.identity not in arrived]
        for record in rest:
            number = await self._id_of_body(record)
            if number is not None:
                arrived[record.identity] = number
        digests = {
            digest: record.identity
            for record in rest
            if record.identity not in arrived
            for digest in digests_to_look_for(record)
        }
        for chunk in chunks(list(digests)):
            rows = await self._read(
                "SELECT digest FROM deleted_notifications"
                f" WHERE digest IN ({placeholders(1, len(chunk))})",
                *chunk,
            )
            arrived |= {digests[bytes(row[0])]: None for row in rows}
        return arrived

    async def _ids_of_events(self, hook_id: str, event_ids: Sequence[str]) -> dict[str, int]:
        """Which notification has each event-id; those with verdict `invalid` do not count."""
        found: dict[str, int] = {}
        for chunk in chunks(event_ids):
            rows = await self._read(
                "SELECT n.event_id, n.id FROM notifications n WHERE n.hook_id = $1"
                f" AND n.event_id IN ({placeholders(2, len(chunk))}) AND {COUNTS}",
                hook_id,
                *storable(tuple(chunk)),
            )
            found |= {row[0]: row[1] for row in rows}
        return found

    async def _id_of_body(self, record: LoggedNotification) -> int | None:
        """One with the same body, event and timestamp, where not both have an event-id."""
        without_id = "" if record.event_id is None else " AND n.event_id IS NULL"
        conditions = [f"n.hook_id = $1{without_id}", COUNTS]
        args: list[Any] = [record.hook_id]
        for column, value in (("event_name", record.event_name), ("sent_at", record.timestamp)):
            if value is None:
                conditions.append(f"n.{column} IS NULL")
            else:
                args.append(value)
                conditions.append(f"n.{column} = ${len(args)}")
        args.append(record.body)
        conditions.append(f"n.body = ${len(args)}")
        rows = await self._read(
            f"SELECT n.id FROM notifications n WHERE {' AND '.join(conditions)} LIMIT 1",
            *storable(tuple(args)),
        )
        return int(rows[0][0]) if rows else None

    async def log_walk(self, user_id: str, subscription_id: str) -> LogWalk:
        return (await self.log_walks(user_id)).get(subscription_id, LogWalk())

    async def log_walks(self, user_id: str) -> dict[str, LogWalk]:
        rows = await self._read(
            f"SELECT subscription_id, {WALK} FROM log_walks WHERE user_id = $1", user_id
        )
        return {
            row[0]: LogWalk(
                checked_to=row[1], top=row[2], floor=row[3], position=row[4], records=row[5],
                reached=row[6], moved_at=row[7],
            )
            for row in rows
        }  # fmt: skip

    async def save_log_page(
        self, user_id: str, subscription_id: str, missed: Sequence[LoggedNotification],
        walk: LogWalk, limit: int,
    ) -> None:  # fmt: skip
        async def work(tx: Transaction) -> None:
            ((kept,),) = await tx.fetch("SELECT count(*) FROM missed WHERE user_id = $1", user_id)
            for record in missed:
                rows = await tx.fetch(
                    "SELECT id, tries FROM missed WHERE user_id = $1 AND identity = $2",
                    user_id, record.identity,
                )  # fmt: skip
                if rows:
                    tries = _merged(_read_tries(rows[0][1]), record.tries)
                    await tx.execute(
                        "UPDATE missed SET tries = $2 WHERE id = $1", rows[0][0], _tries(tries)
                    )
                elif kept < limit:
                    kept += 1
                    await _insert(tx, user_id, record)
            await _save_walk(tx, user_id, subscription_id, walk)

        await self._work(work)

    async def begin_log_check(self, user_id: str, at: int) -> None:
        checked_to = await self.log_checked_at(user_id)
        walk = LogWalk(checked_to=checked_to, top=at, moved_at=at)
        await self._work(lambda tx: _save_walk(tx, user_id, "", walk))

    async def record_log_check(self, user_id: str, at: int) -> None:
        walk = LogWalk(checked_to=at, moved_at=at)
        await self._work(lambda tx: _save_walk(tx, user_id, "", walk))

    async def log_checked_at(self, user_id: str) -> int | None:
        return (await self.log_walk(user_id, "")).checked_to

    async def missed(self, user_id: str) -> list[MissedNotification]:
        rows = await self._read(f"SELECT {COLUMNS} FROM missed WHERE user_id = $1", user_id)
        return [
            MissedNotification(
                row[0],
                LoggedNotification(
                    hook_id=row[1], subscription_id=row[2], event_id=row[3], event_name=row[4],
                    timestamp=row[5], tries=_read_tries(row[6]), headers=row[7],
                    body=bytes(row[8]),
                ),
            )
            for row in rows
        ]  # fmt: skip

    async def users_with_missed(self) -> list[str]:
        rows = await self._read("SELECT DISTINCT user_id FROM missed")
        return [row[0] for row in rows]

    async def forget_missed(self, user_id: str, missed_ids: Sequence[int]) -> None:
        each = [(user_id, missed_id) for missed_id in missed_ids]
        await self._work(
            lambda tx: tx.execute_many("DELETE FROM missed WHERE user_id = $1 AND id = $2", each)
        )

    async def mark_backfilled(self, user_id: str, notification_id: int) -> None:
        await self._write(
            "INSERT INTO backfilled (notification_id, user_id) VALUES ($1, $2)",
            notification_id, user_id,
        )  # fmt: skip

    async def unmark_backfilled(self, notification_id: int) -> None:
        await self._write("DELETE FROM backfilled WHERE notification_id = $1", notification_id)

    async def forget_deleted(self, before: int) -> None:
        await self._write("DELETE FROM deleted_notifications WHERE at < $1", before)


async def remember_deleted(tx: Transaction, user_id: str, ids: Sequence[int], at: int) -> None:
    """Before somebody's notifications are deleted: the log must not bring them back."""
    for chunk in chunks(ids):
        rows = await tx.fetch(
            "SELECT n.hook_id, n.event_id, n.event_name, n.sent_at, n.body FROM notifications n"
            f" WHERE n.user_id = $1 AND {COUNTS} AND n.id IN ({placeholders(2, len(chunk))})",
            user_id,
            *chunk,
        )
        await tx.execute_many(
            "INSERT INTO deleted_notifications (digest, user_id, at) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            [
                (digest, user_id, at)
                for row in rows
                for digest in digests_of_arrived(row[0], row[1], row[2], row[3], bytes(row[4]))
            ],
        )


async def _save_walk(tx: Transaction, user_id: str, subscription_id: str, walk: LogWalk) -> None:
    await tx.execute(
        f"INSERT INTO log_walks (user_id, subscription_id, {WALK})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (user_id, subscription_id)"
        " DO UPDATE SET checked_to = excluded.checked_to, top = excluded.top,"
        " floor = excluded.floor, position = excluded.position, records = excluded.records,"
        " reached = excluded.reached, moved_at = excluded.moved_at",
        user_id, subscription_id, walk.checked_to, walk.top, walk.floor, walk.position,
        walk.records, walk.reached, walk.moved_at,
    )  # fmt: skip


async def _insert(tx: Transaction, user_id: str, record: LoggedNotification) -> None:
    """Under an id that holds the time at which it was sent, and is free."""
    for _ in range(ENOUGH):
        missed_id = record.first_at << LOW_BITS | secrets.randbits(LOW_BITS)
        stored = await tx.execute(
            "INSERT INTO missed (id, user_id, hook_id, subscription_id, identity, event_id,"
            " event_name, sent_at, tries, headers, body)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            *storable((
                missed_id, user_id, record.hook_id, record.subscription_id, record.identity,
                record.event_id, record.event_name, record.timestamp, _tries(record.tries),
                record.headers, record.body,
            )),
        )  # fmt: skip
        if stored:
            return


def _tries(tries: Sequence[Try]) -> str:
    return json.dumps([[attempt.at, attempt.delivered] for attempt in tries])


def _read_tries(text: str) -> tuple[Try, ...]:
    return tuple(Try(at, delivered) for at, delivered in json.loads(text))


def _merged(known: Sequence[Try], more: Sequence[Try]) -> list[Try]:
    return sorted({*known, *more}, key=lambda attempt: (attempt.at, attempt.delivered))
