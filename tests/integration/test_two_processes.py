"""A second process on one SQLite database waits for the first to leave."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from srhooks.store.claim import claim_for

from tests.support.harness import eventually, free_port
from tests.support.process import START_WITHIN, Process, process


def another(one: Process, folder: Path) -> Process:
    """A process of its own port on the same database."""
    port = free_port()
    folder.mkdir()
    settings = replace(one.settings, port=port, app_url=f"http://127.0.0.1:{port}")
    return Process(folder, settings, one.world)


async def status(one: Process, path: str) -> int:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{one.settings.app_url}{path}") as response:
                assert response.headers["Server"] == "srhooks"
                return response.status
        except aiohttp.ClientConnectionError:
            return 0


async def ready(one: Process) -> bool:
    return await status(one, "/readyz") == 200


async def is_waiting(one: Process) -> bool:
    assert one.running is not None
    assert one.running.poll() is None, one.log.read_text(encoding="utf-8")[-2000:]
    return await status(one, "/healthz") == 200 and await status(one, "/readyz") == 503


@pytest.mark.parametrize("end", ["leaves", "is killed"])
async def test_it_waits_says_so_and_takes_over(tmp_path: Path, end: str) -> None:
    async with process(tmp_path) as first:
        await first.start()
        second = another(first, tmp_path / "second")
        second.environment["DATABASE_URL"] = first.environment["DATABASE_URL"]
        second.launch()
        try:
            await eventually(lambda: is_waiting(second), within=START_WITHIN)
            assert await status(second, f"/hooks/{'x' * 32}") == 503
            assert await ready(first)
            assert "waiting for it to leave" in second.log.read_text(encoding="utf-8")
            if end == "leaves":
                assert (await first.terminate())[0] == 0
            else:
                await first.kill()
            await eventually(lambda: ready(second), within=START_WITHIN)
            assert (await second.terminate())[0] == 0
        finally:
            if second.running is not None and second.running.poll() is None:
                await second.kill()


@pytest.mark.parametrize("wait", ["0", "1"])
async def test_it_ends_with_one_line(tmp_path: Path, wait: str) -> None:
    async with process(tmp_path) as first:
        await first.start()
        second = another(first, tmp_path / "second")
        running = second.launch(DATABASE_WAIT=wait)
        assert await asyncio.to_thread(running.wait, START_WITHIN) == 1
        last = second.log.read_text(encoding="utf-8").splitlines()
        assert last[-1].startswith("srhooks: another srhooks process serves the database")
        assert "DATABASE_WAIT" in last[-1]
        assert len(last) == (1 if wait == "0" else 2)
        assert await ready(first)


async def test_on_the_same_port_it_waits_without_listening(tmp_path: Path) -> None:
    async with process(tmp_path) as first:
        await first.start()
        second = Process(tmp_path, first.settings, first.world)
        second.log = tmp_path / "second.txt"
        second.launch()

        async def waiting() -> bool:
            return second.log.exists() and "waiting" in second.log.read_text(encoding="utf-8")

        try:
            await eventually(waiting, within=START_WITHIN)
            assert (await first.terminate())[0] == 0
            await eventually(lambda: ready(second), within=START_WITHIN)
            assert (await second.terminate())[0] == 0
        finally:
            if second.running is not None and second.running.poll() is None:
                await second.kill()


async def test_with_postgres_it_waits_for_one_that_is_alone_there(
    tmp_path: Path, postgres_url: str
) -> None:
    """A version that served it alone, or `copy-database`; others it does not wait for."""
    alone = claim_for(postgres_url)
    assert await alone.acquire()
    async with process(tmp_path) as first:
        first.environment["DATABASE_URL"] = postgres_url
        first.launch()
        await eventually(lambda: is_waiting(first), within=START_WITHIN)
        await alone.release()
        await eventually(lambda: ready(first), within=START_WITHIN)
        second = another(first, tmp_path / "second")
        second.environment["DATABASE_URL"] = postgres_url
        second.launch(DATABASE_WAIT="0")
        try:
            await eventually(lambda: ready(second), within=START_WITHIN)
            assert await ready(first)
        finally:
            await second.kill()
