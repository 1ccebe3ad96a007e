"""`/live`: the WebSocket that pushes HTML fragments to a page.

Subscribe, replay what changed after the page's cursor, then stream; so nothing is missed between
a page and its socket, or while the socket was away. A viewer that does not take what it is sent is
cut off, and comes back to catch up.
"""

import asyncio
from dataclasses import dataclass

import aiohttp
from aiohttp import WSCloseCode, hdrs, web

from srhooks.web.http.content_negotiation import bearer
from srhooks.web.http.csrf import own_origin
from srhooks.web.http.errors import BadRequestError, ForgedError, Problem, problem_response
from srhooks.web.http.query_params import read_filter
from srhooks.web.http.session import find_reader
from srhooks.web.live.connection import LivePage, close
from srhooks.web.live.fanout import Audience
from srhooks.web.pages.overview import read_window
from srhooks.web.state.app_keys import SETTINGS, SOCKETS, STATUS_WATCH, STORE
from srhooks.web.state.listeners import LISTENERS

LEAVE_TIMEOUT = 0.7  # seconds for all of them at shutdown
VIEWS = ("", "feed", "subscriptions", "overview")


@dataclass(frozen=True)
class LiveTimeouts:
    heartbeat: float = 25.0  # seconds between pings: a dead connection is noticed within two
    send: float = 20.0  # seconds that a viewer may take for one frame


LIVE_TIMEOUTS = web.AppKey("live_timeouts", LiveTimeouts)
AUDIENCES = web.AppKey("live_audiences", dict[str, Audience])  # by user; none is empty


async def live(request: web.Request) -> web.StreamResponse:
    login = await find_reader(request)
    if login is None:
        # A socket cannot be led to the log-in: 401 whatever it accepts.
        return problem_response(request, Problem(401, "Log in first"))
    view = _asked_view(request)
    feed_filter = read_filter(request.query)
    window = read_window(request.query.get("window", ""))
    cursor, whole = _cursor(request, "cursor"), _cursor(request, "whole")
    if request.transport is None:
        return web.Response()  # it has left: nobody reads this
    app, timeouts = request.app, request.app[LIVE_TIMEOUTS]
    if cursor is None:  # from now on; what is being committed has a rev already
        cursor = await app[STORE].last_rev(login.user.id)
    socket = web.WebSocketResponse(heartbeat=timeouts.heartbeat, compress=False, max_msg_size=4096)
    audience = _audience(request.app, login.user.id)
    page = LivePage(
        request.app, login, socket, request.transport, audience.changes, feed_filter, cursor,
        whole, view=view, window=window, send_timeout=timeouts.send,
    )  # fmt: skip
    audience.pages[page] = None
    transport = request.transport
    try:
        await socket.prepare(request)
        app[SOCKETS].add(socket)
        if bearer(request) is not None:
            request.app[LISTENERS].add(login.user.id, socket)
        with app[STATUS_WATCH].attended(login.user.id):
            page.open()
            await _until_it_leaves(socket)
    finally:
        del audience.pages[page]
        if not audience.pages:
            audience.close()
            del request.app[AUDIENCES][login.user.id]
        request.app[LISTENERS].remove(login.user.id, socket)
        await page.leave()
        app[SOCKETS].discard(socket)
        if socket.close_code in {None, WSCloseCode.ABNORMAL_CLOSURE}:
            transport.abort()  # it takes nothing: what waits to be sent is given up
    return socket


def _asked_view(request: web.Request) -> str:
    """Which part of the page is kept live. Raises ForgedError and BadRequestError."""
    by_token, view = bearer(request) is not None, request.query.get("view", "")
    # No page of another site can make a browser send a token.
    if not by_token and not own_origin(request, request.app[SETTINGS]):
        raise ForgedError
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise BadRequestError("This address speaks WebSocket only")
    if view not in VIEWS:
        raise BadRequestError("view must be feed, subscriptions or overview")
    if by_token and view not in {"", "feed"}:
        raise BadRequestError("a personal token opens the feed alone")
    return view


def _audience(app: web.Application, user_id: str) -> Audience:
    audiences = app[AUDIENCES]
    if user_id not in audiences:
        audiences[user_id] = Audience(app, user_id)
    return audiences[user_id]


def _cursor(request: web.Request, name: str) -> int | None:
    """The newest change that the page shows; None when it says nothing: from now on, then.

    Or, by the name `whole`, the one up to which it shows all, where that is another.
    """
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 1 << 63):
        raise BadRequestError(f"{name} must be the number that the page was given")
    return int(text)


async def _until_it_leaves(socket: web.WebSocketResponse) -> None:
    async for message in socket:  # pages have nothing to say; this notices that they left
        if message.type is aiohttp.WSMsgType.ERROR:
            return


async def close_all(app: web.Application) -> None:
    """At shutdown: tell the pages that we come back (1012), so that they do too."""
    closing = [
        close(socket, WSCloseCode.SERVICE_RESTART, b"restarting", LEAVE_TIMEOUT)
        for socket in app[SOCKETS].copy()
    ]
    await asyncio.gather(*closing, return_exceptions=True)


def setup_live(app: web.Application) -> None:
    app[LIVE_TIMEOUTS] = LiveTimeouts()
    app[AUDIENCES] = {}
    app.on_shutdown.append(close_all)
