"""The store in a PostgreSQL database. Durable as the server is: leave `synchronous_commit` on."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.domain.models import NewNotification
from srhooks.domain.search_text import fold
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import IdTakenError, StoreError, StoreUnavailableError
from srhooks.store.filter_sql import REV, like_pattern, storable
from srhooks.store.group_commit import Transaction
from srhooks.store.migrate import Script, scripts
from srhooks.store.postgres_connection import (
    CANNOT_USE,
    PLANNING,
    READ_BROKE_OFF,
    READING,
    UNAVAILABLE,
    Connection,
    Server,
    close,
    reason,
    settings_sql,
)
from srhooks.store.postgres_insert import insert_notifications, lock_accounts
from srhooks.store.postgres_schema import MIGRATION_LOCK, migrate
from srhooks.store.postgres_statistics import ANALYZE, analyze_while_filling
from srhooks.store.reader_pool import Readers
from srhooks.store.sql_store import SqlStore

log = logging.getLogger(__name__)

T = TypeVar("T")
READERS = 4
TRIGRAM = 3  # characters that the index knows together
# A process that is frozen in the middle of one must not hold up the others for long.
BEGIN = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 3000"
UNSYNCED = "SET LOCAL synchronous_commit = off"
DEADLOCK_RETRIES = 3


class PostgresStore(SqlStore):
    search_id = "id"
    probe_bytes = 1000  # what comes and goes is left to the vacuum

    def __init__(
        self, url: str, metrics: Metrics, clock: Clock = SYSTEM_CLOCK, *,
        schema: Sequence[Script] = (),
    ) -> None:  # fmt: skip
        """`schema`: the scripts that make its tables; by default those of this version."""
        super().__init__(metrics, clock)
        self._server = server = Server(url)
        self._schema = schema or scripts("postgres")
        self._connection = _WritingConnection(server)
        self._readers = Readers(READERS, lambda: _Reader.open(server))

    async def open(self) -> None:
        try:
            await self._connection.migrate(self._schema)
            await self._start(self._connection)
            self._statistics = asyncio.create_task(
                analyze_while_filling(lambda: self.received, lambda: self._query(ANALYZE, ())),
                name="statistics",
            )
        except BaseException as error:  # a start that is given up, too
            await self._connection.close()
            await self._readers.close()
            if isinstance(error, (*CANNOT_USE, StoreError)):
                raise StoreUnavailableError(f"cannot use PostgreSQL: {reason(error)}") from error
            raise

    async def close(self) -> None:
        self._statistics.cancel()
        await asyncio.gather(self._statistics, return_exceptions=True)
        await self._writer.close()
        await self._readers.close()
        await self._connection.close()

    async def _go_on_above(self, rev: int) -> None:
        async def work(tx: Transaction) -> None:
            # One process at a time: who looked before another one raised it would lower it.
            await tx.fetch(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            await tx.fetch(
                "SELECT setval('change_rev', $1) FROM change_rev WHERE last_value < $1", rev
            )

        await self._connection.transact(work)

    async def _query(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        try:
            return await self._readers.run(lambda reader: reader.fetch(sql, args))
        except READ_BROKE_OFF as error:
            raise StoreUnavailableError(f"cannot read: {reason(error)}") from error

    async def _probe(self, within: float, sql: str, *args: Any) -> list[Any] | None:
        """A text that many hold is read whole, by all users' texts: then walking is quicker."""
        try:
            return await self._readers.run(lambda reader: reader.fetch_quickly(sql, args, within))
        except READ_BROKE_OFF as error:
            raise StoreUnavailableError(f"cannot read: {reason(error)}") from error

    def _among(self, ids: Sequence[int], args: list[Any]) -> str:
        # One value, however many there are: the statement stays the same and is kept prepared.
        args.append(list(ids))
        return f"= ANY(${len(args)}::bigint[])"

    def _text_ids(self, text: str, args: list[Any]) -> str | None:
        needle = fold(text)
        if len(needle) < TRIGRAM:
            return None
        args.append(like_pattern(needle))
        return f"FROM search WHERE text LIKE ${len(args)}"

    def _text_test(self, text: str, args: list[Any]) -> str:
        # Not LIKE: of a common word the planner would read all that holds it, for each slice.
        args.append(fold(text))
        return f"strpos(t.text, ${len(args)}) > 0"

    async def scrub(self, *, index: bool) -> bool:  # noqa: ARG002 - the protocol's
        return True  # the server's autovacuum does it

    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, bytes]]) -> None:
        await tx.execute_many(
            "INSERT INTO search (id, text) VALUES ($1, convert_from($2, 'UTF8'))"
            " ON CONFLICT (id) DO UPDATE SET text = excluded.text",
            texts,
        )


class _Reader:
    def __init__(self, server: Server, connection: Connection) -> None:
        self._server = server
        self._connection = connection

    @classmethod
    async def open(cls, server: Server) -> "_Reader":
        return cls(server, await server.connect(READING))

    async def fetch(
        self, sql: str, args: tuple[Any, ...], within: float | None = None
    ) -> list[Any]:
        return await self._server.alone(
            self._connection,
            lambda: self._connection.fetch(sql, *storable(args), timeout=within),
            READING,
        )

    async def fetch_quickly(
        self, sql: str, args: tuple[Any, ...], within: float
    ) -> list[Any] | None:
        """None when it takes longer; the driver then cancels it on the server."""
        try:
            return await self.fetch(sql, args, within)
        except TimeoutError:
            return None

    def usable(self) -> bool:
        return not self._connection.is_closed()

    def interrupt(self) -> None:
        self._connection.terminate()

    async def close(self) -> None:
        await close(self._connection)


class _WritingConnection:
    """Opened again after each failure, so that it recovers when the server does."""

    reserve_in_use = False  # the server's disk is the server's own business

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: Connection | None = None

    async def migrate(self, schema: Sequence[Script]) -> None:
        await migrate(await self._get(), schema)

    async def transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),
    ) -> T:  # fmt: skip
        """BEGIN and COMMIT by hand: the driver's own would wait for a server that is silent."""
        for _ in range(DEADLOCK_RETRIES):
            try:
                return await self._transact(work, user_ids, durable=durable)
            except asyncpg.DeadlockDetectedError:
                log.info("a transaction of another process crossed one: it begins anew")
        try:
            return await self._transact(work, user_ids, durable=durable)
        except asyncpg.TransactionRollbackError as error:
            raise StoreUnavailableError(f"cannot write: {reason(error)}") from error

    async def _transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], user_ids: Collection[str], *,
        durable: bool,
    ) -> T:  # fmt: skip
        try:
            connection = await self._get()
            begin = [BEGIN] if durable else [BEGIN, UNSYNCED]
            if self._server.pooled:
                begin.append(settings_sql(PLANNING, local=True))
            if user_ids:
                begin.append(lock_accounts(user_ids))
            try:
                await connection.execute("; ".join(begin))
                result = await work(_PostgresTransaction(connection, has_locks=bool(user_ids)))
            except (asyncpg.PostgresError, IdTakenError) as error:
                if not isinstance(error, UNAVAILABLE):  # the statement's own fault
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
            return result
        except UNAVAILABLE as error:
            self._abandon()
            raise StoreUnavailableError(f"cannot write: {reason(error)}") from error
        except (asyncpg.PostgresError, IdTakenError):
            raise
        except BaseException:
            self._abandon()  # in the middle of a transaction: the server rolls it back
            raise

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        try:
            connection = await self._get()
            inserting = _PostgresTransaction(connection, has_locks=False)
            return await self._server.alone(
                connection, lambda: inserting.insert_notifications(rows)
            )
        except UNAVAILABLE as error:
            self._abandon()
            raise StoreUnavailableError(f"cannot write: {reason(error)}") from error

    async def use_reserve(self) -> bool:
        return False

    async def restore_reserve(self) -> bool:
        return True

    async def close(self) -> None:
        if self._open is not None:
            connection, self._open = self._open, None
            await close(connection)

    def _abandon(self) -> None:
        if self._open is not None:
            self._open.terminate()
            self._open = None

    async def _get(self) -> Connection:
        if self._open is None or self._open.is_closed():
            self._open = await self._server.connect()
        return self._open


class _PostgresTransaction:
    def __init__(self, connection: Connection, *, has_locks: bool) -> None:
        self._connection = connection
        self._has_locks = has_locks

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        rows: list[Any] = await self._connection.fetch(sql, *storable(args))
        return rows

    async def execute(self, sql: str, *args: Any) -> int:
        self._check(sql)
        status = await self._connection.execute(sql, *storable(args))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, sql: str, args: Sequence[tuple[Any, ...]]) -> None:
        self._check(sql)
        if args:
            await self._connection.executemany(sql, [storable(one) for one in args])

    def _check(self, sql: str) -> None:
        """Who numbers a change must have said whose it is, or another process may number later."""
        if REV in sql and not self._has_locks:
            raise RuntimeError("a transaction that changes notifications must name their accounts")

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        try:
            return await insert_notifications(self._connection, rows)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "notifications_pkey":
                raise IdTakenError(str(error)) from error
            raise
