"""The store in a PostgreSQL database. Durable as the server is: leave `synchronous_commit` on."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from srhooks.models import Filter, NewNotification
from srhooks.store.base import StoreUnavailableError
from srhooks.store.migrate import scripts
from srhooks.store.query import COLUMNS, INSERT_COLUMNS, conditions, insert_values, storable
from srhooks.store.sql import SqlStore
from srhooks.store.writer import Transaction, Writer

READERS = 4
CONNECT_TIMEOUT = 3.0  # seconds
COMMAND_TIMEOUT = 10.0  # seconds
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
    OSError,
    TimeoutError,
)
INSERT = (
    f"INSERT INTO notifications ({INSERT_COLUMNS})"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],"
    " $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[],"
    " $13::bigint[], $14::text[], $15::bigint[], $16::text[], $17::bytea[])"
    " ON CONFLICT (hook_id, event_id, signature) DO NOTHING RETURNING id"
)


class PostgresStore(SqlStore):
    search_id = "id"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._pool: asyncpg.Pool[Any]
        self._connection: _WritingConnection

    async def open(self) -> None:
        try:
            self._pool = await asyncpg.create_pool(
                self._url, min_size=1, max_size=READERS, timeout=CONNECT_TIMEOUT,
                command_timeout=COMMAND_TIMEOUT,
            )  # fmt: skip
            self._connection = _WritingConnection(self._url)
            await self._connection.migrate()
        except (*UNAVAILABLE, asyncpg.PostgresError, ValueError) as error:
            raise StoreUnavailableError(f"cannot use PostgreSQL: {_reason(error)}") from error
        await self._learn_last_id()
        self._writer = Writer(self._connection, self._next_rev)

    async def close(self) -> None:
        await self._writer.close()
        await self._connection.close()
        try:
            await self._pool.close()
        except UNAVAILABLE:
            self._pool.terminate()

    async def _read(self, sql: str, *args: Any) -> list[Any]:
        try:
            rows: list[Any] = await self._pool.fetch(sql, *storable(args), timeout=COMMAND_TIMEOUT)
        except UNAVAILABLE as error:
            raise StoreUnavailableError(f"cannot read: {_reason(error)}") from error
        return rows

    async def _search(self, user_id: str, wanted: Filter, limit: int) -> list[Any]:
        where, args = conditions(user_id, wanted)
        needle = wanted.q.casefold().replace("\x00", " ")
        for letter in "\\%_":  # every character is plain
            needle = needle.replace(letter, "\\" + letter)
        args.append(f"%{needle}%")
        return await self._read(
            f"SELECT {COLUMNS} FROM notifications n JOIN search s ON s.id = n.id"
            f" WHERE {where} AND s.text LIKE ${len(args)} ORDER BY n.id DESC LIMIT {limit:d}",
            *args,
        )

    async def scrub(self, *, index: bool) -> bool:  # noqa: ARG002 - the protocol's
        return True  # the server's autovacuum does it

    async def _index(self, tx: Transaction, number: int, text: str) -> None:
        await tx.execute(
            "INSERT INTO search (id, text) VALUES ($1, $2)"
            " ON CONFLICT (id) DO UPDATE SET text = excluded.text",
            number,
            text,
        )


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
                        await connection.execute(script)
                        await connection.execute("INSERT INTO schema_version VALUES ($1)", number)
            await _speed_up_search(connection)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        try:
            connection = await self._get()
            async with connection.transaction():
                yield _PostgresTransaction(connection)
        except UNAVAILABLE as error:
            await self.close()
            raise StoreUnavailableError(f"cannot write: {_reason(error)}") from error

    async def close(self) -> None:
        if self._open is not None:
            connection, self._open = self._open, None
            try:
                await connection.close(timeout=1)
            except UNAVAILABLE:
                connection.terminate()

    async def _get(self) -> "asyncpg.Connection[Any]":
        if self._open is None or self._open.is_closed():
            self._open = await asyncpg.connect(
                self._url, timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT
            )
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

    async def insert_notifications(self, rows: list[NewNotification]) -> set[int]:
        values = [insert_values(new) for new in rows]
        columns = [list(column) for column in zip(*values, strict=True)]
        return {row[0] for row in await self._connection.fetch(INSERT, *columns)}


async def _speed_up_search(connection: "asyncpg.Connection[Any]") -> None:
    """A trigram index where the server has pg_trgm and lets us; without it searches read on."""
    with contextlib.suppress(asyncpg.PostgresError):
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        await connection.execute(
            "CREATE INDEX IF NOT EXISTS search_text ON search USING gin (text gin_trgm_ops)"
        )


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
