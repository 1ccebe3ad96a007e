"""Direct access to the databases of the measured programs, to verify what was stored."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]


class Database(Protocol):
    @property
    def url(self) -> str:
        """The value for the setting DATABASE_URL."""

    def fetch(self, sql: str, *values: object) -> list[Row]:
        """The rows of a query; its parameters are written $1, $2 ..."""


@dataclass(frozen=True)
class SqliteFile:
    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def fetch(self, sql: str, *values: object) -> list[Row]:
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as file:
            return file.execute(sql.replace("$", "?"), values).fetchall()


@dataclass(frozen=True)
class PostgresDatabase:
    url: str

    def fetch(self, sql: str, *values: object) -> list[Row]:
        return asyncio.run(_fetch(self.url, sql, *values))


@contextlib.contextmanager
def postgres_database(server: str) -> Iterator[PostgresDatabase]:
    """Create an empty database; drop it on exit. `server`: URL of an existing one."""
    name = f"srhooks_bench_{secrets.token_hex(4)}"
    address, slash, rest = server.rpartition("/")
    _, question, options = rest.partition("?")
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    try:
        yield PostgresDatabase(f"{address}{slash}{name}{question}{options}")
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _fetch(url: str, sql: str, *values: object) -> list[Row]:
    import asyncpg  # noqa: PLC0415 - a driver, when used

    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


async def _execute(url: str, sql: str) -> None:
    import asyncpg  # noqa: PLC0415 - a driver, when used

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
