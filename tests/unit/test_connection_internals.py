"""What server/connection.py needs of the HTTP library beyond its public interface.

When a new version of aiohttp fails here, read srhooks/server/connection.py and bounded_parser.py
beside the library's web_protocol.py and _http_parser.pyx, and adapt the ones to the others: until
then heads of requests are not bounded.
"""

import inspect
import re
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web_protocol
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler
from srhooks.server.bounded_parser import MAX_QUEUED, BoundedParser
from srhooks.server.connection import TOO_MANY_HEADERS, Connection

ATTRIBUTES = ("_loop", "_messages", "_parser", "_request_in_progress")
METHODS = (
    "close", "connection_made", "connection_lost", "data_received", "force_close", "handle_error",
)  # fmt: skip
PARSER = ("feed_data", "message_consumed", "pause_reading", "set_upgraded")
SAY = "adapt srhooks/server/bounded_parser.py"


def parser(**limits: Any) -> Any:
    protocol = SimpleNamespace(resume_reading=lambda **_: None, pause_reading=lambda: None)
    return HttpRequestParser(protocol, None, 2**16, **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_library_still_keeps_what_is_read(name: str) -> None:
    source = inspect.getsource(RequestHandler)
    assert name in RequestHandler.__slots__ or f"self.{name}" in source, (
        f"aiohttp's RequestHandler has no {name} any more: adapt srhooks/server/connection.py"
    )


@pytest.mark.parametrize("name", METHODS)
def test_the_library_still_calls_what_is_overridden(name: str) -> None:
    theirs = getattr(RequestHandler, name, None)
    assert theirs is not None, f"aiohttp's RequestHandler has no {name}() any more"
    ours = getattr(Connection, name)
    wanted = list(inspect.signature(theirs).parameters)
    assert list(inspect.signature(ours).parameters) == wanted, (
        f"aiohttp calls {name}({', '.join(wanted)}): adapt srhooks/server/connection.py"
    )


def test_the_library_asks_its_parser_for_what_ours_passes_on() -> None:
    source = inspect.getsource(RequestHandler) + inspect.getsource(BaseProtocol)
    asked = set(re.findall(r"self\._parser\.(\w+)\(", source))
    assert asked == set(PARSER), f"aiohttp asks its parser for {sorted(asked)}: {SAY}"
    # Each by name: with a `__getattr__` every attribute of the parser would be found the slow way.
    assert asked <= set(vars(BoundedParser)), f"BoundedParser lacks what is asked for: {SAY}"
    assert "__getattr__" not in vars(BoundedParser)


async def test_a_message_tells_what_ours_needs_to_know() -> None:
    messages, upgraded, tail = parser().feed_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    ((message, payload),) = messages
    assert payload is EMPTY_PAYLOAD, f"a request without a body has another payload: {SAY}"
    assert (upgraded, tail, message.chunked) == (False, b"", False)
    assert message._replace(should_close=True).should_close, f"should_close is fixed: {SAY}"


async def test_a_body_is_counted_and_ends_as_ours_needs_it() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    library = parser()
    ((message, payload),) = library.feed_data(head)[0]
    assert message.chunked
    assert isinstance(payload, StreamReader)
    library.feed_data(b"3\r\nabc\r\n")
    assert (payload.total_bytes, payload.is_eof()) == (3, False), SAY
    library.feed_data(b"0\r\n\r\n")
    assert payload.is_eof(), SAY


async def test_the_library_still_takes_the_last_trailer_for_a_header_of_the_next() -> None:
    """When this fails, the library is mended: closing after chunked coding can go."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    after = b"0\r\nCookie: stolen\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
    messages = parser().feed_data(head + after)[0]
    assert messages[1][0].headers.get("Cookie") == "stolen"


async def test_what_is_too_large_is_told_by_the_names_that_we_know() -> None:
    with pytest.raises(BadHttpMessage) as caught:
        parser(max_headers=2).feed_data(b"GET / HTTP/1.1\r\na: b\r\na: b\r\na: b\r\n\r\n")
    assert caught.value.message == TOO_MANY_HEADERS
    with pytest.raises(LineTooLong):
        parser().feed_data(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n")


def test_as_many_requests_wait_as_the_library_lets_wait() -> None:
    assert MAX_QUEUED <= web_protocol.MAX_MSG_QUEUE_SIZE, f"{MAX_QUEUED} never resume: {SAY}"
