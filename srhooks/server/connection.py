"""Connections within bounds: so many at a time, and none that takes for ever to ask for something.

The library limits neither. What is beyond the limit is answered 503 at once, before anything is
made for it; a request head that does not end is answered 408 (RFC 9110, 15.5.9).
"""

import asyncio
import logging
import resource
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 15_000
KEPT_FREE = 100  # open files for everything else
HEAD_PATIENCE = 15.0  # seconds for a whole request head, counted from its first byte
SERVER = "srhooks"  # in place of the library's name and version, and Python's
REFUSED_PATIENCE = 1.0  # seconds that a refused connection may take to say something
END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n" + END
LATE = b"HTTP/1.1 408 Request Timeout\r\n" + END


def connection_limit() -> int:
    """As many as there may be files, once the process has taken all that it is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + KEPT_FREE
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(MAX_CONNECTIONS, soft - KEPT_FREE))


class Gate:
    """Makes the protocol of each new connection."""

    def __init__(
        self, server: web.Server, limit: int, head_patience: float, **options: Any
    ) -> None:
        self._server = server
        self._limit = limit
        self._options = options
        self.head_patience = head_patience
        self.open = 0

    def __call__(self) -> asyncio.Protocol:
        if self.open < self._limit:
            return Connection(self, self._server, **self._options)
        if self.open == self._limit:
            log.warning("all %d connections are taken: refusing more", self._limit)
        return Refusal()


class Connection(RequestHandler):
    """The library's, with a time limit for request heads, and errors that tell no version."""

    __slots__ = ("_begun", "_gate", "_head_timer")

    def __init__(self, gate: Gate, server: web.Server, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._gate = gate
        self._begun = False  # part of a head has come
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.open += 1
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._gate.open -= 1
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads = self._request_count
        super().data_received(data)
        if self._request_count != heads:
            self._begun = False
            self._stop_timer()
        elif self._waiter is not None and not self._waiter.done() and not self._upgraded:
            self._begun = True
            if self._head_timer is None:
                self._expect_head()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:  # fmt: skip
        """Answer a malformed request by its status alone: the library's words would quote it.

        Such an answer meets no middleware and no signal, so its headers are set here.
        """
        phrase = None if message is None else HTTPStatus(status).phrase
        response = super().handle_error(request, status, exc, phrase)
        response.headers["Server"] = SERVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(self._gate.head_patience, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._begun and self.transport is not None:
            self.transport.write(LATE)
        self.force_close()


class Refusal(asyncio.Protocol):
    """Says no once the client has spoken: a close before that could overtake the answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        asyncio.get_running_loop().call_later(REFUSED_PATIENCE, self._transport.abort)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it says
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.write(FULL)
            transport.close()
