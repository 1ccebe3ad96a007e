"""The reference that intake is compared with: an aiohttp handler that reads and answers 202.

Run as `python -m srhooks.bench.reference PORT`.
"""

import asyncio
import sys

from aiohttp import web

from srhooks.server.runner import until_signal


async def receive(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202)


async def main(port: int) -> None:
    app = web.Application()
    app.router.add_post("/hooks/{id}", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await until_signal()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
