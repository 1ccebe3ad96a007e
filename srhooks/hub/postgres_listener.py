"""The one connection on which a process hears the others.

A server that restarts, a network that is cut and a machine that vanished all end it: it is looked
after, opened again, and whoever listens is told that something may have been missed meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from srhooks.domain.backoff import backoff
from srhooks.store.postgres_connection import CANNOT_USE, Connection, Server, close, reason

log = logging.getLogger(__name__)

LOOK_INTERVAL = 5.0  # seconds between two looks whether the connection still stands
LOOK_TIMEOUT = 5.0  # seconds that the server may take to answer one
POOLED_INTERVAL = 2.0  # seconds: behind a pooler nothing may be heard, so all is looked at anew
FIRST_PAUSE = 0.1  # seconds until it is opened again
LAST_PAUSE = 5.0


class Listener:
    def __init__(
        self, server: Server, received: Callable[[str], None],
        missed: Callable[[frozenset[str]], None],
    ) -> None:  # fmt: skip
        """`received` is called with each payload.

        `missed` is called with the channels of which something may have been missed: when they
        are listened to from now on, for the first time or again.
        """
        self._server = server
        self._received = received
        self._missed = missed
        self._changed = asyncio.Event()
        self.channels: frozenset[str] = frozenset()  # that are to be heard
        self.heard: frozenset[str] = frozenset()  # that are
        self._failures = 0
        self._has_warned = False

    def listen_to(self, channels: AbstractSet[str]) -> None:
        """To these and no others. Never waits."""
        if channels != self.channels:
            self.channels = frozenset(channels)
            self._changed.set()

    async def run(self) -> None:
        """Listen and reconnect until cancelled."""
        while True:
            try:
                await self._listen()
            except CANNOT_USE as error:
                if self._failures == 0:
                    log.warning("cannot hear other processes: %s", reason(error))
            except Exception:  # a defect must not leave this process deaf for ever
                log.exception("hearing other processes failed")
            await asyncio.sleep(backoff(FIRST_PAUSE, LAST_PAUSE, self._failures))
            self._failures += 1

    async def _listen(self) -> None:
        """Listen until the connection is lost. Raises one of CANNOT_USE, or returns."""
        connection = await self._server.connect()
        connection.add_termination_listener(lambda _: self._changed.set())
        try:
            await self._follow(connection)
        finally:
            self.heard = frozenset()
            await close(connection)

    async def _follow(self, connection: Connection) -> None:
        self.heard = frozenset()
        while not connection.is_closed():
            self._changed.clear()
            before, wanted = self.heard, self.channels
            for channel in sorted(wanted - before):
                await connection.add_listener(channel, self._hear)
            for channel in sorted(before - wanted):
                await connection.remove_listener(channel, self._hear)
            self.heard = wanted
            if self._failures:
                log.info("other processes are heard again")
            self._failures = 0
            if self._server.pooled:
                self._warn_of_pooler()
                self._missed(wanted)
            elif wanted - before:
                self._missed(wanted - before)
            try:
                async with asyncio.timeout(
                    POOLED_INTERVAL if self._server.pooled else LOOK_INTERVAL
                ):
                    await self._changed.wait()
            except TimeoutError:
                await connection.fetchval("SELECT 1", timeout=LOOK_TIMEOUT)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._received(str(payload))

    def _warn_of_pooler(self) -> None:
        if not self._has_warned:
            log.warning(
                "a pooler stands before the database: pages that another process serves follow up"
                " to %d s late. Give a direct connection in LISTEN_DATABASE_URL",
                POOLED_INTERVAL,
            )
        self._has_warned = True
