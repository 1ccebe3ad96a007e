"""The rows of `processes`, `leases` and `rate_slots` in PostgreSQL.

On a connection of their own, so that a slow commit of notifications delays no beat. Each call is
one short transaction that need not be on disk: after a crash of the server all is taken anew.
Nothing of a session is relied on (poolers in transaction mode).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

import asyncpg

from srhooks.domain.ids import PROCESSES
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.postgres_connection import (
    CANNOT_USE,
    Connection,
    Server,
    close,
    reason,
)
from srhooks.store.process_table import (
    PARALLEL_SLOTS,
    SLOTS,
    WANTED_FOR,
    Beat,
    ProcessInfo,
    SlotAnswer,
    SlotRequest,
    Wanted,
    fair_part,
    still_waits,
)

T = TypeVar("T")
TIMEOUT = 3.0  # seconds of one call, connecting included: several fit into the life of a row
JOIN_ATTEMPTS = 10
NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
# A process that is frozen in the middle keeps the others waiting for no longer than this.
BEGIN = (
    "BEGIN; SET LOCAL synchronous_commit = off;"
    " SET LOCAL idle_in_transaction_session_timeout = 2000"
)

# Sessions whose process was frozen between two messages of one statement (the driver prepares it
# first, and does not end that with a Sync). The server takes them to be busy, so neither
# `idle_in_transaction_session_timeout` nor `statement_timeout` ends them, and what they have locked
# stays locked. Ours never pause there for long: a call is given up after less.
FROZEN_AFTER = 5  # seconds
END_FROZEN = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND application_name = current_setting('application_name')"
    " AND state = 'active' AND wait_event = 'ClientRead' AND pid <> pg_backend_pid()"
    f" AND xact_start < clock_timestamp() - interval '{FROZEN_AFTER} s'"
    f" AND query_start < clock_timestamp() - interval '{FROZEN_AFTER} s'"
    " AND query NOT ILIKE 'copy %'"
)
# Others that wait for slots of these users, and how many each has.
CONTENDERS = (
    "SELECT w.user_id, (SELECT count(*) FROM rate_slots s WHERE s.user_id = w.user_id"
    f" AND s.owner = w.owner AND s.until > {NOW}) FROM rate_wants w"
    f" WHERE w.user_id = ANY($1) AND w.owner <> $2 AND w.until > {NOW}"
)
# For each user how many of the first slots are free, and of the last two, how many others go
# first, and how many wait in all. Who waits for a person looks only at others of the kind.
FREE = "(SELECT count(*) FROM rate_slots s WHERE s.user_id = t.u AND s.until <= {}{})"
QUEUES = (
    f"SELECT t.u, {FREE.format(NOW, f' AND s.slot >= t.lowest AND s.slot < {PARALLEL_SLOTS}')},"
    f" {FREE.format(NOW, f' AND s.slot >= {PARALLEL_SLOTS}')}, count(w.owner)"
    f" FILTER (WHERE (w.urgent AND NOT t.urgent) OR w.since < coalesce(own.since, {NOW})),"
    " count(w.owner)"
    " FROM unnest($1::text[], $3::bigint[], $4::boolean[]) AS t(u, lowest, urgent)"
    " LEFT JOIN rate_wants own ON own.user_id = t.u AND own.owner = $2"
    f" AND own.until > {NOW} AND own.urgent = t.urgent"
    " LEFT JOIN rate_wants w ON w.user_id = t.u AND w.owner <> $2"
    f" AND w.until > {NOW} AND (w.urgent OR NOT t.urgent)"
    " GROUP BY t.u, t.lowest, t.urgent, own.since"
)


class PostgresProcesses:
    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._known_users: set[str] = set()  # that have their slots
        self._waiting: set[str] = set()  # users in whose queues this process may be

    async def join(self, process: ProcessInfo, ttl: float) -> int:
        async def work(connection: Connection) -> int | None:
            number: int | None = await connection.fetchval(
                "INSERT INTO processes (id, number, host, pid, version, started_at, until)"
                f" SELECT $1, n, $2, $3, $4, {NOW}, {NOW} + $5"
                f" FROM generate_series(0, {PROCESSES - 1}) n"
                " WHERE NOT EXISTS (SELECT 1 FROM processes p WHERE p.number = n)"
                " ORDER BY random() LIMIT 1 ON CONFLICT (number) DO NOTHING RETURNING number",
                process.id, process.host, process.pid, process.version, _ms(ttl),
            )  # fmt: skip
            return number

        for _ in range(JOIN_ATTEMPTS):  # two drew the same
            number = await self._transact(work)
            if number is not None:
                return number
        raise StoreUnavailableError(f"more than {PROCESSES} processes serve the database")

    async def beat(
        self, process_id: str, ttl: float, overdue: Collection[str], held: Collection[str]
    ) -> Beat:
        async def work(connection: Connection) -> Beat:
            await connection.execute(END_FROZEN)
            renewed = await connection.fetchval(
                f"UPDATE processes SET until = {NOW} + $2 WHERE id = $1 RETURNING 1",
                process_id,
                _ms(ttl),
            )
            if overdue:
                await connection.execute(
                    "DELETE FROM processes WHERE id IN (SELECT id FROM processes"
                    f" WHERE id = ANY($1) AND until < {NOW} ORDER BY id FOR UPDATE SKIP LOCKED)",
                    list(overdue),
                )
            await connection.execute(
                "DELETE FROM leases WHERE owner = $1 AND name <> ALL($2)", process_id, list(held)
            )
            leases = await connection.fetch("SELECT name FROM leases WHERE owner = $1", process_id)
            rows = await connection.fetch(f"SELECT id, until < {NOW} FROM processes")
            others = {row[0]: row[1] for row in rows if row[0] != process_id}
            return Beat(
                renewed is not None,
                frozenset(others),
                frozenset(one for one, is_overdue in others.items() if is_overdue),
                frozenset(row[0] for row in leases),
            )

        return await self._transact(work)

    async def leave(self, process_id: str) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(
                "UPDATE rate_slots SET until = 0 WHERE owner = $1 AND user_id = ANY($2)",
                process_id,
                list(self._known_users),
            )
            await connection.execute("DELETE FROM processes WHERE id = $1", process_id)

        await self._transact(work)

    async def acquire_lease(self, name: str, owner: str) -> bool:
        async def work(connection: Connection) -> bool:
            acquired = await connection.fetchval(
                "INSERT INTO leases (name, owner) VALUES ($1, $2) ON CONFLICT (name)"
                " DO UPDATE SET owner = excluded.owner WHERE leases.owner = excluded.owner"
                " RETURNING 1",
                name,
                owner,
            )
            return acquired is not None

        return await self._transact(work)

    async def release_lease(self, name: str, owner: str) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(
                "DELETE FROM leases WHERE name = $1 AND owner = $2", name, owner
            )

        await self._transact(work)

    async def share_slots(self, owner: str, request: SlotRequest, ttl: float) -> SlotAnswer:
        users = sorted({*request.take, *request.renew})

        async def work(connection: Connection) -> SlotAnswer:
            if request.give_back:
                await _give_back(connection, owner, request.give_back)
            if new := [user_id for user_id in users if user_id not in self._known_users]:
                await connection.execute(
                    "INSERT INTO rate_slots (user_id, slot, owner, until)"
                    " SELECT u, s, '', 0 FROM unnest($1::text[]) u,"
                    f" generate_series(0, {SLOTS - 1}) s ORDER BY u, s ON CONFLICT DO NOTHING",
                    new,
                )
                self._known_users.update(new)
            parts = await _parts(connection, owner, request.take) if request.take else []
            await _take(connection, owner, parts, ttl)
            rows = await connection.fetch(
                f"UPDATE rate_slots SET until = {NOW} + $3"
                f" WHERE owner = $1 AND user_id = ANY($2) AND until > {NOW}"
                " RETURNING user_id, slot",
                owner, users, _ms(ttl),
            )  # fmt: skip
            held: dict[str, set[int]] = {user_id: set() for user_id in users}
            for user_id, slot in rows:
                held[user_id].add(slot)
            waits = {one for one in request.wait_for if still_waits(request.take[one], held[one])}
            await _leave_queue(connection, owner, [*(self._waiting & {*users} - waits)])
            self._waiting = self._waiting - {*users} | waits
            await _join_queue(connection, owner, {one: request.take[one].urgent for one in waits})
            contenders: Counter[str] = Counter()
            for user_id, count in await connection.fetch(CONTENDERS, users, owner):
                contenders[user_id] += count == 0 or count < len(held[user_id])
            return SlotAnswer(
                {user_id: frozenset(slots) for user_id, slots in held.items()}, contenders
            )

        return await self._transact(work)

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)

    async def _transact(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            async with self._turn, asyncio.timeout(TIMEOUT):
                connection = await self._get()
                try:
                    await connection.execute(BEGIN)
                    result = await work(connection)
                    await connection.execute("COMMIT")
                except BaseException:
                    self._connection = None
                    connection.terminate()  # the server rolls it back
                    raise
                return result
        except asyncpg.ForeignKeyViolationError:
            raise StoreUnavailableError("others have taken over what this process had") from None
        except CANNOT_USE as error:
            raise StoreUnavailableError(f"cannot write: {reason(error)}") from error

    async def _get(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._known_users.clear()  # a server that crashed may have lost what was not on disk
            self._connection = await self._server.connect()
        return self._connection


async def _give_back(
    connection: Connection, owner: str, slots: Collection[tuple[str, int]]
) -> None:
    await connection.execute(
        "UPDATE rate_slots SET until = 0 WHERE owner = $1 AND (user_id, slot) IN"
        " (SELECT * FROM unnest($2::text[], $3::bigint[]))",
        owner, [one[0] for one in slots], [one[1] for one in slots],
    )  # fmt: skip


async def _take(
    connection: Connection, owner: str, parts: list[tuple[str, int, int, int]], ttl: float
) -> None:
    """Slots that nobody has; those that another process takes at this moment are passed over."""
    if not parts:
        return
    users, lowest, ends, most = map(list, zip(*parts, strict=True))
    await connection.execute(
        "WITH free AS MATERIALIZED (SELECT s.user_id, s.slot"
        " FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
        " AS w (user_id, lowest, past, most),"
        " LATERAL (SELECT r.user_id, r.slot FROM rate_slots r WHERE r.user_id = w.user_id"
        f" AND r.slot >= w.lowest AND r.slot < w.past AND r.until <= {NOW}"
        " ORDER BY r.slot LIMIT w.most"
        " FOR UPDATE SKIP LOCKED) s)"
        f" UPDATE rate_slots t SET owner = $1, until = {NOW} + $6 FROM free"
        " WHERE t.user_id = free.user_id AND t.slot = free.slot",
        owner, users, lowest, ends, most, _ms(ttl),
    )  # fmt: skip


async def _parts(
    connection: Connection, owner: str, wanted: Mapping[str, Wanted]
) -> list[tuple[str, int, int, int]]:
    """What of it is its turn: users, the first slot, the one after the last, and how many.

    No more than is left by those who wait for longer.
    """
    users = sorted(wanted)
    queues = await connection.fetch(
        QUEUES, users, owner, [wanted[one].lowest for one in users],
        [wanted[one].urgent for one in users],
    )  # fmt: skip
    parts: list[tuple[str, int, int, int]] = []
    for user_id, free, free_last, ahead, waiting in queues:
        one = wanted[user_id]
        first, last = fair_part(one, (free, free_last), ahead, waiting)
        parts.append((user_id, one.lowest, PARALLEL_SLOTS, first))
        parts.append((user_id, PARALLEL_SLOTS, SLOTS, last))
    return [part for part in parts if part[3]]


async def _join_queue(connection: Connection, owner: str, urgent: Mapping[str, bool]) -> None:
    """Have those who hold slots of these users know that somebody waits."""
    if users := sorted(urgent):
        await connection.execute(
            "INSERT INTO rate_wants AS w (user_id, owner, until, since, urgent)"
            f" SELECT u, $2, {NOW} + {WANTED_FOR}, {NOW}, g"
            " FROM unnest($1::text[], $3::boolean[]) AS t(u, g)"
            " ON CONFLICT (user_id, owner) DO UPDATE SET until = excluded.until,"
            f" since = CASE WHEN w.until > {NOW} THEN w.since ELSE excluded.since END,"
            " urgent = excluded.urgent",
            users,
            owner,
            [urgent[one] for one in users],
        )


async def _leave_queue(connection: Connection, owner: str, users: list[str]) -> None:
    if users:
        await connection.execute(
            "DELETE FROM rate_wants WHERE owner = $1 AND user_id = ANY($2)", owner, users
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
