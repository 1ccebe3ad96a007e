"""The hub of a single process: the queues of those who watch, by user."""

from collections import defaultdict

from srhooks.hub.event_queue import EventQueue
from srhooks.hub.events import Event
from srhooks.hub.protocol import OnMessage


class LocalHub:
    shared = False

    def __init__(self) -> None:
        self._queues: defaultdict[str, dict[EventQueue, None]] = defaultdict(dict)

    def watch(self, user_id: str) -> EventQueue:
        queue = EventQueue()
        self._queues[user_id][queue] = None
        return queue

    def leave(self, user_id: str, queue: EventQueue) -> None:
        queues = self._queues.get(user_id)
        if queues is not None:
            queues.pop(queue, None)
            if not queues:
                del self._queues[user_id]

    def publish(self, user_id: str, event: Event) -> None:
        for queue in self._queues.get(user_id, ()):
            queue.put_nowait(event)

    def publish_to_processes(self, topic: str, key: str) -> None:
        """There are no others."""

    def on_message(self, topic: str, callback: OnMessage) -> None:
        """Nobody sends any."""

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """There is nothing to close."""
