"""`/live`: the WebSocket that pushes HTML fragments to a page.

Subscribe, replay what changed after the page's cursor, then stream; so nothing is missed between
a page and its socket, or while the socket was away. A viewer that does not take what it is sent is
cut off, and comes back to catch up.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
from aiohttp import WSCloseCode, hdrs, web

from srhooks.hub import EVERY_SESSION, Event, Viewer
from srhooks.store import StoreError
from srhooks.web.asked import read_filter
from srhooks.web.csrf import own_origin
from srhooks.web.errors import BadRequestError, ForgedError, Problem, problem_response
from srhooks.web.keys import SERVICES, SETTINGS
from srhooks.web.live_page import LivePage
from srhooks.web.negotiate import bearer
from srhooks.web.overview import read_window
from srhooks.web.session import find_reader

log = logging.getLogger(__name__)

CLOSE_PATIENCE = 2.0  # seconds for a page to hear why it is closed
LEAVE_PATIENCE = 0.7  # seconds for all of them at shutdown
LOGGED_OUT = 4401
REASONS = {
    LOGGED_OUT: b"logged out",
    WSCloseCode.TRY_AGAIN_LATER: b"come back",
    WSCloseCode.INTERNAL_ERROR: b"",
}
VIEWS = ("", "feed", "subscriptions", "overview")
OVERVIEW_EVERY = 3.0  # seconds between two pushes of the overview


@dataclass(frozen=True)
class Patience:
    heartbeat: float = 25.0  # seconds between pings: a dead connection is noticed within two
    send: float = 20.0  # seconds that a viewer may take for one frame


PATIENCE = web.AppKey("live_patience", Patience)


async def live(request: web.Request) -> web.StreamResponse:
    login = await find_reader(request)
    if login is None:
        # A socket cannot be led to the log-in: 401 whatever it accepts.
        return problem_response(request, Problem(401, "Log in first"))
    # No page of another site can make a browser send a token.
    if bearer(request) is None and not own_origin(request, request.app[SETTINGS]):
        raise ForgedError
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise BadRequestError("This address speaks WebSocket only")
    if request.query.get("view", "") not in VIEWS:
        raise BadRequestError("view must be feed, subscriptions or overview")
    if bearer(request) is not None and request.query.get("view", "") not in {"", "feed"}:
        raise BadRequestError("a personal token opens the feed alone")
    wanted = read_filter(request.query)
    window = read_window(request.query.get("window", ""))
    cursor = _cursor(request)
    services = request.app[SERVICES]
    patience = request.app[PATIENCE]
    socket = web.WebSocketResponse(heartbeat=patience.heartbeat, compress=False, max_msg_size=4096)
    viewer = services.hub.watch(login.user.id)
    transport = request.transport
    try:
        await socket.prepare(request)
        services.sockets.add(socket)
        page = LivePage(
            request.app, login, socket, wanted, cursor, view=request.query.get("view", ""),
            window=window, send_patience=patience.send,
        )  # fmt: skip
        with services.watch.attended(login.user.id):
            await _serve(page, socket, viewer)
    finally:
        viewer.close()
        services.sockets.discard(socket)
        if not services.hub.watched(login.user.id):
            services.changes.forget(login.user.id)
        if transport is not None and socket.close_code in {None, WSCloseCode.ABNORMAL_CLOSURE}:
            transport.abort()  # it takes nothing: what waits to be sent is given up
    return socket


def _cursor(request: web.Request) -> int | None:
    """The newest change that the page shows; None when it says nothing: from now on, then."""
    text = request.query.get("cursor", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise BadRequestError("cursor must be the number that the page was given")
    return int(text)


async def _serve(page: LivePage, socket: web.WebSocketResponse, viewer: Viewer) -> None:
    """Push until the page leaves, is logged out or does not take what it is sent."""
    pushing = asyncio.create_task(_push(page, viewer), name="live-push")
    leaving = asyncio.create_task(_until_it_leaves(socket), name="live-leave")
    try:
        await asyncio.wait({pushing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pushing, leaving):
            task.cancel()
        reason, _ = await asyncio.gather(pushing, leaving, return_exceptions=True)
    if isinstance(reason, int):
        await _close(socket, reason, REASONS[reason], CLOSE_PATIENCE)


async def _until_it_leaves(socket: web.WebSocketResponse) -> None:
    async for message in socket:  # pages have nothing to say; this notices that they left
        if message.type is aiohttp.WSMsgType.ERROR:
            return


async def _push(page: LivePage, viewer: Viewer) -> int | None:
    """The code to close with; None when there is nobody to tell."""
    try:
        await page.catch_up()
        async for events in _events(viewer, page.view):
            if any(event.session_id in (page.login.session_id, EVERY_SESSION) for event in events):
                return LOGGED_OUT
            await page.show(events)
    except StoreError:
        return WSCloseCode.TRY_AGAIN_LATER
    except (TimeoutError, ConnectionError):
        return None  # it takes nothing, or it left
    except Exception:
        log.exception("pushing to a page failed")
        return WSCloseCode.INTERNAL_ERROR
    return None


async def _events(viewer: Viewer, view: str) -> AsyncIterator[list[Event]]:
    """What happens, as it happens; for the overview gathered, since one look shows it all."""
    events = await viewer.next()
    while True:
        yield events
        events = await (_gathered(viewer) if view == "overview" else viewer.next())


async def _gathered(viewer: Viewer) -> list[Event]:
    """What happens until the next push is due, or the first thing after that."""
    found: list[Event] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(OVERVIEW_EVERY):
            while not any(event.kind == "session-ended" for event in found):
                found += await viewer.next()
    return found or await viewer.next()


async def _close(socket: web.WebSocketResponse, code: int, message: bytes, patience: float) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(patience):
            await socket.close(code=code, message=message)


async def close_all(app: web.Application) -> None:
    """At shutdown: tell the pages that we come back (1012), so that they do too."""
    closing = [
        _close(socket, WSCloseCode.SERVICE_RESTART, b"restarting", LEAVE_PATIENCE)
        for socket in list(app[SERVICES].sockets)
    ]
    await asyncio.gather(*closing, return_exceptions=True)


def setup_live(app: web.Application) -> None:
    app[PATIENCE] = Patience()
    app.router.add_get("/live", live)
    app.on_shutdown.append(close_all)
