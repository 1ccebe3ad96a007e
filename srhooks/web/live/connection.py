"""One open page: its cursor, and how it gets what is new.

The page's cursor is the `rev` of the newest change that it was sent. Changes are read and sent in
the order of `rev`, so whatever a page shows, nothing below its cursor is missing. A page that has
taken all it was sent is idle: its audience gives it what is new, ready to be sent. Any other goes
at its own pace: it holds the latest event of each kind, and reads on from its cursor.

What changed may take several reads. A row that comes before the cursor's place may then still be
on its way, moved up by a change. So the page is told besides up to where it was sent all (`whole`),
and tells it when it comes back: what came after that is new to it.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Sequence

from aiohttp import WSCloseCode, web

from srhooks.domain import clock
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification
from srhooks.hub import Event, EventQueue
from srhooks.store import StoreError
from srhooks.web.http.session import Login, still_logged_in
from srhooks.web.http.templating import macro
from srhooks.web.live import fragments
from srhooks.web.live.change_reader import Change, ChangeReader, Changes
from srhooks.web.live.row_cache import NEW_ROWS
from srhooks.web.pages.overview import overview_frame
from srhooks.web.presentation.template_filters import moment
from srhooks.web.state.app_keys import METRICS, STORE

log = logging.getLogger(__name__)

MAX_REPLAY = 500  # changes; beyond them the list is pushed as a whole
OVERVIEW_INTERVAL = 3.0  # seconds between two pushes of the overview
CLOSE_TIMEOUT = 2.0  # seconds for a page to hear why it is closed
LOGGED_OUT = 4401
MAX_TIMER = 86_400.0  # seconds: beyond some 50 days a timer of the loop may fail
REASONS = {
    LOGGED_OUT: b"logged out",
    WSCloseCode.TRY_AGAIN_LATER: b"come back",
    WSCloseCode.INTERNAL_ERROR: b"",
}


class LivePage:
    __slots__ = (
        "_app",
        "_changes",
        "_check_again",
        "_checking",
        "_cursor_of",
        "_deadline",
        "_events",
        "_filter",
        "_filter_key",
        "_is_open",
        "_new_rows",
        "_pushing",
        "_render",
        "_replays",
        "_send_timeout",
        "_socket",
        "_told",
        "_transport",
        "_whole",
        "_window",
        "closing",
        "login",
        "sent",
        "view",
    )  # fmt: skip

    def __init__(
        self, app: web.Application, login: Login, socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport, changes: ChangeReader, feed_filter: Filter,
        cursor: int, whole: int | None = None, *, view: str, window: str, send_timeout: float,
    ) -> None:  # fmt: skip
        self.login = login
        self.view = view
        self.sent = cursor
        # All that was there at this rev was sent: `sent` when it was idle.
        self._whole = cursor if whole is None else min(whole, cursor)
        self._told = self.sent  # of deletions: up to this rev
        self.closing: asyncio.Task[None] | None = None
        self._app = app
        self._socket = socket
        self._transport = transport
        self._changes = changes
        self._filter = feed_filter
        self._filter_key = repr(sorted(feed_filter.params.items()))
        self._render: Callable[..., str] = macro(app, "_live.html", "frame")
        self._cursor_of: Callable[..., str] = macro(app, "_cursor.html", "cursor_of")
        self._new_rows = app[NEW_ROWS]
        self._replays = self.is_feed
        self._window = window
        self._send_timeout = send_timeout
        self._is_open = False
        self._deadline: asyncio.TimerHandle | None = None
        self._checking: asyncio.Task[None] | None = None
        self._check_again = False
        self._events = EventQueue()
        self._pushing: asyncio.Task[None] | None = None

    @property
    def is_feed(self) -> bool:
        return self.view in {"", "feed"}

    @property
    def idle(self) -> bool:
        """Whether everything was sent and taken, so a new frame can be sent at once."""
        return (
            self._is_open
            and self._pushing is None
            and self.closing is None
            and not self._transport.get_write_buffer_size()
        )

    @property
    def key(self) -> tuple[str, int, int]:
        """Idle pages with the same key are sent the same frame."""
        return self._filter_key, self.sent, self._whole

    def open(self) -> None:
        """Start sending: first what changed since the page's cursor, then what is new."""
        self._is_open = True
        self._end_at(self.login.until)
        early = self._events.drain()
        if self._replays:
            self._start()
        for event in early:
            self.enqueue(event)

    def send_frame(self, frame: bytes, after: int, rev: int, *, complete: bool) -> bool:
        """Send what changed from `after` up to `rev`; False where the page is not idle.

        `complete`: nothing more had changed.
        """
        if not self.idle or self.sent < after:
            return False
        if frame and not self._socket.closed:
            self._transport.write(frame)
        self.sent = max(self.sent, rev)
        if complete:
            self._whole = self.sent
        return True

    def enqueue(self, event: Event) -> None:
        """Queue an event; the page reads and sends its subject at its own pace. Never waits."""
        if event.kind == "session-ended" and self._is_open:
            self._check_login()  # perhaps this one: of several at a time only the last is heard of
            return
        self._events.put_nowait(event)
        if self._is_open and self._pushing is None and self.closing is None:
            self._start()

    async def leave(self) -> None:
        """Cancel the page's tasks and wait for the close handshake (RFC 6455, 7.1.2)."""
        if self._deadline is not None:
            self._deadline.cancel()
        tasks = [task for task in (self._pushing, self._checking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.closing is not None:
            await asyncio.gather(self.closing, return_exceptions=True)

    def text_of(self, changes: Changes) -> str:
        """The frame with these changes; while there are more, with how far the page is whole."""
        text = "".join(self._frame(change) for change in changes.found if change.n.rev > self.sent)
        if changes.complete:
            # The last row's cursor says that it is whole again; without a row this one does.
            return text or (self._cursor(self.sent) if self._whole < self.sent else "")
        return text and text + self._cursor(changes.found[-1].n.rev, whole=self._whole)

    def _start(self) -> None:
        self._pushing = asyncio.create_task(self._push(), name="live-push")

    async def _push(self) -> None:
        try:
            if self._replays:
                self._replays = False
                if not await self._send_changes(order=0, at_most=MAX_REPLAY):
                    await self._send_whole_list()
                await self._send_deleted()
            while events := self._events.drain():
                await self._show(events)
                if self.view == "overview":  # one look shows all that happens meanwhile
                    await asyncio.sleep(OVERVIEW_INTERVAL)
        except StoreError:
            self._close(WSCloseCode.TRY_AGAIN_LATER)
        except (TimeoutError, ConnectionError):
            self._transport.abort()  # it takes nothing, or it left
        except Exception:
            log.exception("pushing to a page failed")
            self._close(WSCloseCode.INTERNAL_ERROR)
        finally:
            self._pushing = None

    async def _show(self, events: Sequence[Event]) -> None:
        if self.view == "overview":
            await self._send(await overview_frame(self._app, self.login.user.id, self._window))
        for event in events:
            if event.kind == "login":
                await self._send(await fragments.banner(self._app, self.login))
                self._check_login()
            elif event.kind == "notification" and self.is_feed:
                await self._send_changes(event.order)
            elif event.kind == "incident":
                await self._send(await fragments.incident_line(self._app, self.login))
            elif event.kind == "handshake" and self.view == "subscriptions":
                await self._send(await fragments.activations(self._app, self.login))
            elif event.kind == "subscriptions" and self.view == "subscriptions":
                await self._send(await fragments.subscriptions(self._app, self.login))
            elif event.kind == "subscriptions":
                await self._send(await fragments.drifts(self._app, self.login))
        # Last: a change may have been read before its notification was deleted.
        if self.is_feed and any(event.kind == "deleted" for event in events):
            await self._send_deleted()

    async def _send_changes(self, order: int, at_most: float = math.inf) -> bool:
        """Whether these were all of them."""
        while True:
            changes = await self._changes.after(self.sent, order)
            at_most -= len(changes.found)
            if at_most < 0:
                return False
            await self._send(self.text_of(changes))
            if changes.found:
                self.sent = changes.found[-1].n.rev
            if changes.complete:
                self._whole = self.sent
                return True

    async def _send_deleted(self) -> None:
        user_id = self.login.user.id
        store = self._app[STORE]
        self._told, notification_ids = await store.deleted_since(user_id, self._told)
        if notification_ids:
            await self._send(await fragments.deleted(self._app, user_id, notification_ids))

    async def _send_whole_list(self) -> None:
        cursor = await self._app[STORE].last_rev(self.login.user.id)
        await self._send(await fragments.whole_list(self._app, self.login, self._filter, cursor))
        self.sent = self._whole = cursor

    async def _send(self, text: str) -> None:
        if not text:
            return
        async with asyncio.timeout(self._send_timeout):
            await self._socket.send_str(text)
        self._app[METRICS].frames.inc()

    def _frame(self, change: Change) -> str:
        # Else the page was sent an earlier state of it. One that came after `_whole` may have
        # changed, and so moved up, before it was read: a page replaces what it has already.
        new = change.n.first_rev > self._whole
        return change.frame((self._filter_key, new), lambda: self._row(change.n, new=new))

    def _cursor(self, rev: int, whole: int | None = None) -> str:
        return self._cursor_of(rev, oob=True, whole=whole)

    def _row(self, n: Notification, *, new: bool) -> str:
        feed_filter = self._filter
        if new and not feed_filter.params:
            return self._new_rows.frame(n, clock.now_ms())
        if not feed_filter.matches(n):
            # It may have fitted before: its entity's status changes, and what is erased loses all
            # text and its link. Nothing else that can be asked for does.
            was = (
                feed_filter.q
                or feed_filter.link
                or (feed_filter.status and n.entity_status != feed_filter.status)
            )
            left = not new and was
            return self._render(n, gone=True) if left else ""
        # A filter may fit only now that the entity is known: then it is new to the page.
        is_new = new or bool(feed_filter.q or feed_filter.status)
        return self._render(n, moment(n.received_at, clock.now_ms()), feed_filter, new=is_new)

    def _end_at(self, until: int) -> None:
        """Look at the session again when it ends (ms), unless it is used meanwhile."""
        seconds = min(max((until - clock.now_ms()) / 1000, 0.0) + 0.1, MAX_TIMER)
        loop = asyncio.get_running_loop()
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = loop.call_later(seconds, self._check_login)

    def _check_login(self) -> None:
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._close_when_over(), name="live-session")
        else:
            self._check_again = True

    async def _close_when_over(self) -> None:
        """Close the page when its session is over or the grant is dead."""
        while True:
            self._check_again = False
            try:
                until = await still_logged_in(self._app, self.login)
            except StoreError:
                self._close(WSCloseCode.TRY_AGAIN_LATER)
                return
            if until is None:
                self._close(LOGGED_OUT)
                return
            if not self._check_again:
                self._end_at(until)
                return

    def _close(self, code: int) -> None:
        """Close the socket with a code that tells the page why, even in the middle of a frame."""
        if self.closing is None:
            if self._pushing is not None and self._pushing is not asyncio.current_task():
                self._pushing.cancel()
            self.closing = asyncio.create_task(
                close(self._socket, code, REASONS[code], CLOSE_TIMEOUT), name="live-close"
            )


async def close(socket: web.WebSocketResponse, code: int, message: bytes, patience: float) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(patience):
            await socket.close(code=code, message=message)
