"""The sandbox as an aiohttp application, and a way to run it."""

from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from srhooks.sandbox.api import add_api_routes
from srhooks.sandbox.audit import add_audit_routes
from srhooks.sandbox.control import add_control_routes
from srhooks.sandbox.courier import USER_AGENT
from srhooks.sandbox.credential_controls import add_credential_routes
from srhooks.sandbox.guard import MIDDLEWARES
from srhooks.sandbox.home import add_home_routes
from srhooks.sandbox.identity import add_identity_routes
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.settings import SandboxSettings
from srhooks.sandbox.state import Sandbox
from srhooks.sandbox.webhooks_api import add_webhook_routes

SHUTDOWN_SECONDS = 1.0  # aiohttp waits this long twice, and all must be over in 5 s


def create_sandbox(settings: SandboxSettings) -> web.Application:
    """The application. It opens no files or connections before start-up."""
    app = web.Application(middlewares=MIDDLEWARES)
    app[SANDBOX] = Sandbox(settings)
    app.cleanup_ctx.append(_outgoing)
    app.on_response_prepare.append(_name_server)
    add_home_routes(app.router)
    add_identity_routes(app.router)
    add_webhook_routes(app.router)
    add_control_routes(app.router)
    add_credential_routes(app.router)
    add_audit_routes(app.router)
    add_api_routes(app.router)
    return app


async def start_sandbox(
    settings: SandboxSettings, host: str = "127.0.0.1", port: int = 0
) -> tuple[web.AppRunner, Sandbox]:
    """Serves until the runner's cleanup(). Port 0 takes a free one; raises OSError."""
    app = create_sandbox(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound_port = runner.addresses[0][1]
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
    app[SANDBOX].bound_to(f"http://{f'[{name}]' if ':' in name else name}:{bound_port}")
    return runner, app[SANDBOX]


async def _outgoing(app: web.Application) -> AsyncIterator[None]:
    """The session that calls receivers: no cookies, no connection limit across receivers."""
    sandbox = app[SANDBOX]
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),  # each subscription bounds its own calls
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
    ) as session:
        sandbox.courier.session = session
        yield
        await sandbox.close()
        sandbox.courier.session = None


async def _name_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "srhooks-sandbox"
