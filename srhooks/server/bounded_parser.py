"""The HTTP library's parser of requests, within bounds of our own.

Heads are limited as a whole, where the library limits each line; and after a request with chunked
coding nothing is parsed any more, since the library (aiohttp 3.14) takes the last field of its
trailers for a header of the next request on that connection.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

MAX_HEAD = 64 * 1024  # bytes of a request line and its headers, and of the trailers of a body
HEAD_END = b"\r\n\r\n"
FIELD_COST = 300  # bytes that the parser takes for a field, whatever its length
MAX_QUEUED = 32  # requests of a connection that wait for those before them, as in the library

Parsed = tuple[Sequence[Any], bool, bytes]  # messages with payloads, upgraded, what is left
NOTHING: Parsed = (), False, b""


class HeadTooLargeError(HttpProcessingError):
    """The head of a request exceeds MAX_HEAD (431: RFC 6585, 5)."""

    code = 431
    message = "Request Header Fields Too Large"


class HeadsFullError(HttpProcessingError):
    """All connections together hold as much of unfinished heads as they may."""

    code = 503
    message = "Service Unavailable"


class TrailersTooLargeError(Exception):
    """More than MAX_HEAD came of a body without being part of its content."""


class MalformedBodyError(ConnectionAbortedError):
    """The chunks or trailers of a body are not as HTTP/1.1 has them. Raised where it is read."""


class Budget(Protocol):
    def charge(self, before: int, now: int) -> bool:
        """Replace what a connection holds of an unfinished head, in bytes; False: too much."""


class BoundedParser:
    """Feeds the library's parser head by head and body by body, so as to measure each head."""

    __slots__ = (
        "_body_left", "_budget", "_cost", "_ended", "_head_bytes", "_held", "_last_bytes",
        "_parser", "_paused", "_payload", "_queued", "_raw",
    )  # fmt: skip

    def __init__(self, parser: Any, budget: Budget) -> None:
        self._parser = parser
        self._budget = budget
        self._held = b""  # what was not given to the parser yet
        self._head_bytes = 0  # of the head that is not finished
        self._last_bytes = b""  # its last three: the end of a head may come in pieces
        self._cost = 0  # bytes of memory that it takes
        self._body_left = 0  # bytes of the body under way, which has a Content-Length
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._raw = False  # the body under way ends where the parser says so
        self._ended = False  # nothing is parsed behind the body under way
        self._queued = 0
        self._paused = False  # the library's parser may hold what it was given

    @property
    def is_idle(self) -> bool:
        """Nothing is held, here or by the library's parser: without new data there is no more."""
        return not (self._held or self._paused or self._raw or self._ended)

    @property
    def in_head(self) -> bool:
        """A part of a head has come, and its end has not."""
        return self._head_bytes > 0

    def pause_reading(self) -> None:
        self._paused = True
        self._parser.pause_reading()

    def message_consumed(self) -> None:
        self._queued -= 1
        self._parser.message_consumed()

    def set_upgraded(self, upgraded: bool) -> None:
        self._parser.set_upgraded(upgraded)

    def release(self) -> None:
        """Give back what the connection holds: it is over."""
        self._charge(0)
        self._held = b""
        self._ended = True

    def feed_data(self, data: bytes) -> Parsed:
        """Parse more data. Raises HttpProcessingError and TrailersTooLargeError."""
        self._paused = False  # unless it is again meanwhile
        if self._raw or self._ended:
            return self._feed_raw(data)
        if not data or (len(data) <= self._body_left and not self._held):
            self._body_left -= len(data)
            parsed: Parsed = self._parser.feed_data(data)
            if not self._held:
                return parsed
            if parsed[1]:
                return self._all_upgraded((), parsed[2], 0)
        self._held += data
        try:
            return self._feed_pieces()
        except HttpProcessingError:
            self._stop()
            raise

    def _feed_pieces(self) -> Parsed:
        messages: list[Any] = []
        at = 0  # how much of what is held was given to the parser
        while at < len(self._held) and self._queued < MAX_QUEUED:
            if self._raw:
                rest, self._held = self._held[at:], b""
                _, upgraded, tail = self._feed_raw(rest)
                return messages, upgraded, tail
            if self._body_left:
                piece = self._held[at : at + self._body_left]
                self._body_left -= len(piece)
                found, upgraded, tail = self._parser.feed_data(piece)
            else:
                end = self._end_of_head(at)
                piece = self._held[at : end or None]
                found, upgraded, tail = self._feed_head(piece, whole=end > 0)
                messages += found
            at += len(piece)
            if upgraded:
                return self._all_upgraded(messages, tail, at)
        self._held = self._held[at:]
        return messages, False, b""

    def _all_upgraded(self, messages: Sequence[Any], tail: bytes, at: int) -> Parsed:
        """Count the data as of another protocol: the connection was upgraded."""
        rest, self._held = self._held[at:], b""
        return messages, True, tail + rest

    def _end_of_head(self, at: int) -> int:
        """Where, in what is held, the head ends whose next byte is at `at`; 0: not there yet."""
        if self._last_bytes:
            joint = (self._last_bytes + self._held[at : at + 3]).find(HEAD_END)
            if joint >= 0:
                return at + joint + len(HEAD_END) - len(self._last_bytes)
        found = self._held.find(HEAD_END, at)
        return found + len(HEAD_END) if found >= 0 else 0

    def _feed_head(self, piece: bytes, *, whole: bool) -> Parsed:
        self._head_bytes += len(piece)
        if self._head_bytes > MAX_HEAD:
            raise HeadTooLargeError
        messages, upgraded, tail = self._parser.feed_data(piece)
        if messages:
            return self._begin_body(messages, upgraded, tail, whole=whole)
        self._last_bytes = (self._last_bytes + piece)[-3:]
        if not self._charge(self._cost + len(piece) + piece.count(b"\n") * FIELD_COST):
            raise HeadsFullError
        return NOTHING

    def _begin_body(
        self, messages: Sequence[Any], upgraded: bool, tail: bytes, *, whole: bool
    ) -> Parsed:
        """A head is complete: what comes next is its body."""
        message, payload = messages[0]
        self._charge(0)
        self._head_bytes = 0
        self._last_bytes = b""
        self._queued += 1
        self._payload = payload
        if payload is not EMPTY_PAYLOAD and not message.chunked:
            self._body_left = int(message.headers.get(hdrs.CONTENT_LENGTH, 0))
        odd = not whole or len(messages) > 1  # the library and we disagree about where it ends
        if message.chunked or odd:
            self._raw = self._ended = True
            message = message._replace(should_close=True)
        elif payload is not EMPTY_PAYLOAD and not self._body_left:
            self._raw = True
        return [(message, payload)], upgraded, tail

    def _feed_raw(self, data: bytes) -> Parsed:
        """Feed what the parser alone knows the end of; what it finds behind that is dropped."""
        if self._ended and (not self._raw or self._payload.is_eof()):
            return NOTHING
        before = self._payload.total_bytes
        try:
            found, upgraded, tail = self._parser.feed_data(data)
        except HttpProcessingError:
            if not self._ended:
                raise
            # The library forgets to tell the one who reads the body.
            self._payload.set_exception(MalformedBodyError("the body is malformed"))
            self._payload.feed_eof()
            return NOTHING
        if not self._ended:
            return found, upgraded, tail
        if self._payload.total_bytes != before or self._payload.is_eof():
            self._head_bytes = 0
            self._charge(0)
            return NOTHING
        # Framing or trailers, which the parser keeps.
        self._head_bytes += len(data)
        cost = self._cost + len(data) + data.count(b"\n") * FIELD_COST
        if self._head_bytes > MAX_HEAD or not self._charge(cost):
            raise TrailersTooLargeError
        return NOTHING

    def _charge(self, cost: int) -> bool:
        if cost == self._cost:
            return True
        before, self._cost = self._cost, cost
        return self._budget.charge(before, cost)

    def _stop(self) -> None:
        """After an error nothing that comes is looked at."""
        self._charge(0)
        self._head_bytes = 0
        self._held = b""
        self._ended = True
        self._raw = False
