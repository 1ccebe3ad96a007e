"""The bodies of notifications: read whole, within bounds of size, time and memory."""

import asyncio
from collections.abc import Mapping

from aiohttp import StreamReader, web

from srhooks.server.bounded_parser import MAX_HEAD, MalformedBodyError
from srhooks.web.http.errors import BadRequestError, OverloadedError

TIMEOUT = 10.0  # seconds for a whole body; the service itself waits for five in all
AROUND = 8  # characters around a header's name and value in JSON
ESCAPED = 6  # characters of one that is not ASCII, at most
FREE_HEADERS = 8 * 1024  # bytes of stored headers that do not count: more than any sender needs
MAX_WRITTEN = 8 * MAX_HEAD  # bytes that the headers of a request can have in JSON, at most
MAX_UNFINISHED = 32 * 1024 * 1024  # bytes of bodies under way, of all senders together


def check_stored(headers: Mapping[str, str], body: bytes, limit: int) -> None:
    """Body and headers together have one limit. Raises HTTPRequestEntityTooLarge.

    `limit` is that of a body; FREE_HEADERS are granted beside it.
    """
    if len(body) + MAX_WRITTEN <= limit + FREE_HEADERS:
        return  # so need not be measured
    written = sum(
        len(name) + len(value) * (1 if value.isascii() else ESCAPED) + AROUND
        for name, value in headers.items()
    )
    if len(body) + written > limit + FREE_HEADERS:
        raise web.HTTPRequestEntityTooLarge(limit)


class Bodies:
    def __init__(self, patience: float = TIMEOUT) -> None:
        self.patience = patience
        self.unfinished = 0  # bytes

    async def read(self, request: web.Request, limit: int) -> bytes:
        """Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout, OverloadedError or BadRequestError.

        The latter when the sender leaves before the end.
        """
        if (request.content_length or 0) > limit:
            raise web.HTTPRequestEntityTooLarge(limit)
        if request.content.is_eof():  # it came with the head, as nearly all do
            body = request.content.read_nowait()
        else:
            body = await self._gather(request.content, limit)
        if len(body) > limit:
            raise web.HTTPRequestEntityTooLarge(limit)
        return body

    async def _gather(self, content: StreamReader, limit: int) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.patience):
                while len(body) <= limit and (chunk := await content.readany()):
                    body += chunk
                    self.unfinished += len(chunk)
                    if self.unfinished > MAX_UNFINISHED:
                        raise OverloadedError("Too much arrives at the same time")
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except MalformedBodyError:
            raise
        except ConnectionError:
            raise BadRequestError("The body ended early") from None
        finally:
            self.unfinished -= len(body)
        return bytes(body)
