"""What a viewer has not looked at yet: the latest event of each kind.

A slow viewer must not hold an event for each change: whoever hears of one reads all that is new
after the last change it knows, so the latest event of a kind stands for those before it.
"""

import asyncio

from srhooks.hub.events import KINDS, Event


class EventQueue(asyncio.Queue[Event]):
    """Bounded by the number of kinds: an event takes the place of the one of its kind.

    It changes how items are kept as `asyncio.PriorityQueue` does. `put_nowait` never raises
    `asyncio.QueueFull`: there is room for one more than there are kinds.
    """

    _queue: dict[str, Event]  # the library keeps a deque

    def __init__(self) -> None:
        super().__init__(maxsize=len(KINDS) + 1)

    def _init(self, maxsize: int) -> None:  # noqa: ARG002 - the library's signature
        self._queue = {}

    def _put(self, item: Event) -> None:
        self._queue[item.kind] = item

    def _get(self) -> Event:
        return self._queue.pop(next(iter(self._queue)))

    def drain(self) -> list[Event]:
        """Remove and return what there is, without waiting."""
        events = []
        while not self.empty():
            events.append(self.get_nowait())
        return events

    async def next_events(self) -> list[Event]:
        """Wait for an event, then remove and return all that there are: the latest of each kind."""
        return [await self.get(), *self.drain()]
