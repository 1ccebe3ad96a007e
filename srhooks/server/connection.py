"""Connections within bounds: so many at a time, and none that takes for ever to ask for something.

The library limits neither. What is beyond the limit is answered 503 at once, before anything is
made for it; a request head that does not end is answered 408 (RFC 9110, 15.5.9), and one that is
too large 431 (RFC 6585, 5).
"""

import asyncio
import logging
import resource
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Literal, cast

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from srhooks.observability.throttled_log import ThrottledWarning
from srhooks.server.bounded_parser import (
    MAX_HEAD,
    BoundedParser,
    HeadsFullError,
    HeadTooLargeError,
    TrailersTooLargeError,
)

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 15_000
MAX_REFUSALS = 50  # refused connections that are told so at a time; more are just closed
KEPT_FREE = 200  # open files for everything else, refusals included
HEAD_TIMEOUT = 15.0  # seconds for a whole request head, counted from its first byte
MAX_UNFINISHED_HEADS = 32 * 1024 * 1024  # bytes of memory for them, of all connections together
SMALL_HEAD = 4 * 1024  # bytes of memory: so much of an unfinished head each may have in any case
SERVER = "srhooks"  # in place of the library's name and version, and Python's
ENDED_AT_ONCE = 8  # connections in a turn of the loop: each takes some calls to the system
REFUSAL_TIMEOUT = 1.0  # seconds that a refused connection may take to say something
END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n" + END
LATE = b"HTTP/1.1 408 Request Timeout\r\n" + END
TOO_MANY_HEADERS = "Too many headers received"  # what the library says about them

Refused = Literal["connections", "heads", "head-size", "head-timeout", "files"]
OnRefused = Callable[[Refused], None]
# What is called for each connection or request that is refused for want of room.
ON_REFUSED: web.AppKey[OnRefused] = web.AppKey("on_refused")


def connection_limit() -> int:
    """As many as there may be files, once the process has taken all that it is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + KEPT_FREE
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(MAX_CONNECTIONS, soft - KEPT_FREE))


class Gate:
    """Makes the protocol of each new connection, and keeps what all of them share."""

    def __init__(
        self, server: web.Server, limit: int, head_timeout: float, on_refused: OnRefused,
        **options: Any,
    ) -> None:  # fmt: skip
        self._server = server
        self._limit = limit
        self._options = options | {"max_field_size": MAX_HEAD}  # the head is limited as a whole
        self.head_timeout = head_timeout
        self.refused = on_refused
        self.open = 0
        self.refusals = 0  # open connections that are told that they are too many
        self.unfinished = 0  # bytes of memory that heads take whose end has not come
        self._ending: deque[Callable[[], None]] = deque()
        self._warn_full = ThrottledWarning(
            log, f"all {limit} connections are taken: refused {{count}} more"
        )

    def __call__(self) -> asyncio.Protocol:
        if self.open < self._limit:
            return Connection(self, self._server, **self._options)
        self.refused("connections")
        self._warn_full()
        return Refusal(self)

    def end_soon(self, end: Callable[[], None]) -> None:
        """Call `end`, which ends a connection. Of many that come at once a few in each turn."""
        self._ending.append(end)
        if len(self._ending) == 1:
            asyncio.get_running_loop().call_soon(self._end_some)

    def _end_some(self) -> None:
        for _ in range(min(ENDED_AT_ONCE, len(self._ending))):
            self._ending.popleft()()
        if self._ending:
            asyncio.get_running_loop().call_soon(self._end_some)

    def charge(self, before: int, now: int) -> bool:
        """See bounded_parser.Budget."""
        self.unfinished += now - before
        return now <= before or now <= SMALL_HEAD or self.unfinished <= MAX_UNFINISHED_HEADS


class Connection(RequestHandler):
    """The library's, with limits for request heads, and errors that tell no version."""

    __slots__ = ("_gate", "_head_timer", "_heads", "first_byte_at")

    def __init__(self, gate: Gate, server: web.Server, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._gate = gate
        self._heads = BoundedParser(self._parser, gate)
        self._parser = self._heads  # type: ignore[assignment] # it is used like the library's
        self._head_timer: asyncio.TimerHandle | None = None
        self.first_byte_at = self._loop.time()  # of the request under way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.open += 1
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._gate.open -= 1
        self._stop_timer()
        self._heads.release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not data and self._heads.is_idle:
            return  # after each body that is read the library asks for what a pause held back
        if not (self._heads.in_head or self._request_in_progress or self._messages):
            self.first_byte_at = self._loop.time()
        try:
            super().data_received(data)
        except TrailersTooLargeError:
            self._gate.refused("head-size")
            self.force_close()
        if not self._heads.in_head:
            self._stop_timer()
        elif self._head_timer is None:
            self._expect_head()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:  # fmt: skip
        """Answer a malformed request by its status alone: the library's words would quote it.

        Such an answer meets no middleware and no signal, so its headers are set here.
        """
        status = self._status_of(exc, status)
        phrase = None if message is None else HTTPStatus(status).phrase
        response = super().handle_error(request, status, exc, phrase)
        response.headers["Server"] = SERVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        if status == 503:
            response.headers[hdrs.RETRY_AFTER] = "1"
        return response

    def _status_of(self, error: BaseException | None, status: int) -> int:
        """What the library answers with 400 although there is a status of its own for it."""
        if isinstance(error, HeadsFullError):
            self._gate.refused("heads")
            return error.code
        if isinstance(error, HttpProcessingError) and (
            isinstance(error, HeadTooLargeError) or error.message == TOO_MANY_HEADERS
        ):
            self._gate.refused("head-size")
            return HeadTooLargeError.code
        if isinstance(error, LineTooLong):  # of the request line: headers may be as long as a head
            return HTTPStatus.REQUEST_URI_TOO_LONG
        return status

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(
            self._gate.head_timeout, self._gate.end_soon, self._end_head
        )

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_head(self) -> None:
        """Close the connection: the head, or the trailers of a body, took too long."""
        if self._head_timer is None:  # they ended meanwhile
            return
        self._head_timer = None
        if self._request_in_progress or self._messages:
            self.close()  # once those before it are answered
            return
        if self._heads.in_head:
            self._gate.refused("head-timeout")
            if self.transport is not None:
                self.transport.write(LATE)
        self.force_close()


class Refusal(asyncio.Protocol):
    """Says no once the client has spoken: a close before that could overtake the answer."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.refusals += 1
        self._transport = cast("asyncio.Transport", transport)
        loop = asyncio.get_running_loop()
        if self._gate.refusals <= MAX_REFUSALS:
            loop.call_later(REFUSAL_TIMEOUT, self._gate.end_soon, self._transport.abort)
        else:
            loop.call_soon(self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - for whatever reason
        self._gate.refusals -= 1

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it says
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.write(FULL)
            transport.close()
