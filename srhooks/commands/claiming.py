"""Wait until no other process serves the database, and answer health checks meanwhile.

In a rolling deployment with SQLite the new process starts while the old one still runs. Until the
old one has stopped, the new one answers 200 to `/healthz` and 503 to everything else.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from srhooks.config import Settings
from srhooks.server.connection import SERVER
from srhooks.server.runner import CannotListenError, served
from srhooks.store import StoreUnavailableError
from srhooks.store.claim import Claim, serving_claim_for
from srhooks.version import program_version

log = logging.getLogger("srhooks")

CLAIM_INTERVAL = 0.2  # seconds between two attempts to claim the database
WAITING = "Another srhooks process still serves the database"


@contextlib.asynccontextmanager
async def claimed(settings: Settings) -> AsyncIterator[None]:
    """Hold the claim on the database inside. Raises StoreUnavailableError after DATABASE_WAIT."""
    claim = serving_claim_for(settings.database_url)
    try:
        if not await claim.acquire():
            await _wait(claim, settings)
        yield
    finally:
        await claim.release()


async def _wait(claim: Claim, settings: Settings) -> None:
    timeout = settings.database_wait
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    if timeout:
        log.warning("another srhooks process serves the database: waiting for it to leave")
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.suppress(CannotListenError):  # the other process listens there
            if timeout and settings.port:
                await stack.enter_async_context(
                    served(_waiting_app(), settings.host, settings.port)
                )
        while loop.time() < until:
            await asyncio.sleep(CLAIM_INTERVAL)
            if await claim.acquire():
                log.info("the other process has left")
                return
    raise StoreUnavailableError(
        f"another srhooks process serves the database, and did not leave within {timeout} s"
        " (DATABASE_WAIT)"
    )


def _waiting_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/healthz", _healthz)
    app.router.add_route("*", "/{path:.*}", _unavailable)
    app.on_response_prepare.append(_name_server)
    return app


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _unavailable(_: web.Request) -> web.Response:
    error = {"status": 503, "message": WAITING}
    answer = {"error": error, "ready": False, "version": program_version()}
    return web.json_response(answer, status=503, headers={"Retry-After": "5"})


async def _name_server(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
