"""The dead-man's switch: called while the store works, silent while it does not."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from srhooks.maintenance.heartbeat import beat_forever
from srhooks.store import Store, make_store

from tests.support.harness import eventually, served_double


@pytest.fixture
async def store(tmp_path: Path) -> Store:
    """Not open: it takes no writes."""
    return make_store(f"sqlite:///{tmp_path / 'test.db'}")


@contextlib.asynccontextmanager
async def beating(store: Store, url: str) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as session:
        beats = asyncio.create_task(beat_forever(session, url, store))
        try:
            yield
        finally:
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)


async def test_it_is_called_while_the_store_works_alone(store: Store) -> None:
    calls = 0
    checked = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response()

    check = store.check

    async def note_the_check() -> None:
        checked.set()
        await check()

    async with served_double(answer) as port:
        store.check = note_the_check  # type: ignore[method-assign]
        async with beating(store, f"http://127.0.0.1:{port}/"):
            await checked.wait()
        assert calls == 0
        await store.open()

        async def called() -> bool:
            return calls == 1

        async with beating(store, f"http://127.0.0.1:{port}/"):
            await eventually(called)
        await store.close()


async def test_an_address_that_does_not_answer_is_logged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.open()

    async def logged() -> bool:
        return bool(caplog.messages)

    with caplog.at_level(logging.WARNING):
        async with beating(store, "http://127.0.0.1:9/"):  # nothing listens on the discard port
            await eventually(logged)
    await store.close()
    assert caplog.messages == ["the heartbeat address does not answer: ClientConnectorError"]
