"""Run web applications until a signal comes: ready quickly, and gone within five seconds."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Coroutine
from typing import Any, cast

from aiohttp import web

from srhooks.observability.throttled_log import ThrottledWarning
from srhooks.server.connection import (
    HEAD_TIMEOUT,
    ON_REFUSED,
    Gate,
    OnRefused,
    Refused,
    connection_limit,
)

log = logging.getLogger(__name__)

WAITING_CONNECTIONS = 1024  # that the system keeps until they are accepted
ACCEPTED_AT_ONCE = 32  # connections; for each that finds no file, asyncio would complain and retry
OUT_OF_FILES = "socket.accept() out of system resource"  # asyncio's words (selector_events.py)
SHUTDOWN_TIMEOUT = 0.8  # seconds that requests under way get to finish, and again to give up
IDLE_TIMEOUT = 75.0  # seconds that a connection may take until its next request
LEAVE_TIMEOUT = 4.5  # seconds after the signal; a supervisor kills what takes longer


class CannotListenError(Exception):
    """The address cannot be listened on; one line for the person who started the program."""


@contextlib.asynccontextmanager
async def served(
    app: web.Application, host: str, port: int, *, connections: int | None = None,
    head_timeout: float = HEAD_TIMEOUT, idle_timeout: float = IDLE_TIMEOUT,
    shutdown_timeout: float = SHUTDOWN_TIMEOUT,
) -> AsyncIterator[int]:  # fmt: skip
    """Serve while inside; the port that was bound. Raises CannotListenError."""
    on_refused = app.get(ON_REFUSED, _ignore)
    _count_accept_errors(on_refused)
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=shutdown_timeout, handle_signals=False
    )
    await runner.setup()
    gate = Gate(
        cast("web.Server", runner.server),  # there is one once it is set up
        connections or connection_limit(),
        head_timeout,
        on_refused,
        access_log=None,
        auto_decompress=False,  # bodies are kept as they came; a bomb stays folded up
        keepalive_timeout=idle_timeout,
    )
    listener = None
    try:
        try:
            listener = await _listen(gate, host, port)
            _lengthen_backlog(listener)
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


async def _listen(gate: Gate, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if host.strip("[]") == "::" and socket.has_dualstack_ipv6():  # asyncio would take IPv6 alone
        both = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return await loop.create_server(gate, sock=both, backlog=ACCEPTED_AT_ONCE)
    return await loop.create_server(
        gate, host.strip("[]"), port, reuse_address=True, backlog=ACCEPTED_AT_ONCE
    )


def _ignore(_: Refused) -> None: ...


def _lengthen_backlog(listener: asyncio.Server) -> None:
    """asyncio has one number for what the system keeps and for what is accepted at once."""
    for listening in listener.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(WAITING_CONNECTIONS)


def _count_accept_errors(on_refused: OnRefused) -> None:
    """Say once a minute that there are no files left, where asyncio says so for each connection."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    warn = ThrottledWarning(
        log, "out of file handles: {count} times no connection could be accepted", interval=60.0
    )

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == OUT_OF_FILES:
            on_refused("files")
            warn()
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


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
    """Wait for SIGTERM or Ctrl-C; from then on the process has LEAVE_TIMEOUT to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    last_resort = threading.Timer(LEAVE_TIMEOUT, _leave)
    last_resort.daemon = True
    last_resort.start()


def _leave() -> None:
    """A thread that waits for the disk can't be ended. What was acknowledged is stored."""
    log.warning("something did not stop in time, leaving without it")
    logging.shutdown()
    os._exit(0)
