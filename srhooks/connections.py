"""Connections within bounds: so many at a time, and none that takes for ever to ask for something.

The library limits neither. What is beyond the limit is answered 503 at once, before anything is
made for it; a request head that does not end is answered 408 (RFC 9110, 15.5.9).
"""

import asyncio
import logging
import resource
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 15_000
KEPT_FREE = 100  # open files for everything else
HEAD_PATIENCE = 15.0  # seconds for a whole request head, counted from its first byte
READ_BYTES = 64 * 1024  # at a time: more, and the memory for it is mapped anew for each read
REFUSED_PATIENCE = 1.0  # seconds that a refused connection may take to say something
END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n" + END
LATE = b"HTTP/1.1 408 Request Timeout\r\n" + END


class Taken(NamedTuple):
    """What a lane took."""

    done: asyncio.Future[Any]  # when it can be answered; an error goes the usual way
    answer: Callable[[], bytes]
    after: Callable[[Any], None]  # what is left to do with the result: nobody waits for it


# Sees each request before the usual way does, and may take it.
Lane = Callable[[RawRequestMessage, StreamReader], Taken | None]
LANE: web.AppKey[Lane] = web.AppKey("lane")


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
        self, server: web.Server, limit: int, head_patience: float, lane: Lane | None,
        **options: Any,
    ) -> None:  # fmt: skip
        self._server = server
        self.lane = lane
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
    """The library's, with time limits and with a lane beside its usual way."""

    __slots__ = ("_begun", "_gate", "_head_timer", "_held", "_taken")

    def __init__(self, gate: Gate, server: web.Server, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._gate = gate
        self._begun = False  # part of a head has come
        self._head_timer: asyncio.TimerHandle | None = None
        self._taken: Taken | None = None  # what the lane has under way
        self._held = b""  # what came meanwhile: answers go out in the order of the requests
        if gate.lane is not None:
            self._parser = _Sieve(self._parser, self.take)  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.open += 1
        transport.max_size = READ_BYTES  # type: ignore[attr-defined] # asyncio's own: 256 KiB
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._gate.open -= 1
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._taken is not None:
            self._held += data
            self._pause_reading_for_buffer()
            return
        heads = self._request_count
        super().data_received(data)
        if self._request_count != heads:
            self._begun = False
            self._stop_timer()
        elif self._waiter is not None and not self._waiter.done() and not self._upgraded:
            self._begun = True
            if self._head_timer is None:
                self._expect_head()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Only what was paused: the library asks for it each time that a body is read."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def take(self, message: RawRequestMessage, content: StreamReader) -> bool:
        """Have the lane take it: when nothing else is under way, and it is of the lane's kind."""
        lane, waiter = self._gate.lane, self._waiter
        if lane is None or waiter is None or waiter.done():
            return False
        try:
            taken = lane(message, content)
        except Exception as error:  # the usual way has words for it
            self._request_count += 1
            self._fail(message, error)
            return True
        if taken is None:
            return False
        self._request_count += 1
        self._request_in_progress = True  # a shutdown waits for it
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._taken = taken
        taken.done.add_done_callback(partial(self._answer, message, taken))
        return True

    def _answer(self, message: RawRequestMessage, taken: Taken, done: asyncio.Future[Any]) -> None:
        self._taken = None
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        if done.cancelled():  # the program ends
            return
        error = done.exception()
        if error is not None:
            self._fail(message, error)
        else:
            if self.transport is not None and self._parser is not None:
                self._parser.message_consumed()
                self.transport.write(taken.answer())
            taken.after(done.result())
        if self._buffer_paused and self.transport is not None:
            self._go_on()

    def _go_on(self) -> None:
        """With what came meanwhile, and then with reading."""
        held, self._held = self._held, b""
        if held:
            self.data_received(held)
        if self._taken is None:
            self._resume_reading_if_drained()

    def _fail(self, message: RawRequestMessage, error: BaseException) -> None:
        """Have the usual way answer, which meets the error where it reads the body."""
        content = StreamReader(self, self._read_bufsize, loop=self._loop)
        content.feed_eof()
        content.set_exception(error)
        self._messages.append((message, content))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

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


class _Sieve:
    """The library's parser, of whose requests `take` sees first those that come alone."""

    __slots__ = ("_parser", "_take")

    def __init__(self, parser: Any, take: Callable[[RawRequestMessage, StreamReader], bool]):
        self._parser = parser
        self._take = take

    def feed_data(self, data: bytes) -> tuple[Sequence[Any], bool, bytes]:
        found: tuple[Sequence[Any], bool, bytes] = self._parser.feed_data(data)
        messages, upgraded, rest = found
        if len(messages) == 1 and not upgraded and self._take(*messages[0]):
            return (), upgraded, rest
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)


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
