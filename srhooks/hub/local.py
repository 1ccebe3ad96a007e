"""The hub of a single process: for each viewer the latest event of each kind, grouped by user."""

import asyncio
from collections import defaultdict

from srhooks.hub.base import Event


class LocalViewer:
    """Bounded by what it is: however slow, it holds one event of a kind (one per ended session)."""

    def __init__(self, hub: "LocalHub", user_id: str) -> None:
        self._hub = hub
        self._user_id = user_id
        self._pending: dict[tuple[str, str], Event] = {}
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> None:
        self._pending[event.kind, event.session_id] = event
        self._arrived.set()

    async def next(self) -> list[Event]:
        await self._arrived.wait()
        return self.take()

    def take(self) -> list[Event]:
        self._arrived.clear()
        events = list(self._pending.values())
        self._pending.clear()
        return events

    def close(self) -> None:
        self._hub.leave(self._user_id, self)


class LocalHub:
    def __init__(self) -> None:
        self._by_user: defaultdict[str, dict[LocalViewer, None]] = defaultdict(dict)

    def watch(self, user_id: str) -> LocalViewer:
        viewer = LocalViewer(self, user_id)
        self._by_user[user_id][viewer] = None
        return viewer

    def leave(self, user_id: str, viewer: LocalViewer) -> None:
        viewers = self._by_user.get(user_id)
        if viewers is not None and viewer in viewers:
            del viewers[viewer]
            if not viewers:
                del self._by_user[user_id]

    def publish(self, user_id: str, event: Event) -> None:
        for viewer in self._by_user.get(user_id, ()):
            viewer.put(event)
