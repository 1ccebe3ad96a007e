"""The hub of a single process: a bounded asyncio queue for each viewer, grouped by user."""

import asyncio
from collections import defaultdict

from srhooks.hub.base import Event

CAPACITY = 1000  # events that a viewer may lag behind; then it is closed and comes back to catch up


class LocalViewer:
    def __init__(self, hub: "LocalHub", user_id: str) -> None:
        self._hub = hub
        self._user_id = user_id
        self._queue: asyncio.Queue[Event] = asyncio.Queue(CAPACITY)
        self._fell_behind = False

    def put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._fell_behind = True
            self._hub.leave(self._user_id, self)

    async def next(self) -> list[Event] | None:
        if self._fell_behind:
            return None
        events = [await self._queue.get()]
        while not self._queue.empty():
            events.append(self._queue.get_nowait())
        return events

    def close(self) -> None:
        self._hub.leave(self._user_id, self)


class LocalHub:
    def __init__(self) -> None:
        self._by_user: defaultdict[str, dict[LocalViewer, None]] = defaultdict(dict)
        self.viewers = 0

    def watch(self, user_id: str) -> LocalViewer:
        viewer = LocalViewer(self, user_id)
        self._by_user[user_id][viewer] = None
        self.viewers += 1
        return viewer

    def leave(self, user_id: str, viewer: LocalViewer) -> None:
        viewers = self._by_user.get(user_id)
        if viewers is not None and viewer in viewers:
            del viewers[viewer]
            self.viewers -= 1
            if not viewers:
                del self._by_user[user_id]

    def publish(self, user_id: str, event: Event) -> None:
        for viewer in list(self._by_user.get(user_id, ())):
            viewer.put(event)

    def watched(self, user_id: str) -> bool:
        return user_id in self._by_user
