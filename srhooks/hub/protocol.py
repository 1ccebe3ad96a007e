"""The hub tells whoever watches a user's data that something changed.

It carries ids, never payloads: the row in the store is the truth, and whoever hears of a change
reads what is new after the last one it knows. So an event may stand for several, and a hub over
several processes has little to carry.

Between processes it also carries messages: a topic, such as `hook`, and a key, such as the hook's
id. Whatever keeps something in memory that another process can change listens to its topic.
"""

from collections.abc import Callable
from typing import Protocol

from srhooks.hub.event_queue import EventQueue
from srhooks.hub.events import Event

ANYTHING = "*"  # as the key of a message: any of the topic, since some may have been missed
MAX_KEY = 200  # characters
OnMessage = Callable[[str], None]


class Hub(Protocol):
    """A broadcast per user. Implementations pass tests/contracts/test_hub.py."""

    def watch(self, user_id: str) -> EventQueue:
        """Return a new queue: from now on every event of the user is put into it."""

    def leave(self, user_id: str, queue: EventQueue) -> None:
        """Put nothing into the queue any more. A queue that is unknown is ignored."""

    def publish(self, user_id: str, event: Event) -> None:
        """Put the event into all queues of the user, here at once and then in other processes.

        Never waits and never raises.
        """

    def publish_to_processes(self, topic: str, key: str) -> None:
        """Tell all other processes, not this one. Never waits and never raises.

        A longer key than MAX_KEY arrives as ANYTHING.
        """

    def on_message(self, topic: str, callback: OnMessage) -> None:
        """Have it called with the key of each message of the topic that another process sent.

        It must not wait, and treat ANYTHING as a message of every key: that is its key whenever
        messages may have been missed.
        """

    @property
    def shared(self) -> bool:
        """Whether there may be other processes."""

    async def open(self) -> None:
        """Begin to hear other processes, and to be heard."""

    async def close(self) -> None:
        """Send what waits to be sent, as far as that is quick, and hear nothing any more."""
