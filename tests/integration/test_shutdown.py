"""SIGTERM: what was accepted is finished, pages are told, and the process is gone in five seconds,
whatever still hangs."""

import asyncio
import contextlib
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from srhooks.server.runner import CannotListenError, served

from tests.support.harness import DEADLINE, eventually
from tests.support.machine import lacks
from tests.support.process import Process, process


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Process]:
    async with process(tmp_path) as one:
        await one.start()
        yield one


async def gone(program: Process) -> None:
    code, seconds = await program.terminate()
    assert code == 0, program.log.read_text(encoding="utf-8")[-2000:]
    assert seconds < program.patience
    assert "Traceback" not in program.log.read_text(encoding="utf-8")


def calls(program: Process, path: str) -> int:
    return sum(one.path.startswith(path) for one in program.world.sandbox.requests)


async def half_a_body(program: Process, hook: str) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", program.settings.port)
    writer.write(
        f"POST /hooks/{hook} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc".encode()
    )
    await writer.drain()
    return writer


async def test_pages_are_told_that_we_come_back(program: Process) -> None:
    async with program.world.logged_in() as ada, ada.live() as page:
        receiving = asyncio.create_task(page.receive())
        await gone(program)
        message = await receiving
        assert (message.type, page.close_code) == (WSMsgType.CLOSE, 1012)


async def test_everything_hangs_at_once(program: Process) -> None:
    """Slow fetches, half a body, half a head, an idle connection, a page that reads nothing."""
    async with program.world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        program.world.sandbox.add_fault("^/jobs/", delay=30)
        await program.world.fire("job.created")

        async def fetching() -> bool:
            return any(rule.struck for rule in program.world.sandbox.faults.rules)

        await eventually(fetching)
        open_ones = [await half_a_body(program, hook)]
        for said in (b"", b"GET / HT"):
            _, writer = await asyncio.open_connection("127.0.0.1", program.settings.port)
            writer.write(said)
            open_ones.append(writer)
        page = await ada.live()
        await gone(program)
        page._response.close()
        for one in open_ones:
            one.transport.abort()
            with contextlib.suppress(ConnectionError):
                await one.wait_closed()
    program.world.sandbox.clear_faults()


async def test_what_was_accepted_is_stored_and_answered(program: Process, tmp_path: Path) -> None:
    async with program.world.logged_in() as ada:
        hook = (await ada.subscribe("job.created", active=False))["hookId"]
    answers: list[int] = []
    refused = asyncio.Event()

    async def post(session: aiohttp.ClientSession) -> None:
        while not refused.is_set():
            try:
                url = f"{program.settings.app_url}/hooks/{hook}"
                async with session.post(url, data=b"{}") as response:
                    answers.append(response.status)
            except aiohttp.ClientError:
                refused.set()  # it accepts no more

    async with aiohttp.ClientSession() as session:
        posting = [asyncio.create_task(post(session)) for _ in range(10)]

        async def under_way() -> bool:
            return len(answers) > 20

        await eventually(under_way)
        await gone(program)
        await asyncio.gather(*posting)
    with contextlib.closing(sqlite3.connect(tmp_path / "srhooks.db")) as database:
        ((stored,),) = database.execute("SELECT count(*) FROM notifications").fetchall()
    assert answers.count(202) <= stored <= len(answers) + len(posting)
    assert set(answers) <= {202, 503}


async def test_a_locked_database_holds_nothing_up(program: Process, tmp_path: Path) -> None:
    async with program.world.logged_in() as ada:
        hook = (await ada.subscribe("job.created", active=False))["hookId"]
        other = sqlite3.connect(tmp_path / "srhooks.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        posting = [asyncio.create_task(program.world.notify(hook)) for _ in range(5)]
        await asyncio.sleep(0)
        await gone(program)
        other.close()
        for result in await asyncio.gather(*posting, return_exceptions=True):
            assert result == 503 or isinstance(result, aiohttp.ClientError)


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "goes on"])
@pytest.mark.parametrize("left", [True, False], ids=["client left", "client waits"])
async def test_a_refresh_under_way_is_stored(
    program: Process, *, stopped: bool, left: bool
) -> None:
    """A refresh token works once: an answer that is not stored would end the grant."""
    async with program.world.logged_in() as ada:
        program.world.sandbox.expire_access_tokens()
        # Longer than requests under way get at the end: they are given up, the refresh is not.
        slow = program.world.sandbox.add_fault("^/identity/oauth/token", delay=2.0, times=1)

        async def refreshing() -> bool:
            return slow.struck > 0

        asking = asyncio.create_task(ada.json("GET", "/subscriptions"))
        await eventually(refreshing)
        if left:
            asking.cancel()
        if stopped:
            await gone(program)
            await program.start()
        await asyncio.gather(asking, return_exceptions=True)
        assert await ada.json("GET", "/subscriptions")
        assert calls(program, "/identity/oauth/token") == 2  # the log-in's, and one refresh


STUCK = """
import asyncio, functools, threading, time
from aiohttp import web
from srhooks.server.runner import served, until_signal

async def main():
    async with served(web.Application(), "127.0.0.1", 0):
        threading.Thread(target=time.sleep, args=(60,)).start()  # as one that waits for a disk
        asyncio.get_running_loop().call_soon(functools.partial(print, "ready", flush=True))
        await until_signal()

asyncio.run(main())
"""


async def test_a_thread_that_is_stuck_on_the_disk_is_left_behind() -> None:
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    assert await running.stdout.readline() == b"ready\n"
    running.terminate()
    assert await asyncio.wait_for(running.wait(), DEADLINE) == 0  # the thread takes 60 s


@pytest.mark.parametrize("host", ["::", "[::]"])
async def test_the_address_of_all_listens_on_both_protocols(host: str) -> None:
    if not socket.has_dualstack_ipv6():
        lacks("IPv6")
    async with served(web.Application(), host, 0) as port:
        for address in ("127.0.0.1", "::1"):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
        with pytest.raises(CannotListenError, match="cannot listen"):
            async with served(web.Application(), host, port):
                pass
