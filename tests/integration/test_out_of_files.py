"""A process without file handles says so once, and goes on once there are some."""

import contextlib
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web
from srhooks.server.connection import ON_REFUSED
from srhooks.server.runner import served

from tests.support.harness import eventually

CLIENTS = 200


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Nothing can be opened meanwhile but what was open already."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_it_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    refusals: Counter[str] = Counter()
    app = web.Application()
    app[ON_REFUSED] = lambda reason: refusals.update([reason])
    clients = [socket.socket() for _ in range(CLIENTS)]
    async with served(app, "127.0.0.1", 0) as port:
        with no_more_files():
            for client in clients:
                client.connect(("127.0.0.1", port))

            async def seen() -> bool:
                return refusals["files"] > 1

            await eventually(seen)
        lines = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert [one.getMessage() for one in lines] == [
            "out of file handles: 1 times no connection could be accepted"
        ]
        for client in clients:
            client.close()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/") as got,
        ):
            assert got.status == 404
