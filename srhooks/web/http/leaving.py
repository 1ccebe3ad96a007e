"""A process that is to end goes on serving for a moment, and says that it leaves.

Where others serve the database as well, a load balancer then has the time to see it (`/readyz` is
503) and to send the next request elsewhere; each answer closes its connection, so that none is
cut off when the process ends.
"""

import asyncio

from aiohttp import hdrs, web

LEAVING = web.AppKey("leaving", asyncio.Event)
LEAVE_TIME = 1.0  # seconds


def setup_leaving(app: web.Application) -> None:
    app[LEAVING] = asyncio.Event()
    app.on_response_prepare.append(_close_connection)


async def leave(app: web.Application) -> None:
    """Say so, and give it time."""
    app[LEAVING].set()
    await asyncio.sleep(LEAVE_TIME)


async def _close_connection(request: web.Request, response: web.StreamResponse) -> None:
    if request.app[LEAVING].is_set():
        response.force_close()
        if response.status != 101:  # a WebSocket closes in its own way
            response.headers[hdrs.CONNECTION] = "close"  # the library has set its own by now
