"""What the store knows of entities: what is due, how fetching went, what was known before."""

from srhooks.domain.ids import received_ms
from srhooks.domain.models import REFUSAL, EntityJob, EntityStatus, Signature
from srhooks.store.filter_sql import RECEIVED_AT, REV
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries

PER_LINK = 8  # rows read for each job asked for: several may wait for one link
# Another process fetches for the account: it looks again before it stops (entities/fetcher.py).
NOT_ELSEWHERE = (
    "NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = 'entities:' || u.id AND l.owner <> ${})"
)
ROUNDS = 4  # reads, each without the links found by those before


class EntityQueries(Queries):
    async def users_with_due_entities(self, now: int, process_id: str = "") -> list[str]:
        rows = await self._read(
            # Not EXISTS: PostgreSQL would join with all that are pending.
            "SELECT id FROM users u WHERE grant_dead = 0 AND (SELECT min(due_at) FROM notifications"
            " WHERE user_id = u.id AND entity_status = 'pending') <= $1"
            f" AND {NOT_ELSEWHERE.format(2)}",
            now,
            process_id,
        )
        return [row[0] for row in rows]

    async def untried_entities(
        self, user_id: str, now: int, limit: int, *, oldest_first: bool = False
    ) -> list[EntityJob]:
        order = "ASC" if oldest_first else "DESC"
        while True:
            rows = await self._read(
                "SELECT link, id, (SELECT max(o.due_at) FROM notifications o"
                " WHERE o.user_id = $1 AND o.link = n.link AND o.entity_status = 'pending'"
                " AND o.attempts > 0) FROM notifications n"
                " WHERE user_id = $1 AND entity_status = 'pending' AND attempts = 0"
                f" ORDER BY id {order} LIMIT {limit * PER_LINK:d}",
                user_id,
            )
            jobs: dict[str, EntityJob] = {}
            waiting: dict[str, int] = {}
            for link, notification_id, due_at in rows:
                if due_at is not None and due_at > now:
                    waiting[link] = due_at
                elif link not in jobs or jobs[link].newest_id < notification_id:
                    jobs[link] = EntityJob(user_id, link, notification_id, 0)
            for link, due_at in waiting.items():
                await self._share_back_off(user_id, link, due_at)
            if jobs or not waiting:
                return list(jobs.values())[:limit]

    async def _share_back_off(self, user_id: str, link: str, due_at: int) -> None:
        """The link failed before: what came in since waits with the others."""
        await self._write(
            "UPDATE notifications SET due_at = $3, attempts = 1"
            " WHERE user_id = $1 AND link = $2 AND entity_status = 'pending' AND attempts = 0",
            user_id,
            link,
            due_at,
        )

    async def due_entities(self, user_id: str, now: int, limit: int) -> list[EntityJob]:
        jobs: dict[str, EntityJob] = {}
        for _ in range(ROUNDS):
            rows = await self._read(
                "SELECT link, (SELECT max(id) FROM notifications o WHERE o.user_id = $1"
                " AND o.link = n.link AND o.entity_status = 'pending' AND o.attempts > 0),"
                " attempts FROM notifications n"
                " WHERE user_id = $1 AND entity_status = 'pending' AND attempts > 0"
                f" AND due_at <= $2{''.join(f' AND link <> ${n + 3}' for n in range(len(jobs)))}"
                f" ORDER BY due_at LIMIT {limit * PER_LINK:d}",
                user_id, now, *jobs,
            )  # fmt: skip
            for link, newest_id, attempts in rows:
                most = max(attempts, jobs[link].attempts if link in jobs else 0)
                jobs[link] = EntityJob(user_id, link, newest_id, most)
            if len(jobs) >= limit or len(rows) < limit * PER_LINK:
                break
        return list(jobs.values())[:limit]

    async def entity_attempts(self, job: EntityJob) -> int:
        ((most,),) = await self._read(
            "SELECT max(attempts) FROM notifications"
            " WHERE user_id = $1 AND link = $2 AND entity_status = 'pending' AND attempts > 0",
            job.user_id,
            job.link,
        )
        return int(most or 0)

    async def next_due(self, process_id: str = "") -> int | None:
        ((due,),) = await self._read(
            "SELECT min((SELECT min(due_at) FROM notifications"
            " WHERE user_id = u.id AND entity_status = 'pending'))"
            f" FROM users u WHERE grant_dead = 0 AND {NOT_ELSEWHERE.format(1)}",
            process_id,
        )
        return due if due is None else int(due)

    async def keep_entity(
        self, job: EntityJob, at: int, entity: bytes, title: str | None, state: str = "[]"
    ) -> list[int] | bytes:
        async def work(tx: Transaction) -> list[int] | bytes:
            rows = await tx.fetch(
                "SELECT entity FROM notifications WHERE user_id = $1 AND link = $2 AND id < $3"
                " AND entity_status = 'fetched' ORDER BY id DESC LIMIT 1",
                job.user_id, job.link, job.newest_id,
            )  # fmt: skip
            known = rows[0][0] if rows else None
            if known is not None and known != entity:
                return bytes(known)
            changes = None if known is None and state == "[]" else state
            return await self._settle(tx, job, "fetched", at, entity, None, title, changes)

        # Not durable: else it is fetched again.
        return await self._work(work, durable=False, user_ids=[job.user_id])

    async def finish_entity(
        self, job: EntityJob, status: EntityStatus, at: int, *, entity: bytes | None = None,
        error: str | None = None, title: str | None = None, changes: str | None = None,
    ) -> list[int]:  # fmt: skip
        return await self._work(
            lambda tx: self._settle(tx, job, status, at, entity, error, title, changes),
            durable=False,
            user_ids=[job.user_id],
        )

    async def _settle(
        self, tx: Transaction, job: EntityJob, status: EntityStatus, at: int,
        entity: bytes | None, error: str | None, title: str | None, changes: str | None,
    ) -> list[int]:  # fmt: skip
        waiting = await self._waiting(tx, job)
        if waiting and title is None:
            title = await self._known_title(tx, job)
        for number in waiting:
            await tx.execute(
                "UPDATE notifications SET entity_status = $2, entity_at = $3, entity = $4,"
                " entity_error = $5, title = coalesce($6, title), changes = $7, due_at = NULL,"
                f" rev = {REV}, attempts = attempts + 1 WHERE id = $1",
                number, status, at, entity, error, title, changes,
            )  # fmt: skip
            if entity is not None:
                await tx.execute(
                    "INSERT INTO reindex (id) VALUES ($1) ON CONFLICT DO NOTHING", number
                )
        return waiting

    async def _known_title(self, tx: Transaction, job: EntityJob) -> str | None:
        """What is deleted or cannot be read bears the name it had before."""
        rows = await tx.fetch(
            "SELECT title FROM notifications WHERE user_id = $1 AND link = $2 AND id < $3"
            " AND title IS NOT NULL ORDER BY id DESC LIMIT 1",
            job.user_id, job.link, job.newest_id,
        )  # fmt: skip
        return rows[0][0] if rows else None

    async def postpone_entity(
        self, job: EntityJob, due_at: int, attempts: int, error: str, give_up_below: int
    ) -> list[int]:
        async def work(tx: Transaction) -> list[int]:
            waiting = await self._waiting(tx, job)
            for number in waiting:
                await tx.execute(
                    "UPDATE notifications AS n SET due_at = $2, entity_error = $3,"
                    f" rev = {REV}, attempts = $5, entity_status = CASE WHEN {RECEIVED_AT} < $4"
                    " THEN 'failed' ELSE 'pending' END WHERE id = $1",
                    number, due_at, error, received_ms(give_up_below), attempts,
                )  # fmt: skip
            return waiting

        return await self._work(work, durable=False, user_ids=[job.user_id])

    async def _waiting(self, tx: Transaction, job: EntityJob) -> list[int]:
        """Those that were there when the fetch began: what came later may mean a later state."""
        rows = await tx.fetch(
            "SELECT id FROM notifications WHERE user_id = $1 AND link = $2 AND id <= $3"
            # Waiting ends after a day: what a link brought in years before is not walked through.
            " AND id >= (SELECT min(id) FROM notifications"
            " WHERE user_id = $1 AND entity_status = 'pending') AND entity_status = 'pending'",
            job.user_id, job.link, job.newest_id,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def retry_refused_entities(self, user_id: str, at: int, limit: int) -> int:
        async def work(tx: Transaction) -> int:
            rows = await tx.fetch(
                "SELECT id FROM notifications WHERE user_id = $1 AND entity_status = 'failed'"
                f" AND entity_error LIKE $2 ORDER BY id DESC LIMIT {limit:d}",
                user_id,
                f"%{REFUSAL}%",
            )
            for (notification_id,) in rows:
                await tx.execute(
                    "UPDATE notifications SET entity_status = 'pending', entity_error = NULL,"
                    f" due_at = $2, attempts = 0, rev = {REV} WHERE id = $1",
                    notification_id,
                    at,
                )
            return len(rows)

        return await self._work(work, user_ids=[user_id])

    async def process_again(
        self, user_id: str, notification_id: int, signature: Signature, link: str | None,
        status: EntityStatus, at: int,
    ) -> None:  # fmt: skip
        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE notifications SET signature = $3 WHERE id = $2 AND user_id = $1"
                " AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.hook_id ="
                " notifications.hook_id AND o.event_id = notifications.event_id"
                " AND o.signature = $3 AND o.id <> $2)",
                user_id, notification_id, signature,
            )  # fmt: skip
            if status == "pending":  # a person asked for it: the link's back-off ends
                await tx.execute(
                    "UPDATE notifications SET due_at = $3 WHERE user_id = $1 AND link = $2"
                    " AND entity_status = 'pending' AND attempts > 0",
                    user_id, link, at,
                )  # fmt: skip
            await tx.execute(
                "UPDATE notifications SET link = $3, entity_status = $4, entity_error = NULL,"
                f" due_at = $5, attempts = 0, rev = {REV} WHERE id = $2 AND user_id = $1",
                user_id, notification_id, link, status, at if status == "pending" else None,
            )  # fmt: skip

        await self._work(work, user_ids=[user_id])
