"""The claim to a PostgreSQL database.

An advisory lock of a transaction that stays open on a connection of its own, so that it also holds
behind a pooler in transaction mode; the server takes it back when the connection ends. Such a
transaction holds no snapshot: it keeps no vacuum waiting.
"""

import asyncio
import contextlib

from srhooks.store.claim import TakenOverError
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.postgres_connection import CANNOT_USE, Connection, Server, close, reason

LOCK = 727_400_002  # any fixed number
LOOK_INTERVAL = 5.0  # seconds between two looks whether the connection still stands
RETRY_PAUSE = 1.0  # seconds
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

    async def held(self) -> None:
        while True:
            if await self._stands():
                await asyncio.sleep(LOOK_INTERVAL)
                continue
            await self.release()
            with contextlib.suppress(StoreUnavailableError):  # the server is away, for all
                if not await self.acquire():
                    raise TakenOverError("another srhooks process has taken the database over")
                continue
            await asyncio.sleep(RETRY_PAUSE)

    async def _stands(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            return False
        try:
            await self._connection.execute(SETTINGS[0])  # it needs no snapshot
        except CANNOT_USE:
            return False
        return True

    async def release(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)
