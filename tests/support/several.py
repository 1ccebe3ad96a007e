"""Several srhooks processes on one PostgreSQL, behind a load balancer of our own."""

import asyncio
import contextlib
import itertools
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
from srhooks.sandbox import SandboxSettings

from tests.support.harness import World, eventually, free_port
from tests.support.process import START_WITHIN, Process, process

CONNECT_TIMEOUT = 0.5  # seconds: a frozen process still has its connections accepted by the system


class LoadBalancer:
    """Connections in turn to whoever is ready, like any that looks at `/readyz`. None is sticky."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes
        self.port = free_port()
        self._turn = itertools.count()
        self._ready: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self._checking = asyncio.create_task(self._check_forever())

    async def close(self) -> None:
        self._checking.cancel()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._checking, *self._tasks, return_exceptions=True)

    async def _check_forever(self) -> None:
        while True:
            ports = [one.settings.port for one in self.processes]
            ready = await asyncio.gather(*map(is_ready, ports))
            self._ready = [port for port, good in zip(ports, ready, strict=True) if good]
            await asyncio.sleep(0.1)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError):
                await self._forward(reader, writer)
        finally:
            await closed(writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(len(self.processes) + 1):
            ready = self._ready or [one.settings.port for one in self.processes]
            port = ready[next(self._turn) % len(ready)]
            try:
                there, back = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                await closed(back)
            return
        writer.write(b"HTTP/1.1 503 Nobody\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def is_ready(port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT), connected(port) as (reader, writer):
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


class Several:
    """They share everything but their ports. `world` uses them through the load balancer."""

    def __init__(self, first: Process, balancer: LoadBalancer, folder: Path) -> None:
        self.balancer = balancer
        self.processes = balancer.processes
        self._first = first
        self._numbers = itertools.count()
        self._folder = folder
        base = f"http://127.0.0.1:{balancer.port}"
        self._settings = replace(first.settings, app_url=base)
        self.world: World = replace(first.world, settings=self._settings)

    def add(self) -> Process:
        """Not yet started."""
        folder = self._folder / f"process{next(self._numbers)}"
        folder.mkdir()
        settings = replace(self._settings, port=free_port())
        one = Process(folder, settings, self.world)
        one.environment["DATABASE_URL"] = self._first.environment["DATABASE_URL"]
        one.environment |= {"SRHOOKS_PROCESS_TTL": "4", "WATCH_INTERVAL": "0"}
        self.processes.append(one)
        return one

    async def start(self, one: Process, **more: str) -> None:
        """Launch it, and wait until it is ready by its own port."""
        one.launch(**more)

        async def ready() -> bool:
            assert one.running is not None
            assert one.running.poll() is None, one.log.read_text(encoding="utf-8")[-3000:]
            return await is_ready(one.settings.port)

        await eventually(ready, within=START_WITHIN)
        one.is_ready()


def freeze(one: Process) -> None:
    assert one.running is not None
    one.running.send_signal(signal.SIGSTOP)


def thaw(one: Process) -> None:
    assert one.running is not None
    one.running.send_signal(signal.SIGCONT)


@contextlib.asynccontextmanager
async def several(
    folder: Path, database_url: str, count: int, sandbox: SandboxSettings | None = None,
    **environment: str,
) -> AsyncIterator[Several]:  # fmt: skip
    """So many processes, ready, behind a load balancer."""
    async with process(folder, sandbox) as first:
        first.environment["DATABASE_URL"] = database_url
        balancer = LoadBalancer([])
        fleet = Several(first, balancer, folder)
        try:
            for _ in range(count):
                fleet.add().environment.update(environment)
            await asyncio.gather(*(fleet.start(one) for one in fleet.processes))
            await balancer.start()

            async def all_ready() -> bool:
                return len(balancer._ready) == count

            await eventually(all_ready)
            yield fleet
        finally:
            for one in fleet.processes:
                if one.running is not None and one.running.poll() is None:
                    thaw(one)
                    one.running.kill()
                    await asyncio.to_thread(one.running.wait)
            with contextlib.suppress(AttributeError):
                await balancer.close()


async def rows(database_url: str, sql: str, *args: Any) -> list[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        found: list[Any] = await connection.fetch(sql, *args)
        return found
    finally:
        await connection.close()
