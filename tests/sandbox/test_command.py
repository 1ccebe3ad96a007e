"""`srhooks sandbox` as a process."""

import argparse
import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process

import aiohttp
import pytest
from srhooks.commands.sandbox import configure

from tests.support.harness import DEADLINE
from tests.support.process import START_WITHIN

DRIVER = """
import argparse, sys
from srhooks.commands import sandbox
parser = argparse.ArgumentParser()
sandbox.configure(parser)
sys.exit(sandbox.run(parser.parse_args()))
"""


async def start(*args: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", DRIVER, *args, stdout=PIPE, stderr=PIPE
    )


async def address_of(process: Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), START_WITHIN)).decode()
    return next(word for word in line.split() if word.startswith("http"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    process = await start("--port", "0", "--traffic", "5", "--client-id", "mine")
    try:
        base = await address_of(process)
        async with aiohttp.ClientSession() as session:
            async with session.get(base + "/") as answer:
                assert answer.status == 200
                assert "mine" in await answer.text()
            fault = {"path": "/jobs", "delay": 60}
            async with session.post(base + "/sandbox/faults", json=fault) as answer:
                assert answer.status == 201
            stuck = asyncio.ensure_future(session.get(base + "/jobs"))
            async with session.get(base + "/sandbox/requests") as answer:
                assert answer.status == 200
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), DEADLINE) == 0  # not for the stuck one
            await asyncio.gather(stuck, return_exceptions=True)
        assert process.stderr is not None
        assert await process.stderr.read() == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await start("--port", port)
        out, error = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 1
    assert out == b""
    lines = error.decode().splitlines()
    assert len(lines) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in lines[0]


@pytest.mark.parametrize(
    "args",
    [
        ["--port", "70000"],
        ["--speed", "0"],
        ["--speed", "nan"],
        ["--traffic", "-1"],
        ["--rate-limit", "many"],
        ["--token-seconds", "0"],
        ["--list-style", "table"],
        ["--redirect-uri", "http://evil.example/"],
        ["--base-url", "acme.example"],
    ],
)
def test_wrong_options_are_refused(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(args)
    assert stopped.value.code == 2
    assert args[0] in capsys.readouterr().err


def test_every_option_is_explained() -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    assert all(action.help for action in parser._actions)
    text = parser.format_help()
    for option in (
        "--host",
        "--port",
        "--client-id",
        "--client-secret",
        "--redirect-uri",
        "--speed",
        "--latency",
        "--rate-limit",
        "--traffic",
        "--token-seconds",
        "--list-style",
        "--allow-remote-control",
    ):
        assert option in text
