"""The program as a process: its words, its exit codes, how it starts and how it stops."""

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from srhooks.cli import COMMANDS
from yarl import URL

from tests.support.environment import bare_environment
from tests.support.harness import Browser, World, eventually, free_port
from tests.support.process import START_WITHIN

DOWN = "http://127.0.0.1:9"  # nothing listens on the discard port
GONE_WITHIN = 5.0  # seconds


def environment(**more: str) -> dict[str, str]:
    return bare_environment() | {
        "SMARTRECRUITERS_CLIENT_ID": "sandbox-client",
        "SMARTRECRUITERS_CLIENT_SECRET": "sandbox-secret",
        "SESSION_SECRET": "a session secret of this test alone",
        "SMARTRECRUITERS_API_URL": DOWN,
        "SMARTRECRUITERS_IDENTITY_URL": DOWN,
        **more,
    }


def run(
    *words: str, env: dict[str, str] | None = None, folder: Path | None = None
) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "srhooks", *words], env=env or environment(), cwd=folder,
        capture_output=True, text=True, timeout=START_WITHIN, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@contextlib.asynccontextmanager
async def serving(
    folder: Path, **env: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, float]]:
    """`srhooks serve` once it is ready, its address, and within how many seconds it must end.

    What the start took, nearly all of it imports, is how busy the machine is: that comes on top.
    """
    port = free_port()
    began = time.monotonic()
    base = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "srhooks", "serve", cwd=folder,
        env=environment(PORT=str(port), APP_URL=base, **env),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{base}/readyz") as answer:
                        return answer.status == 200
                return False

            await eventually(ready, within=START_WITHIN)
        yield process, base, GONE_WITHIN + time.monotonic() - began
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    code, out, err = run(*command.split(), "--help", env={"PATH": ""}, folder=tmp_path)
    assert (code, err) == (0, "")
    assert f"srhooks {command}".strip() in out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [[], ["nonsense"], ["serve", "--nonsense"], ["--nonsense"]])
def test_wrong_words_are_refused(words: list[str], tmp_path: Path) -> None:
    code, out, err = run(*words, folder=tmp_path)
    assert code == 2
    assert out == ""
    assert err.startswith("usage: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(("name", "value"), [("SESSION_SECRET", "short"), ("PORT", "eighty")])
def test_a_wrong_setting_is_one_line(name: str, value: str, tmp_path: Path) -> None:
    code, out, err = run("serve", env=environment(**{name: value}), folder=tmp_path)
    assert code != 0
    assert out == ""
    assert err.count("\n") == 1
    assert name in err
    assert not list(tmp_path.iterdir())


def test_an_unusable_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"this is no database" * 1000)
    (tmp_path / "folder.db").mkdir()
    urls = [
        "sqlite:////nowhere/at/all/x.db", "sqlite:///garbage.db", "sqlite:///folder.db",
        f"postgresql://u:planted@127.0.0.1:{free_port()}/x", "postgresql://h:port/x",
    ]  # fmt: skip
    for url in urls:
        env = environment(DATABASE_URL=url, PORT="0")
        code, out, err = run("serve", env=env, folder=tmp_path)
        assert code != 0, url
        assert out == ""
        assert err.count("\n") == 1, err
        assert "planted" not in err


async def test_a_port_in_use_is_one_line(world: World, tmp_path: Path) -> None:
    port = str(world.settings.port)
    env = environment(PORT=port)
    code, _, err = await asyncio.to_thread(run, "serve", env=env, folder=tmp_path)
    assert code != 0
    assert err.count("\n") == 1, err
    assert port in err
    env = environment(HOST="no.such.host.invalid", PORT="0")
    code, _, err = await asyncio.to_thread(run, "serve", env=env, folder=tmp_path)
    assert code != 0
    assert err.count("\n") == 1, err


async def test_it_starts_without_smartrecruiters(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read())
        writer.close()

    hole = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{hole.sockets[0].getsockname()[1]}"
    urls = {"SMARTRECRUITERS_API_URL": url, "SMARTRECRUITERS_IDENTITY_URL": url}
    async with hole, serving(tmp_path, **urls) as (process, base, patience):
        assert asked == []
        modes = {one.name: one.stat().st_mode for one in os.scandir(tmp_path)}
        assert {name[:10] for name in modes} == {"srhooks.db"}
        assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o600}
        async with aiohttp.ClientSession() as session, session.get(base) as answer:
            assert "Log in with SmartRecruiters" in await answer.text()
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), patience) == 0


async def test_it_ends_in_time_whatever_is_under_way(world: World, tmp_path: Path) -> None:
    """Open sockets, half a request, and a fetch and a person's request that wait for a token."""
    outside = world.sandbox.base_url
    urls = {"SMARTRECRUITERS_API_URL": outside, "SMARTRECRUITERS_IDENTITY_URL": outside}
    async with serving(tmp_path, **urls) as (process, base, patience), world.nobody() as ada:
        ada.base = base
        assert (await world.log_in(ada)).status == 303
        created = await ada.subscribe("job.created")
        sockets = [await ada.live() for _ in range(5)]
        where = URL(base)
        _, half = await asyncio.open_connection(where.host, where.port)
        half.write(f"POST /hooks/{created['hookId']} HTTP/1.1\r\nHost: a\r\n".encode())
        half.write(b"Content-Length: 1000\r\n\r\nhalf of it")
        await half.drain()
        world.sandbox.expire_access_tokens()
        slow = world.sandbox.add_fault("/identity/oauth/token", delay=60)
        await world.fire("job.created")
        waiting = asyncio.create_task(impatient(ada))

        async def refreshing() -> bool:
            return slow.struck > 0

        await eventually(refreshing)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), patience) == 0
        for socket in sockets:
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.data in {1001, 1012}  # so that pages come back by themselves
            await socket.close()
        half.close()
        await waiting


async def impatient(browser: Browser) -> None:
    with contextlib.suppress(aiohttp.ClientError):
        await browser.json("GET", "/subscriptions")
