"""A PostgreSQL database as one of the two sides of `database_copy`."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

from srhooks.store.database_copy import Row, copied_tables
from srhooks.store.migrate import scripts
from srhooks.store.postgres_connection import Connection, Server, close
from srhooks.store.postgres_schema import columns_of, migrate

STATEMENT_TIMEOUT = 3600.0  # seconds: a count or a batch of a large table
PREFETCH = 20  # rows of up to 5 MB
# The server must not end what takes long or waits for the other side.
SETTINGS = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
COUNTERS = (
    "SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY($1::text[])"
    " AND a.attnum > 0 AND NOT a.attisdropped"
    " AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL"
)


@contextlib.asynccontextmanager
async def open_source(url: str) -> AsyncIterator["PostgresSide"]:
    """Read from one snapshot of the database. Raises the driver's errors."""
    async with _connected(url) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await _be_patient(connection)
        yield PostgresSide(connection)


@contextlib.asynccontextmanager
async def open_target(url: str) -> AsyncIterator["PostgresSide"]:
    """Write in one transaction, rolled back unless finished. Raises the driver's errors."""
    async with _connected(url) as connection:
        yield PostgresSide(connection)


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    connection = await Server(url).connect()
    try:
        yield connection
    finally:
        await close(connection)


async def _be_patient(connection: Connection) -> None:
    for setting in SETTINGS:
        await connection.execute(setting)


class PostgresSide:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def version(self) -> int:
        if "schema_version" not in await self.columns():
            return 0
        return int(
            await self._connection.fetchval("SELECT coalesce(max(number), 0) FROM schema_version")
        )

    async def is_served(self) -> bool:
        if "processes" not in await self.columns():
            return False
        sql = (
            "SELECT EXISTS (SELECT 1 FROM processes"
            " WHERE until > extract(epoch FROM clock_timestamp()) * 1000)"
        )
        return bool(await self._connection.fetchval(sql))

    async def columns(self) -> Mapping[str, frozenset[str]]:
        return await columns_of(self._connection)

    async def count(self, table: str) -> int:
        sql = f"SELECT count(*) FROM {table}"
        return int(await self._connection.fetchval(sql, timeout=STATEMENT_TIMEOUT))

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncGenerator[Row, None]:
        sql = f"SELECT {', '.join(columns)} FROM {table}"
        cursor = self._connection.cursor(sql, prefetch=PREFETCH, timeout=STATEMENT_TIMEOUT)
        async for row in cursor:
            yield tuple(row)

    async def begin(self) -> None:
        await migrate(self._connection, scripts("postgres"))
        await self._connection.execute("BEGIN")
        await _be_patient(self._connection)

    async def clear(self, table: str) -> None:
        await self._connection.execute(f"DELETE FROM {table}")

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        await self._connection.copy_records_to_table(
            table, records=rows, columns=list(columns), timeout=STATEMENT_TIMEOUT
        )

    async def finish(self) -> None:
        for table, column, sequence in await self._connection.fetch(
            COUNTERS, list(copied_tables())
        ):
            await self._connection.execute(
                f"SELECT setval('{sequence}', coalesce((SELECT max({column}) FROM {table}), 0) + 1,"
                " false)",
                timeout=STATEMENT_TIMEOUT,
            )
        await self._connection.execute("UPDATE search_state SET indexed_to = 0")
        await self._connection.execute("COMMIT", timeout=STATEMENT_TIMEOUT)
