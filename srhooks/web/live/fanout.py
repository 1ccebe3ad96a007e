"""All open pages of a user: changes are read once, and one frame serves all at the same cursor.

Pages that have taken all they were sent get the frame at once, some at a time so that the loop
serves others in between; the rest hear of the change and go at their own pace.
"""

import asyncio
import logging

from aiohttp import web

from srhooks.hub import Event
from srhooks.store import StoreError
from srhooks.web.live.change_reader import ChangeReader, Changes
from srhooks.web.live.connection import LivePage
from srhooks.web.live.websocket_frames import text_frame
from srhooks.web.state.app_keys import HUB, METRICS, STORE

log = logging.getLogger(__name__)

SLICE = 100  # pages that are sent a frame before others get their turn: about a millisecond


class Audience:
    def __init__(self, app: web.Application, user_id: str) -> None:
        self.changes = ChangeReader(app[STORE], user_id)
        self.pages = dict[LivePage, None]()  # in the order in which they came
        self._frames = app[METRICS].frames
        self._hub = app[HUB]
        self._user_id = user_id
        self._events = app[HUB].watch(user_id)
        self._task = asyncio.create_task(self._run(), name="live-audience")

    def close(self) -> None:
        self._hub.leave(self._user_id, self._events)
        self._task.cancel()

    async def _run(self) -> None:
        news: Event | None = None  # of which not all was shown yet
        while True:
            for event in self._events.drain() if news else await self._events.next_events():
                self.changes.heard = max(self.changes.heard, event.order)
                if event.kind == "notification":
                    news = event
                else:
                    self._tell(event)
            if news is not None and await self._show(news):
                news = None

    async def _show(self, event: Event) -> bool:
        """Send the changes of an event; return whether these were all of them."""
        try:
            return await self._show_changes(event)
        except Exception:
            log.exception("pushing to all pages failed")
            self._tell(event)
            return True

    def _tell(self, event: Event) -> None:
        """Queue the event at each page; a failure of one does not affect the others."""
        for page in list(self.pages):
            try:
                page.enqueue(event)
            except Exception:
                log.exception("telling a page failed")

    async def _show_changes(self, event: Event) -> bool:
        ready = [page.sent for page in self.pages if page.is_feed and page.idle]
        if not ready:
            self._tell(event)
            return True
        after = min(ready)
        try:
            changes = await self.changes.after(after, event.order)
        except StoreError:  # pages that try it themselves are told to come back
            self._tell(event)
            return True
        await self._give(changes, after, event)
        return changes.complete

    async def _give(self, changes: Changes, after: int, event: Event) -> None:
        """Send each page what it lacks; idle pages at the same cursor share one frame."""
        rev = changes.found[-1].n.rev if changes.found else after
        frames: dict[tuple[str, int, int], bytes] = {}
        pages = list(self.pages)
        for start in range(0, len(pages), SLICE):
            if start:
                await asyncio.sleep(0)
            sent = 0
            for page in pages[start : start + SLICE]:
                if page.is_feed and page.idle:
                    key = page.key
                    if key not in frames:
                        frames[key] = text_frame(page.text_of(changes))
                    if page.send_frame(frames[key], after, rev, complete=changes.complete):
                        sent += bool(frames[key])
                        continue
                page.enqueue(event)
            self._frames.inc(sent)
