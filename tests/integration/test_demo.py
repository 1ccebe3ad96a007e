"""`srhooks demo` as a process: what a stranger sees who types `make demo`."""

import asyncio
import contextlib
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from srhooks.commands.demo_setup import log_in
from srhooks.commands.demo_traffic import LOST
from srhooks.protocol.event_types import family
from srhooks.sandbox.people import company_people

from tests.support.harness import DEADLINE, Browser, eventually, free_port, nobody
from tests.support.process import START_WITHIN

WAYS = {
    "api-key": {"api_key": "API key"},
    "client-credentials": {"client_id": "Client ID", "client_secret": "Client secret"},
}


@asynccontextmanager
async def demo(*args: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "srhooks", "demo", *args, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def welcome(process: Process) -> str:
    assert process.stdout is not None
    return (
        await asyncio.wait_for(process.stdout.readuntil(b"stops both.\n"), START_WITHIN)
    ).decode()


def shown(label: str, text: str) -> str:
    found = re.search(rf"^  {label} +(\S+)$", text, re.MULTILINE)
    assert found is not None
    return found[1]


async def test_it_shows_live_notifications_and_ends_cleanly(tmp_path: Path) -> None:
    args = ("--port", "0", "--sandbox-port", "0", "--rate", "3", "--data", str(tmp_path / "kept"))
    async with demo(*args) as process:
        text = await welcome(process)
        assert "Log in with SmartRecruiters" in text
        assert "Ada Novak" in text
        address = re.search(r"Open +(http://localhost:\d+)", text)
        assert address is not None
        for way, names in WAYS.items():
            form = {name: shown(label, text) for name, label in names.items()}
            async with nobody(address[1]) as somebody:
                answer = await somebody.json("POST", f"/login/{way}", data=form)
                assert answer["account"]["credential"] == way
        async with aiohttp.ClientSession() as session:
            await log_in(session, address[1], company_people()[0].id)
            ada = Browser(address[1], session)
            async with ada.live() as socket_:
                assert "/notifications/" in await asyncio.wait_for(socket_.receive_str(), DEADLINE)

                async def all_kinds() -> bool:
                    found = await ada.notifications("?limit=200")
                    families = {family(one["eventName"]) for one in found}
                    states = {one["entity"]["status"] for one in found}
                    return (
                        len(families) >= 8
                        and {"fetched", "gone", "refused"} <= states
                        and {one["signature"] for one in found} == {"valid", "invalid"}
                        and any(one["deliveries"] > 1 for one in found)
                    )

                await eventually(all_kinds)
                found = await ada.notifications("?limit=200")
                assert not any("cookie" in one["headers"] for one in found)
                process.send_signal(signal.SIGINT)
                _, error = await asyncio.wait_for(process.communicate(), DEADLINE)
        assert process.returncode == 0
        assert error == b""
    assert (tmp_path / "kept" / "session-secret").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept" / "srhooks.db").exists()


@pytest.mark.parametrize("taken", ["--port", "--sandbox-port"])
async def test_a_port_in_use_is_one_clear_line(taken: str) -> None:
    other = "--sandbox-port" if taken == "--port" else "--port"
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = str(one.getsockname()[1])
        async with demo(taken, port, other, str(free_port())) as process:
            out, error = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 1
    assert out == b""
    (line,) = error.decode().splitlines()
    assert f"cannot listen on 127.0.0.1:{port}" in line
    assert "--sandbox-port" in line


async def test_it_can_be_stopped_while_it_starts() -> None:
    port = free_port()

    async def sandbox_listens() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    async with demo("--port", "0", "--sandbox-port", str(port)) as process:
        await eventually(sandbox_listens)  # and the rest does not yet
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode in {0, -signal.SIGTERM}  # the latter: Python itself was starting


async def test_an_outage_is_a_story_of_its_own(tmp_path: Path) -> None:
    args = ("--port", "0", "--sandbox-port", "0", "--rate", "0", "--story", "outage")
    async with demo(*args, "--data", str(tmp_path / "kept")) as process:
        text = await welcome(process)
        sandbox = re.search(r"at (http://localhost:\d+): there", text)
        assert sandbox is not None

        async def three_are_lost() -> bool:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{sandbox[1]}/sandbox/deliveries") as answer,
            ):
                deliveries = await answer.json()
            names = [one["eventName"] for one in deliveries]
            return names[-len(LOST) :] == list(LOST)

        await eventually(three_are_lost)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0
