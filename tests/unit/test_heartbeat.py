"""The dead-man's switch: called while the store works, silent while it does not."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from srhooks.maintenance.heartbeat import beat_forever
from srhooks.store import StoreUnavailableError

from tests.support.harness import DEADLINE, eventually, served_double


class CheckedStore:
    """As much of a store as the heartbeat asks."""

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.checked = asyncio.Event()

    async def check(self) -> None:
        self.checked.set()
        if not self.works:
            raise StoreUnavailableError("the database is away")


@contextlib.asynccontextmanager
async def beating(store: CheckedStore, url: str) -> AsyncIterator[list[str]]:
    """The addresses that it began to call."""
    calls: list[str] = []

    async def note(_: object, __: object, begun: aiohttp.TraceRequestStartParams) -> None:
        calls.append(str(begun.url))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        beats = asyncio.create_task(beat_forever(session, url, cast("Any", store)))
        try:
            yield calls
        finally:
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)


async def test_it_is_called_while_the_store_works_alone() -> None:
    answered = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        answered.set()
        return web.Response()

    async with served_double(answer) as port:
        url = f"http://127.0.0.1:{port}/"
        store = CheckedStore(works=False)
        async with beating(store, url) as calls:
            await store.checked.wait()
        assert calls == []  # in the same turn of the loop it would have begun to call
        async with asyncio.timeout(DEADLINE), beating(CheckedStore(works=True), url) as calls:
            await answered.wait()
        assert calls == [url]


async def test_an_address_that_does_not_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    url = "http://127.0.0.1:9/"  # nothing listens on the discard port

    async def logged() -> bool:
        return bool(caplog.messages)

    with caplog.at_level(logging.WARNING):
        async with beating(CheckedStore(works=True), url):
            await eventually(logged)
    assert caplog.messages == ["the heartbeat address does not answer: ClientConnectorError"]
