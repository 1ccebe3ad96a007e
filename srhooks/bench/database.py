"""Direct access to the databases of the measured programs, to verify what was stored."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncpg

from srhooks.bench.processes import BenchError

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
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    try:
        yield PostgresDatabase(url_of(server, name))
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


def url_of(server: str, name: str) -> str:
    """The URL of another database of the server; its options may hold slashes (`host=/run/…`)."""
    address, question, options = server.partition("?")
    return f"{address.removesuffix(urlsplit(address).path)}/{name}{question}{options}"


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection to PostgreSQL. Raises BenchError for a wrong URL and for the server's errors."""
    try:
        connection = await asyncpg.connect(url)
        try:
            yield connection
        finally:
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise BenchError(f"PostgreSQL: {error}") from None


async def _fetch(url: str, sql: str, *values: object) -> list[Row]:
    async with connected(url) as connection:
        return [tuple(row) for row in await connection.fetch(sql, *values)]


async def _execute(url: str, sql: str) -> None:
    async with connected(url) as connection:
        await connection.execute(sql)
