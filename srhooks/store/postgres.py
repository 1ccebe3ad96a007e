"""The store in a PostgreSQL database. Durable as the server is: leave `synchronous_commit` on."""

import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.domain.models import NewNotification
from srhooks.domain.search_text import fold
from srhooks.observability.metrics import Metrics
from srhooks.store.filter_sql import INSERT_COLUMNS, insert_values, storable
from srhooks.store.group_commit import Transaction
from srhooks.store.migrate import scripts
from srhooks.store.protocol import IdTakenError, StoreError, StoreUnavailableError
from srhooks.store.reader_pool import Readers
from srhooks.store.sql_store import SqlStore

T = TypeVar("T")
READERS = 4
CONNECT_TIMEOUT = 3.0  # seconds
COMMAND_TIMEOUT = 7.0  # seconds: less than whoever waits for rows has
CLOSE_PATIENCE = 0.5  # seconds
MIGRATION_TIMEOUT = 3600.0  # seconds: an index over millions of rows takes minutes
PROBE_TIME = 0.15  # seconds
TRIGRAM = 3  # characters that the index knows together
BEGIN_UNSYNCED = "BEGIN; SET LOCAL synchronous_commit = off"
MIGRATION_LOCK = 727_400_001  # any fixed number: two processes must not migrate at once
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.InternalClientError,
    EOFError,
    OSError,
    TimeoutError,
)
INSERT = (
    f"INSERT INTO notifications ({INSERT_COLUMNS})"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],"
    " $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[],"
    " $13::bigint[], $14::text[], $15::bigint[], $16::text[], $17::bytea[],"
    " $18::bigint[])"
    " ON CONFLICT (hook_id, event_id, signature) DO NOTHING RETURNING id"
)


class PostgresStore(SqlStore):
    search_id = "id"

    def __init__(self, url: str, metrics: Metrics, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(metrics, clock)
        self._connection = _WritingConnection(url)
        self._readers = Readers(READERS, lambda: _Reader.open(url))

    async def open(self) -> None:
        try:
            await self._connection.migrate()
            await self._start(self._connection)
        except BaseException as error:  # a start that is given up, too
            await self._connection.close()
            await self._readers.close()
            if isinstance(error, (*UNAVAILABLE, asyncpg.PostgresError, ValueError, StoreError)):
                raise StoreUnavailableError(f"cannot use PostgreSQL: {_reason(error)}") from error
            raise

    async def close(self) -> None:
        await self._writer.close()
        await self._readers.close()
        await self._connection.close()

    async def _query(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        try:
            return await self._readers.run(lambda reader: reader.fetch(sql, args))
        except UNAVAILABLE as error:
            raise StoreUnavailableError(f"cannot read: {_reason(error)}") from error

    async def _probe(self, sql: str, *args: Any) -> list[Any] | None:
        """A text that many hold is read whole, by all users' texts: then walking is quicker."""
        try:
            return await self._readers.run(lambda reader: reader.fetch_quickly(sql, args))
        except UNAVAILABLE as error:
            raise StoreUnavailableError(f"cannot read: {_reason(error)}") from error

    def _text_ids(self, text: str, args: list[Any]) -> str | None:
        needle = fold(text)
        if len(needle) < TRIGRAM:
            return None
        args.append(_pattern(needle))
        return f"FROM search WHERE text LIKE ${len(args)}"

    def _text_test(self, text: str, args: list[Any]) -> str:
        # Not LIKE: of a common word the planner would read all that holds it, for each slice.
        args.append(fold(text))
        return f"strpos(t.text, ${len(args)}) > 0"

    async def scrub(self, *, index: bool) -> bool:  # noqa: ARG002 - the protocol's
        return True  # the server's autovacuum does it

    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, str]]) -> None:
        await tx.execute_many(
            "INSERT INTO search (id, text) VALUES ($1, $2)"
            " ON CONFLICT (id) DO UPDATE SET text = excluded.text",
            texts,
        )


class _Reader:
    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str) -> "_Reader":
        return cls(await _connect(url))

    async def fetch(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        rows: list[Any] = await self._connection.fetch(sql, *storable(args))
        return rows

    async def fetch_quickly(self, sql: str, args: tuple[Any, ...]) -> list[Any] | None:
        """None when it takes too long; the driver then cancels it on the server."""
        try:
            rows: list[Any] = await self._connection.fetch(sql, *storable(args), timeout=PROBE_TIME)
        except TimeoutError:
            return None
        return rows

    def usable(self) -> bool:
        return not self._connection.is_closed()

    def interrupt(self) -> None:
        self._connection.terminate()

    async def close(self) -> None:
        await _close(self._connection)


class _WritingConnection:
    """Opened again after each failure, so that it recovers when the server does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: asyncpg.Connection[Any] | None = None

    async def migrate(self) -> None:
        connection = await self._get()
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT)")
            version = await connection.fetchval(
                "SELECT coalesce(max(number), 0) FROM schema_version"
            )
            for number, script in scripts("postgres"):
                if number > version:
                    async with connection.transaction():
                        await connection.execute(script, timeout=MIGRATION_TIMEOUT)
                        await connection.execute("INSERT INTO schema_version VALUES ($1)", number)
            await _speed_up_search(connection)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)

    async def transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True
    ) -> T:
        """BEGIN and COMMIT by hand: the driver's own would wait for a server that is silent."""
        try:
            connection = await self._get()
            await connection.execute("BEGIN" if durable else BEGIN_UNSYNCED)
            try:
                result = await work(_PostgresTransaction(connection))
            except (asyncpg.PostgresError, IdTakenError) as error:
                if not isinstance(error, UNAVAILABLE):  # the statement's own fault
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
            return result
        except UNAVAILABLE as error:
            self._abandon()
            raise StoreUnavailableError(f"cannot write: {_reason(error)}") from error
        except (asyncpg.PostgresError, IdTakenError):
            raise
        except BaseException:
            self._abandon()  # in the middle of a transaction: the server rolls it back
            raise

    async def insert_notifications(self, rows: list[NewNotification]) -> set[int]:
        try:
            connection = await self._get()
            return await _PostgresTransaction(connection).insert_notifications(rows)
        except UNAVAILABLE as error:
            self._abandon()
            raise StoreUnavailableError(f"cannot write: {_reason(error)}") from error

    async def close(self) -> None:
        if self._open is not None:
            connection, self._open = self._open, None
            await _close(connection)

    def _abandon(self) -> None:
        if self._open is not None:
            self._open.terminate()
            self._open = None

    async def _get(self) -> "asyncpg.Connection[Any]":
        if self._open is None or self._open.is_closed():
            self._open = await _connect(self._url)
        return self._open


class _PostgresTransaction:
    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        rows: list[Any] = await self._connection.fetch(sql, *storable(args))
        return rows

    async def execute(self, sql: str, *args: Any) -> int:
        status = await self._connection.execute(sql, *storable(args))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, sql: str, args: Sequence[tuple[Any, ...]]) -> None:
        if args:
            await self._connection.executemany(sql, [storable(one) for one in args])

    async def insert_notifications(self, rows: list[NewNotification]) -> set[int]:
        values = [insert_values(new) for new in rows]
        columns = [list(column) for column in zip(*values, strict=True)]
        try:
            return {row[0] for row in await self._connection.fetch(INSERT, *columns)}
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "notifications_pkey":
                raise IdTakenError(str(error)) from error
            raise


async def _connect(url: str) -> "asyncpg.Connection[Any]":
    return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT)


async def _close(connection: "asyncpg.Connection[Any]") -> None:
    try:
        await connection.close(timeout=CLOSE_PATIENCE)
    except UNAVAILABLE:
        connection.terminate()


async def _speed_up_search(connection: "asyncpg.Connection[Any]") -> None:
    """A trigram index where the server has pg_trgm and lets us; without it searches read on."""
    with contextlib.suppress(asyncpg.PostgresError):
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        await connection.execute(
            "CREATE INDEX IF NOT EXISTS search_text ON search USING gin (text gin_trgm_ops)",
            timeout=MIGRATION_TIMEOUT,
        )


def _pattern(needle: str) -> str:
    """Every character is plain."""
    for letter in "\\%_":
        needle = needle.replace(letter, "\\" + letter)
    return f"%{needle}%"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
