"""Run web applications until a signal comes: ready quickly, and gone within five seconds."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Coroutine
from typing import Any, cast

from aiohttp import web

from srhooks.server.connection import HEAD_PATIENCE, Gate, connection_limit

log = logging.getLogger(__name__)

MAX_FIELD_SIZE = 32 * 1024  # bytes of a header; the default refuses links that are merely odd
SHUTDOWN_PATIENCE = 0.8  # seconds that requests under way get to finish, and again to give up
IDLE_PATIENCE = 75.0  # seconds that a connection may take until its next request
LEAVE_PATIENCE = 4.5  # seconds after the signal; a supervisor's patience is the limit


class CannotListenError(Exception):
    """One line for the person who started the program."""


@contextlib.asynccontextmanager
async def served(
    app: web.Application, host: str, port: int, *, connections: int | None = None,
    head_patience: float = HEAD_PATIENCE, idle_patience: float = IDLE_PATIENCE,
    shutdown_patience: float = SHUTDOWN_PATIENCE,
) -> AsyncIterator[int]:  # fmt: skip
    """Serve while inside; the port that was bound. Raises CannotListenError."""
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=shutdown_patience, handle_signals=False
    )
    await runner.setup()
    gate = Gate(
        cast("web.Server", runner.server),  # there is one once it is set up
        connections or connection_limit(),
        head_patience,
        access_log=None,
        auto_decompress=False,  # bodies are kept as they came; a bomb stays folded up
        keepalive_timeout=idle_patience,
        max_field_size=MAX_FIELD_SIZE,
    )
    listener = None
    try:
        try:
            listener = await asyncio.get_running_loop().create_server(
                gate, host, port, reuse_address=True, backlog=1024
            )
        except OSError as error:
            errno = error.errno or 0
            reason = os.strerror(errno) if errno > 0 else error.strerror or str(error)
            raise CannotListenError(f"cannot listen on {host}:{port}: {reason}") from None
        bound: int = listener.sockets[0].getsockname()[1]
        yield bound
    finally:
        if listener is not None:
            listener.close()
        await runner.cleanup()


async def unless_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or a signal comes, then end it. Raises what the work raises."""
    stopped = asyncio.create_task(until_signal())
    await asyncio.sleep(0)  # from here on a signal is heard, also during the start
    working = asyncio.create_task(work)
    await asyncio.wait({stopped, working}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopped, working):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def until_signal() -> None:
    """Wait for SIGTERM or Ctrl-C; from then on the process has LEAVE_PATIENCE to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    last_resort = threading.Timer(LEAVE_PATIENCE, _leave)
    last_resort.daemon = True
    last_resort.start()


def _leave() -> None:
    """A thread that waits for the disk can't be ended. What was acknowledged is stored."""
    log.warning("something did not stop in time, leaving without it")
    logging.shutdown()
    os._exit(0)
