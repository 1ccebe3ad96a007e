"""A lane beside the library's usual way of a request, for what comes by the thousands.

It sees each request that came alone as soon as it is parsed. What it takes has no request object,
no task and no middlewares; what it leaves, and whatever fails in it, goes the usual way.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage

from srhooks.server.connection import Connection, Gate


class Taken(NamedTuple):
    """What a lane took."""

    done: asyncio.Future[Any]  # when it can be answered; an error goes the usual way
    answer: Callable[[], bytes]
    after: Callable[[Any], None]  # what is left to do with the result: nobody waits for it


Lane = Callable[[RawRequestMessage, StreamReader], Taken | None]
LANE: web.AppKey[Lane] = web.AppKey("lane")


class LaneConnection(Connection):
    __slots__ = ("_held", "_lane", "_taken")

    def __init__(self, lane: Lane, gate: Gate, server: web.Server, **options: Any) -> None:
        super().__init__(gate, server, **options)
        self._lane = lane
        self._taken: Taken | None = None  # what is under way
        self._held = b""  # what came meanwhile: answers go out in the order of the requests
        self._parser = _Sieve(self._parser, self.take)  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._taken is None:
            super().data_received(data)
        else:
            self._held += data
            self._pause_reading_for_buffer()

    def take(self, message: RawRequestMessage, content: StreamReader) -> bool:
        """Have the lane take it: when nothing else is under way, and it is of the lane's kind."""
        if self._waiter is None or self._waiter.done():
            return False
        try:
            taken = self._lane(message, content)
        except Exception as error:  # the usual way has words for it
            self._request_count += 1
            self._fail(message, error)
            return True
        if taken is None:
            return False
        self._request_count += 1
        self._request_in_progress = True  # a shutdown waits for it
        self._taken = taken
        taken.done.add_done_callback(partial(self._answer, message, taken))
        return True

    def _answer(self, message: RawRequestMessage, taken: Taken, done: asyncio.Future[Any]) -> None:
        self._taken = None
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        if done.cancelled():  # the program ends: nobody will answer
            self.force_close()
            return
        error = done.exception()
        if error is not None:
            self._fail(message, error)
        elif self.transport is not None and self._parser is not None:
            self._parser.message_consumed()
            self.transport.write(taken.answer())
        if self._buffer_paused and self.transport is not None:
            self._go_on()
        if error is None:
            taken.after(done.result())

    def _process_keepalive(self) -> None:
        """The library's, which would take a connection for idle that waits for the lane."""
        if self._taken is None:
            super()._process_keepalive()
        else:
            wait = self._keepalive_timeout
            self._keepalive_handle = self._loop.call_later(wait, self._process_keepalive)

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
