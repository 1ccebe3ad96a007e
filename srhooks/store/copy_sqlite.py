"""A SQLite file as one of the two sides of `database_copy`."""

import contextlib
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path

from srhooks.store.database_copy import Row
from srhooks.store.migrate import is_plain, scripts, table_columns
from srhooks.store.sqlite_connection import create_private, read_only_uri, read_write_uri
from srhooks.store.sqlite_schema import migrate

BUSY_TIMEOUT = 5.0  # seconds


@contextlib.asynccontextmanager
async def open_source(path: Path) -> AsyncIterator["SqliteSide"]:
    """Read from one snapshot of the database. Raises sqlite3.Error."""
    with contextlib.closing(_connected(read_only_uri(path))) as connection:
        connection.execute("BEGIN")
        yield SqliteSide(connection)


@contextlib.asynccontextmanager
async def open_target(path: Path) -> AsyncIterator["SqliteSide"]:
    """Write in one transaction, rolled back unless finished. Raises sqlite3.Error, OSError."""
    create_private(path)
    with contextlib.closing(_connected(read_write_uri(path))) as connection:
        yield SqliteSide(connection)


def _connected(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT)


class SqliteSide:
    """A SQLite file; its methods block on the disk alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def version(self) -> int:
        ((version,),) = self._connection.execute("PRAGMA user_version")
        return int(version)

    async def is_served(self) -> bool:
        return False  # the claim tells (store/claim.py)

    async def columns(self) -> Mapping[str, frozenset[str]]:
        columns = table_columns(self._connection)
        return {table: columns[table] for table in columns if is_plain(table)}

    async def count(self, table: str) -> int:
        ((count,),) = self._connection.execute(f"SELECT count(*) FROM {table}")
        return int(count)

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncGenerator[Row, None]:
        for row in self._connection.execute(f"SELECT {', '.join(columns)} FROM {table}"):
            yield row

    async def begin(self) -> None:
        # Of a file without tables alone: what is deleted can then be given back to the disk.
        self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        migrate(self._connection, scripts("sqlite"))
        self._connection.execute("BEGIN IMMEDIATE")

    async def clear(self, table: str) -> None:
        self._connection.execute(f"DELETE FROM {table}")

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        marks = ", ".join("?" for _ in columns)
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows
        )

    async def finish(self) -> None:
        self._connection.execute("UPDATE search_state SET indexed_to = 0")
        self._connection.execute("COMMIT")
