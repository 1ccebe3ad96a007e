"""A large answer is sent in pieces: as one it is copied, and copied anew after each part sent."""

import asyncio
import io

from aiohttp import web

WHOLE = 256 * 1024  # bytes: what takes a millisecond or so


def in_pieces(body: bytes) -> bytes | io.BytesIO:
    """What to give the HTTP library as a body: of a file it sends a piece at a time.

    Before the next one it waits until the reader has taken most of it.
    """
    return body if len(body) <= WHOLE else io.BytesIO(body)


async def write_in_pieces(response: web.StreamResponse, body: bytes) -> None:
    """As `response.write`. Between two pieces others have their turn, however fast the reader is.

    After each the event loop may have to wait for the interpreter's lock.
    """
    for at in range(0, len(body), WHOLE):
        await response.write(body[at : at + WHOLE])
        await asyncio.sleep(0)
