"""A large answer is sent in pieces: as one it is copied, and copied anew after each part sent."""

import io

from aiohttp import web

WHOLE = 256 * 1024  # bytes: what takes a millisecond or so


def in_pieces(body: bytes) -> bytes | io.BytesIO:
    """What to give the HTTP library as a body: of a file it sends a piece at a time.

    Before the next one it waits until the reader has taken most of it.
    """
    return body if len(body) <= WHOLE else io.BytesIO(body)


async def write_in_pieces(response: web.StreamResponse, body: bytes) -> None:
    """As `response.write`."""
    for at in range(0, len(body), WHOLE):
        await response.write(body[at : at + WHOLE])
