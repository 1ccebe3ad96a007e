"""`/live`: the WebSocket that pushes HTML fragments to a page.

Subscribe, replay what changed after the page's cursor, then stream; so nothing is missed between
a page and its socket, or while the socket was away. A fragment is rendered once for all viewers of
a user that show the same filter. A viewer that falls behind is closed and comes back to catch up.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import WSCloseCode, hdrs, web

from srhooks.hub import Event, Viewer
from srhooks.models import Filter, Notification
from srhooks.smartrecruiters.errors import ServiceError
from srhooks.store import Store, StoreError
from srhooks.web.asked import DEFAULT_LIMIT, live_url, older_url, read_filter
from srhooks.web.csrf import own_origin
from srhooks.web.errors import BadRequestError, ForgedError, LoginRequiredError
from srhooks.web.keys import METRICS, SERVICES, SETTINGS
from srhooks.web.overview import overview_frame, read_window
from srhooks.web.session import Login, find_login
from srhooks.web.subscriptions import subscriptions_context
from srhooks.web.view import render_text

log = logging.getLogger(__name__)

HEARTBEAT = 25.0  # seconds between pings: a dead connection is noticed within two of them
SEND_PATIENCE = 20.0  # seconds that a viewer may take for one frame
MAX_REPLAY = 500  # changes; beyond them the list is pushed as a whole
REMEMBERED = 5000  # notifications whose last sent state is remembered
LOGGED_OUT = 4401
VIEWS = ("", "feed", "subscriptions", "overview")
OVERVIEW_EVERY = 3.0  # seconds between two pushes of the overview


async def live(request: web.Request) -> web.StreamResponse:
    login = await find_login(request)
    if login is None:
        raise LoginRequiredError
    if not own_origin(request, request.app[SETTINGS]):
        raise ForgedError
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise BadRequestError("This address speaks WebSocket only")
    if request.query.get("view", "") not in VIEWS:
        raise BadRequestError("view must be feed, subscriptions or overview")
    wanted = read_filter(request.query)
    window = read_window(request.query.get("window", ""))
    cursor = _cursor(request)
    services = request.app[SERVICES]
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False, max_msg_size=4096)
    viewer = services.hub.watch(login.user.id)
    try:
        await socket.prepare(request)
        services.sockets.add(socket)
        page = _Page(request.app, login, socket, wanted, cursor, window)
        with services.watch.attended(login.user.id):
            await _serve(page, viewer, only=request.query.get("view", ""))
    finally:
        viewer.close()
        services.sockets.discard(socket)
    return socket


def _cursor(request: web.Request) -> int | None:
    """The newest change that the page shows; None when it says nothing: from now on, then."""
    text = request.query.get("cursor", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise BadRequestError("cursor must be the number that the page was given")
    return int(text)


async def _serve(page: "_Page", viewer: Viewer, *, only: str) -> None:
    """Push until the page leaves, is logged out or falls behind."""
    pushing = asyncio.create_task(_push(page, viewer, only))
    try:
        async for message in page.socket:  # pages have nothing to say; this notices that they left
            if message.type is aiohttp.WSMsgType.ERROR:
                break
    finally:
        pushing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pushing


async def _push(page: "_Page", viewer: Viewer, only: str) -> None:
    try:
        if only not in {"subscriptions", "overview"}:
            await page.catch_up()
        async for events in _events(viewer, only):
            if any(event.session_id == page.login.session_id for event in events):
                await page.close(LOGGED_OUT, b"logged out")
                return
            await page.show(events, only)
        await page.close(WSCloseCode.TRY_AGAIN_LATER, b"too far behind")
    except (StoreError, TimeoutError):
        await page.close(WSCloseCode.TRY_AGAIN_LATER, b"come back")
    except ConnectionError:
        pass  # it left
    except Exception:
        log.exception("pushing to a page failed")
        await page.close(WSCloseCode.INTERNAL_ERROR, b"")


async def _events(viewer: Viewer, only: str) -> AsyncIterator[list[Event]]:
    """What happens, as it happens; for the overview gathered, since one look shows it all."""
    events = await viewer.next()
    while events is not None:
        yield events
        events = await (_gathered(viewer) if only == "overview" else viewer.next())


async def _gathered(viewer: Viewer) -> list[Event] | None:
    """What happens until the next push is due, or the first thing after that."""
    found: list[Event] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(OVERVIEW_EVERY):
            while not any(event.kind == "session-ended" for event in found):
                more = await viewer.next()
                if more is None:
                    return None
                found += more
    return found or await viewer.next()


class _Page:
    """One open page: its filter, and what it has been shown."""

    def __init__(
        self, app: web.Application, login: Login, socket: web.WebSocketResponse, wanted: Filter,
        cursor: int | None, window: str,
    ) -> None:  # fmt: skip
        self.login = login
        self.socket = socket
        self._app = app
        self._store: Store = app[SERVICES].store
        self._wanted = wanted
        self._cursor = cursor
        self._window = window
        self._shown: dict[int, int] = {}  # notification -> the state of it that was sent

    async def catch_up(self) -> None:
        """Send what changed since the page's cursor."""
        if self._cursor is None:
            return
        user_id = self.login.user.id
        changed = await self._store.changed_since(user_id, self._cursor, MAX_REPLAY + 1)
        if len(changed) > MAX_REPLAY:
            await self._send(await self._whole_list())
            return
        frames = [
            self._render(n, new=n.first_rev > self._cursor)
            for n in changed
            if self._is_news(n) and self._wanted.matches(n)
        ]
        await self._send("".join(frames))

    async def show(self, events: list[Event], only: str) -> None:
        parts: list[str] = []
        if only == "overview":
            parts = [await overview_frame(self._app, self.login.user.id, self._window)]
        elif only != "subscriptions":
            news = [event for event in events if event.kind == "notification"]
            parts = [text for n, text in await self._frames(news) if text and self._is_news(n)]
        if any(event.kind == "login" for event in events):
            parts.append(render_text(self._app, "_banner.html", {"user": self.login.user}))
        if any(event.kind == "subscriptions" for event in events):
            if only == "subscriptions":
                parts.append(await self._subscriptions())
            else:
                drifts = self._app[SERVICES].watch.drifts(self.login.user.id).values()
                parts.append(render_text(self._app, "_drift.html", {"drifts": drifts}))
        await self._send("".join(parts))

    async def close(self, code: int, message: bytes) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(2):
                await self.socket.close(code=code, message=message)

    async def _send(self, text: str) -> None:
        if not text:
            return
        async with asyncio.timeout(SEND_PATIENCE):
            await self.socket.send_str(text)
        self._app[METRICS].frames.inc()

    async def _frames(self, events: list[Event]) -> list[tuple[Notification, str]]:
        """Each event's notification with its frame, made by whichever viewer comes first."""
        missing = [event for event in events if event.shared is None]
        if missing:
            made: asyncio.Future[dict[int, _Shared]] = asyncio.ensure_future(
                self._load([event.number for event in missing])
            )
            for event in missing:
                event.shared = made
        found: dict[int, tuple[Notification, str]] = {}
        for event in events:
            if event.shared is not None:
                loaded: dict[int, _Shared] = await asyncio.shield(event.shared)
                entry = loaded.get(event.number)
                if entry is not None:
                    found[event.number] = (entry.n, entry.frame(self))
        return list(found.values())

    async def _load(self, numbers: list[int]) -> dict[int, "_Shared"]:
        rows = await self._store.by_ids(self.login.user.id, sorted(set(numbers)))
        return {n.id: _Shared(n) for n in rows}

    def frame_of(self, n: Notification) -> str:
        """The frame as this page needs it; empty when the filter leaves it out."""
        if not self._wanted.matches(n):
            return ""
        # A filter may fit only now that the entity is known: then it is new to the page.
        changing = bool(self._wanted.q or self._wanted.status)
        return self._render(n, new=changing or n.rev == n.first_rev)

    @property
    def filter_key(self) -> str:
        return repr(sorted(self._wanted.params.items()))

    def _render(self, n: Notification, *, new: bool) -> str:
        return render_text(self._app, "_live.html", {"n": n, "new": new, "wanted": self._wanted})

    def _is_news(self, n: Notification) -> bool:
        """Whether this state of it has not been sent yet; it is noted as sent."""
        if self._shown.get(n.id, 0) >= n.rev:
            return False
        self._shown.pop(n.id, None)
        self._shown[n.id] = n.rev
        if len(self._shown) > REMEMBERED:
            del self._shown[next(iter(self._shown))]
        return True

    async def _whole_list(self) -> str:
        user_id = self.login.user.id
        cursor = await self._store.last_rev(user_id)
        found = await self._store.notifications(user_id, self._wanted, DEFAULT_LIMIT + 1)
        following = None
        if len(found) > DEFAULT_LIMIT:
            found = found[:DEFAULT_LIMIT]
            following = older_url(self._wanted, found[-1].public_id, "")
        ctx = {
            "notifications": found,
            "next": following,
            "wanted": self._wanted,
            "cursor": cursor,
            "live_url": live_url(self._wanted, cursor),
            "subscriptions": [],
            "oob": True,
        }
        return render_text(self._app, "_list.html", ctx)

    async def _subscriptions(self) -> str:
        try:
            ctx = await subscriptions_context(self._app, self.login.user.id, self.login.csrf)
        except ServiceError:
            return render_text(self._app, "_banner.html", {"user": self.login.user})
        return render_text(self._app, "_subscriptions.html", {**ctx, "oob": True})


class _Shared:
    """A notification on its way to many viewers: its frame is rendered once per filter."""

    def __init__(self, n: Notification) -> None:
        self.n = n
        self._frames: dict[str, str] = {}

    def frame(self, page: _Page) -> str:
        key = page.filter_key
        if key not in self._frames:
            self._frames[key] = page.frame_of(self.n)
        return self._frames[key]


async def close_all(app: web.Application) -> None:
    """At shutdown: tell the pages that we come back (1012), so that they do too."""
    sockets = list(app[SERVICES].sockets)
    closing = [
        socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting", drain=False)
        for socket in sockets
    ]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.5):
            await asyncio.gather(*closing, return_exceptions=True)


def setup_live(app: web.Application) -> None:
    app.router.add_get("/live", live)
    app.on_shutdown.append(close_all)
