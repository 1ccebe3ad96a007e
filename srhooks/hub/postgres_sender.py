"""What this process has to tell the others: joined, and sent at most once in 20 ms.

A NOTIFY inside a transaction takes a lock over the whole database until that transaction has
ended, so none ever stands in one that stores something: it has a connection and a short
transaction of its own. Whatever could not be sent waits, joined with what comes, and is bounded.
"""

import asyncio
import logging
from collections.abc import Iterator

import asyncpg

from srhooks.domain.backoff import backoff
from srhooks.hub.events import Kind
from srhooks.hub.protocol import ANYTHING, MAX_KEY
from srhooks.hub.wire import ALL, channel_of, pack_events, pack_messages
from srhooks.store.postgres_connection import CANNOT_USE, Connection, Server, close, reason

log = logging.getLogger(__name__)

SEND_INTERVAL = 0.02  # seconds between two of them, at least
FIRST_PAUSE = 0.1  # seconds after one that failed
LAST_PAUSE = 5.0
SEND_TIMEOUT = 5.0  # seconds
CLOSE_TIMEOUT = 1.0  # seconds for the last one
MAX_USERS = 10_000  # of whom something waits to be told; beyond them, everybody's pages look
MAX_MESSAGES = 10_000  # that wait; beyond them one for each topic
EVERYBODY = "events"  # the topic that stands for all kinds of events of all users
# The queue is full: the server frees what all have read when it is asked how full it is, but not
# for who wants to add to it (src/backend/commands/async.c, `asyncQueueAdvanceTail`).
MAKE_ROOM = "SELECT pg_notification_queue_usage()"
SEND = (
    "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS t(channel, payload)"
)


class Sender:
    def __init__(self, server: Server, origin: str) -> None:
        self._server = server
        self._origin = origin
        self._connection: Connection | None = None
        self._events: dict[str, set[Kind]] = {}
        self._messages: dict[tuple[str, str], None] = {}
        self._wake = asyncio.Event()

    def add_event(self, user_id: str, kind: Kind) -> None:
        if (EVERYBODY, ANYTHING) in self._messages:
            return
        kinds = self._events.get(user_id)
        if kinds is not None:
            kinds.add(kind)
        elif len(self._events) < MAX_USERS:
            self._events[user_id] = {kind}
        else:
            self._events = {}
            self._messages[EVERYBODY, ANYTHING] = None
        self._wake.set()

    def add_message(self, topic: str, key: str) -> None:
        if (topic, ANYTHING) in self._messages:
            return
        if len(self._messages) >= MAX_MESSAGES:
            topics = {waiting for waiting, _ in self._messages} | {topic}
            self._messages = {(waiting, ANYTHING): None for waiting in topics}
        else:
            self._messages[topic, key if len(key) <= MAX_KEY else ANYTHING] = None
        self._wake.set()

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._flush(SEND_TIMEOUT)
            except Exception as error:
                if not isinstance(error, CANNOT_USE):  # a defect must not silence it for ever
                    log.exception("telling other processes what changed failed")
                elif failures == 0:
                    log.warning("cannot tell other processes what changed: %s", reason(error))
                await asyncio.sleep(backoff(FIRST_PAUSE, LAST_PAUSE, failures))
                failures += 1
                continue
            if failures:
                log.info("other processes are told again what changed")
            failures = 0
            await asyncio.sleep(SEND_INTERVAL)

    async def close(self) -> None:
        """Send what waits, if it can be sent at once. `run` was cancelled before."""
        try:
            await self._flush(CLOSE_TIMEOUT)
        except CANNOT_USE as error:
            log.warning("other processes were not told all that changed: %s", reason(error))
        await self._disconnect()

    async def _flush(self, seconds: float) -> None:
        """Raises one of CANNOT_USE; what was not sent then waits again."""
        events, self._events = self._events, {}
        messages, self._messages = self._messages, {}
        if not events and not messages:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._send([*self._payloads(events, messages)])
        except BaseException:
            for topic, key in messages:
                self.add_message(topic, key)
            for user_id, kinds in events.items():
                for kind in kinds:
                    self.add_event(user_id, kind)
            await self._disconnect()
            raise

    def _payloads(
        self, events: dict[str, set[Kind]], messages: dict[tuple[str, str], None]
    ) -> Iterator[tuple[str, str]]:
        """Channel and payload of each."""
        for payload in pack_messages(self._origin, messages):
            yield ALL, payload
        channels: dict[str, list[str]] = {}
        for user_id in events:
            channels.setdefault(channel_of(user_id), []).append(user_id)
        for channel, user_ids in channels.items():
            told = [(user_id, sorted(events[user_id])) for user_id in user_ids]
            for payload in pack_events(self._origin, told):
                yield channel, payload

    async def _send(self, payloads: list[tuple[str, str]]) -> None:
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await self._server.connect()
        channels = [channel for channel, _ in payloads]
        texts = [text for _, text in payloads]
        try:
            await self._server.alone(connection, lambda: connection.execute(SEND, channels, texts))
        except asyncpg.ProgramLimitExceededError:
            await connection.fetchval(MAKE_ROOM)
            raise

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await close(connection)
