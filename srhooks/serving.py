"""Run web applications until a signal comes: ready quickly, and gone within five seconds."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

from aiohttp import web

MAX_FIELD_SIZE = 32 * 1024  # bytes of a header; the default refuses links that are merely odd
SHUTDOWN_PATIENCE = 0.8  # seconds that requests under way get to finish, and again to give up
IDLE_PATIENCE = 75.0  # seconds that a connection may take until its next whole request head


class CannotListenError(Exception):
    """One line for the person who started the program."""


@contextlib.asynccontextmanager
async def served(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while inside; the port that was bound. Raises CannotListenError."""
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,  # bodies are kept as they came; a bomb stays folded up
        keepalive_timeout=IDLE_PATIENCE,  # the library's hour lets slow senders hold every socket
        max_field_size=MAX_FIELD_SIZE,
        shutdown_timeout=SHUTDOWN_PATIENCE,
        handle_signals=False,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_address=True, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            errno = error.errno or 0
            reason = os.strerror(errno) if errno > 0 else error.strerror or str(error)
            raise CannotListenError(f"cannot listen on {host}:{port}: {reason}") from None
        bound: int = runner.addresses[0][1]
        yield bound
    finally:
        await runner.cleanup()


async def until_signal() -> None:
    """Wait for SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
