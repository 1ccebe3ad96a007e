"""Replaying to a target that is away, or that breaks off."""

import aiohttp
from aiohttp import web
from srhooks.commands.listen_client import Heard
from srhooks.commands.listen_forward import forward

from tests.support.harness import served_double

HEARD = Heard("0" * 13, "2026-11-24T13:00:00.000Z", "job.created", "-", "valid", {})


async def test_a_target_that_is_away_is_tried_again() -> None:
    async with aiohttp.ClientSession() as session:
        reply = await forward(session, "http://127.0.0.1:9/", HEARD, b"{}", retries=1)
    assert reply.text == "no connection, attempt 2"
    assert not reply.is_success


async def test_a_target_that_breaks_off_is_not() -> None:
    calls = 0

    async def hang_up(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with served_double(hang_up) as port, aiohttp.ClientSession() as session:
        reply = await forward(session, f"http://127.0.0.1:{port}/", HEARD, b"{}", retries=3)
    assert reply.text.startswith("failed: ")
    assert calls == 1
