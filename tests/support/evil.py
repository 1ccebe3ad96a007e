"""An "evil" server on several loopback addresses: it writes down everything that reaches it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict


@dataclass
class Evil:
    """What came, and where it listens."""

    ports: dict[str, int] = field(default_factory=dict)
    seen: list[tuple[str, CIMultiDict[str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['127.0.0.1']}"

    async def note(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.seen.append((f"{request.method} {request.url}", CIMultiDict(request.headers), body))
        return web.json_response({"stolen": True, "access_token": "evil", "id": "evil"})


@contextlib.asynccontextmanager
async def evil_server(port: int) -> AsyncIterator[Evil]:
    """Listens on a port of its own at 127.0.0.1, and at `port` of the neighbouring addresses."""
    evil = Evil()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", evil.note)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    for host, wanted in (("127.0.0.1", 0), ("127.0.0.2", port), ("::1", port)):
        site = web.TCPSite(runner, host, wanted)
        await site.start()
        evil.ports[host] = runner.addresses[-1][1]
    try:
        yield evil
    finally:
        await runner.cleanup()
