"""Claims to a PostgreSQL database: for oneself alone, or to serve it beside others.

An advisory lock of a transaction, so that it also holds behind a pooler in transaction mode; the
server takes it back when the connection ends. Who copies a database holds it alone, and so did
versions of srhooks that served it alone: who comes to serve it waits until they have left. Those
who serve it do not hold it, they have rows in `processes`.
"""

from srhooks.store.errors import StoreUnavailableError
from srhooks.store.postgres_connection import CANNOT_USE, Connection, Server, close, reason

LOCK = 727_400_002  # any fixed number
# Nobody may end it for being idle, and a machine that vanished is noticed within a minute.
SETTINGS = (
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL tcp_keepalives_idle = 20",
    "SET LOCAL tcp_keepalives_interval = 10",
    "SET LOCAL tcp_keepalives_count = 3",
)


class ServerClaim:
    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self._connection: Connection | None = None

    async def acquire(self) -> bool:
        try:
            connection = await self._server.connect()
        except CANNOT_USE as error:
            raise StoreUnavailableError(f"cannot use PostgreSQL: {reason(error)}") from error
        try:
            await connection.execute("BEGIN")
            if await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({LOCK})"):
                for setting in SETTINGS:  # after it: these close its portal, which has a snapshot
                    await connection.execute(setting)
                self._connection = connection
                return True
        except CANNOT_USE as error:
            raise StoreUnavailableError(f"cannot use PostgreSQL: {reason(error)}") from error
        finally:
            if self._connection is not connection:
                await close(connection)
        return False

    async def release(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)


class EntryClaim:
    """Whether the database can be served: looked at, and not held."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)

    async def acquire(self) -> bool:
        try:
            connection = await self._server.connect()
            try:
                async with connection.transaction():
                    return bool(
                        await connection.fetchval(
                            f"SELECT pg_try_advisory_xact_lock_shared({LOCK})"
                        )
                    )
            finally:
                await close(connection)
        except CANNOT_USE as error:
            raise StoreUnavailableError(f"cannot use PostgreSQL: {reason(error)}") from error

    async def release(self) -> None:
        return
