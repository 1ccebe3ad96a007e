"""The answer to a notification: an empty 202, prepared once as bytes.

Making an answer's headers takes the library longer than reading the request; these never differ.
"""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from srhooks.web.http.leaving import LEAVING
from srhooks.web.state.app_keys import METRICS

HEAD = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nServer: srhooks\r\nDate: {}\r\n\r\n"


def accepted_bytes() -> bytes:
    """For a connection that stays open (HTTP/1.1)."""
    return _bytes_of(int(time.time()))


@lru_cache(maxsize=1)
def _bytes_of(second: int) -> bytes:
    return HEAD.format(formatdate(second, usegmt=True)).encode()


class _Accepted(web.Response):
    """The prepared answer. It keeps no state, so one object serves all requests."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError("the sender left")
        request.transport.write(accepted_bytes())
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing to write: the answer was sent as a whole."""

    @property
    def keep_alive(self) -> bool:
        return True


_accepted = _Accepted(status=202)


def accepted(request: web.Request) -> web.Response:
    app = request.app
    if request.keep_alive and request.version == HttpVersion11 and not app[LEAVING].is_set():
        app[METRICS].answers[202].inc()  # the signal that counts answers is not sent for it
        return _accepted
    return web.Response(status=202)  # whose headers tell that the connection ends, or not
