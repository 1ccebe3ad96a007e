"""The hub of several processes that share a PostgreSQL database.

Viewers in this process are told at once; the others by NOTIFY, some milliseconds later. A notice
can be lost: the listening connection breaks, the server's queue is full, a process is killed
between its commit and its notice. So all that may have been missed is looked at anew when the
connection is back, and every few seconds the newest `rev` of the users who are watched is
compared with the one before.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence

from srhooks.hub.event_queue import EventQueue
from srhooks.hub.events import EVERY_SESSION, KINDS, Event, Kind
from srhooks.hub.local import LocalHub
from srhooks.hub.postgres_listener import Listener
from srhooks.hub.postgres_sender import EVERYBODY, Sender
from srhooks.hub.protocol import ANYTHING, OnMessage
from srhooks.hub.wire import ALL, channel_of, unpack
from srhooks.store import StoreError
from srhooks.store.postgres_connection import Server

log = logging.getLogger(__name__)

POLL_INTERVAL = 3.0  # seconds
SESSION_INTERVAL = 60.0  # seconds between two looks at all sessions: nothing else tells their end

LastRevs = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]


class PostgresHub(LocalHub):
    shared = True

    def __init__(
        self, database_url: str, listen_url: str, last_revs: LastRevs,
        poll_interval: float = POLL_INTERVAL,
    ) -> None:  # fmt: skip
        super().__init__()
        self._origin = secrets.token_urlsafe(9)
        self._sender = Sender(Server(database_url), self._origin)
        self._listener = Listener(Server(listen_url), self._received, self._catch_up)
        self._last_revs = last_revs
        self._poll_interval = poll_interval
        self._callbacks: defaultdict[str, list[OnMessage]] = defaultdict(list)
        self._known_revs: dict[str, int] = {}  # as they were when the user's pages were up to date
        self._heard: set[str] = set()  # users who were told of something since the last poll
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        self._listen_to_watched()
        runs: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "hub-sender": self._sender.run,
            "hub-listener": self._listener.run,
            "hub-poll": self._poll_forever,
        }
        self._tasks = [asyncio.create_task(run(), name=name) for name, run in runs.items()]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sender.close()

    def watch(self, user_id: str) -> EventQueue:
        queue = super().watch(user_id)
        self._listener.listen_to(self._listener.channels | {channel_of(user_id)})
        return queue

    @property
    def watched(self) -> Collection[str]:
        """The users of whom somebody watches something here."""
        return self._queues.keys()

    def hears(self, user_id: str) -> bool:
        """Whether it hears now what other processes publish of the user."""
        return {ALL, channel_of(user_id)} <= self._listener.heard

    def publish(self, user_id: str, event: Event) -> None:
        self._tell(user_id, event)
        self._sender.add_event(user_id, event.kind)

    def publish_to_processes(self, topic: str, key: str) -> None:
        self._sender.add_message(topic, key)

    def on_message(self, topic: str, callback: OnMessage) -> None:
        self._callbacks[topic].append(callback)

    def _tell(self, user_id: str, event: Event) -> None:
        super().publish(user_id, event)
        if user_id in self._queues:
            self._heard.add(user_id)

    def _received(self, text: str) -> None:
        """A payload came from a process, perhaps this one."""
        payload = unpack(text)
        if payload is None or payload.origin == self._origin:
            return
        for user_id, kinds in payload.events:
            for kind in kinds:
                if kind in KINDS:
                    self._tell(user_id, Event(kind))
        for topic, key in payload.messages:
            if topic == EVERYBODY:
                self._tell_all(user_id for user_id in list(self._queues))
            else:
                self._call(topic, key)

    def _catch_up(self, channels: frozenset[str]) -> None:
        """Something may have been missed on these channels."""
        if ALL in channels:
            for topic in self._callbacks:
                self._call(topic, ANYTHING)
        self._tell_all(user_id for user_id in list(self._queues) if channel_of(user_id) in channels)

    def _tell_all(self, user_ids: Iterable[str], kinds: Iterable[Kind] = KINDS) -> None:
        for user_id in user_ids:
            for kind in kinds:
                session_id = EVERY_SESSION if kind == "session-ended" else ""
                self._tell(user_id, Event(kind, session_id=session_id))

    def _call(self, topic: str, key: str) -> None:
        for callback in self._callbacks.get(topic, ()):
            try:
                callback(key)
            except Exception:
                log.exception("a message of another process could not be followed: %s", topic)

    def _listen_to_watched(self) -> None:
        self._listener.listen_to({ALL, *map(channel_of, self._queues)})

    async def _poll_forever(self) -> None:
        loop = asyncio.get_running_loop()
        sessions_due = loop.time() + SESSION_INTERVAL
        while True:
            await asyncio.sleep(self._poll_interval)
            self._listen_to_watched()
            try:
                await self._poll()
            except StoreError as error:
                log.info("could not look for what other processes stored: %s", error)
            except Exception:
                log.exception("looking for what other processes stored failed")
            if loop.time() >= sessions_due:
                sessions_due = loop.time() + SESSION_INTERVAL
                self._tell_all(list(self._queues), ("session-ended",))

    async def _poll(self) -> None:
        """Tell those who were told of nothing and whose newest change is another one."""
        heard, self._heard = self._heard, set()
        user_ids = list(self._queues)
        revs = await self._last_revs(user_ids) if user_ids else {}
        before, self._known_revs = self._known_revs, {}
        for user_id in user_ids:
            known, rev = before.get(user_id), revs.get(user_id, 0)
            if user_id in heard:
                rev = -1 if known is None else known  # the next look shows whether it was all
            elif known != rev:
                super().publish(user_id, Event("notification"))
                super().publish(user_id, Event("deleted"))
            self._known_revs[user_id] = rev
