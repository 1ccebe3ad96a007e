"""Connections to PostgreSQL, also by way of a pooler in transaction mode (pgbouncer, Odyssey, …).

Behind one, each transaction may be another session's: nothing of a session may be relied on,
neither prepared statements nor settings nor locks. Then no statement is kept prepared, and each
stands in a transaction of its own, since the driver prepares and runs it in two steps.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import asyncpg

from srhooks.store.postgres_url import Address, read_address

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[Any]"
COMMAND_TIMEOUT = 7.0  # seconds: less than whoever waits for rows has
CLOSE_TIMEOUT = 0.5  # seconds
# Compiling a statement takes the server a second or more, and ours are done in less without it.
# Each finds its way by indexes, from few rows to few rows. A table that was never looked at (an
# empty one never is), or a plan that is made for any values, makes the planner expect thousands,
# and read another table of millions from end to end instead.
PLANNING = ("jit = off", "enable_seqscan = off")
# A plan for any account is one for the largest: of another one it would look through everybody's.
READING = (
    *PLANNING,
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "plan_cache_mode = force_custom_plan",
)
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
# Of a query that only reads: a standby that replays, or a transaction that was ended, broke it off.
READ_BROKE_OFF = (
    *UNAVAILABLE, asyncpg.TransactionRollbackError, asyncpg.InvalidTransactionStateError
)  # fmt: skip
CANNOT_USE = (*UNAVAILABLE, asyncpg.PostgresError, ValueError)


class Server:
    """Where the database is, and what stands in between."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._address: Address | None = None
        self._learning = asyncio.Lock()

    @property
    def pooled(self) -> bool:
        return self._address is not None and self._address.statements == 0

    async def connect(self, settings: Sequence[str] = PLANNING) -> Connection:
        """`settings`: of the planner. Raises UrlError or one of UNAVAILABLE."""
        async with self._learning:
            if self._address is None:
                self._address = await _looked_at(read_address(self._url))
        connection = await _connected(self._address)
        if not self.pooled:
            try:
                await connection.execute(settings_sql(settings))
            except BaseException:  # a caller that gives up, too
                connection.terminate()
                raise
        return connection

    async def alone(
        self, connection: Connection, run: Callable[[], Awaitable[T]],
        settings: Sequence[str] = PLANNING,
    ) -> T:  # fmt: skip
        """Run one statement, in a transaction where that matters."""
        if not self.pooled:
            return await run()
        await connection.execute(f"BEGIN; {settings_sql(settings, local=True)}")
        try:
            result = await run()
        except BaseException:
            with contextlib.suppress(*UNAVAILABLE, asyncpg.PostgresError):
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
        return result


def settings_sql(settings: Sequence[str], *, local: bool = False) -> str:
    """The statements; `local`: until the transaction ends."""
    return "; ".join(f"SET {'LOCAL ' if local else ''}{setting}" for setting in settings)


async def _looked_at(address: Address) -> Address:
    """A pooler gives its clients other process numbers than those of the sessions it uses."""
    if address.statements is not None:
        return address
    connection = await _connected(replace(address, statements=0))
    try:
        async with connection.transaction():
            process = await connection.fetchval("SELECT pg_backend_pid()")
        return address if process == connection.get_server_pid() else replace(address, statements=0)
    finally:
        await close(connection)


async def _connected(address: Address) -> Connection:
    return await asyncpg.connect(**address.arguments, command_timeout=COMMAND_TIMEOUT)


async def close(connection: Connection) -> None:
    try:
        await connection.close(timeout=CLOSE_TIMEOUT)
    except UNAVAILABLE:
        connection.terminate()


def reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
