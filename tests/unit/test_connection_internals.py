"""What server/connection.py needs of the HTTP library beyond its public interface.

When a new version of aiohttp fails here, read srhooks/server/connection.py beside the library's
web_protocol.py, and adapt the one to the other: until then heads of requests are not timed.
"""

import inspect

import pytest
from aiohttp.web_protocol import RequestHandler
from srhooks.server.connection import Connection

ATTRIBUTES = ("_loop", "_request_count", "_waiter", "_upgraded")
METHODS = ("connection_made", "connection_lost", "data_received", "force_close", "handle_error")


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
