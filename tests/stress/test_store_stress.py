"""The store locked, full, corrupt, gone or stuck: 503 so that the service re-delivers, never a
false 202, no page that breaks, and recovery by itself."""

import asyncio
import contextlib
import os
import resource
import secrets
import signal
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from srhooks.store.sqlite import SqliteStore

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world
from tests.support.machine import need_postgres
from tests.support.postgres import start_postgres

LIMIT = 5.0  # seconds in which the service wants an answer
TIMEOUT = 10.0  # seconds in which a person does
Trouble = Callable[[World, Path], AbstractContextManager[None]]


@contextlib.contextmanager
def locked(world: World, database: Path) -> Iterator[None]:
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextlib.contextmanager
def full(world: World, database: Path) -> Iterator[None]:
    """Nothing can be written behind the first page of any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def corrupt(world: World, database: Path) -> Iterator[None]:
    other = sqlite3.connect(database)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else all of it can be read from the log
    other.close()
    good = database.with_name("good.db")
    database.rename(good)
    database.write_bytes(secrets.token_bytes(40_960))
    yield
    good.rename(database)


@contextlib.contextmanager
def moved_away(world: World, database: Path) -> Iterator[None]:
    away = database.with_name("away.db")
    database.rename(away)
    yield
    away.rename(database)


@contextlib.contextmanager
def folder_gone(world: World, database: Path) -> Iterator[None]:
    away = database.parent.with_name("away")
    database.parent.rename(away)
    yield
    away.rename(database.parent)


@contextlib.contextmanager
def stuck(world: World, database: Path) -> Iterator[None]:
    """The writer's thread hangs, as in a sync that does not return."""
    store = world.services.store
    assert isinstance(store, SqliteStore)
    writing = store._connection._open
    assert writing is not None
    go_on = threading.Event()
    hanging = asyncio.ensure_future(writing._execute(go_on.wait))  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        go_on.set()
        hanging.add_done_callback(lambda task: task.exception())


async def post(world: World, hook: str, event_id: str) -> tuple[int, str | None]:
    async with (
        asyncio.timeout(LIMIT),
        aiohttp.ClientSession() as session,
        session.post(
            f"{world.base}/hooks/{hook}", data=event_id, headers={"event-id": event_id}
        ) as response,
    ):
        return response.status, response.headers.get("Retry-After")


async def status(browser: Browser, path: str, within: float = LIMIT) -> int:
    async with asyncio.timeout(within), browser.request("GET", path) as response:
        code: int = response.status
        return code


async def ready(browser: Browser) -> bool:
    return await status(browser, "/readyz") == 200


async def check(
    world: World, ada: Browser, trouble: AbstractContextManager[None], *, reads: bool
) -> None:
    hook = (await ada.subscribe("job.created"))["hookId"]
    assert (await post(world, hook, "before"))[0] == 202
    acknowledged = {"before"}
    with trouble:
        for attempt in range(2):  # the first finds out, the second must be no worse
            names = [f"{attempt}-{number}" for number in range(5)]
            posting = asyncio.gather(*(post(world, hook, name) for name in names))
            assert await status(ada, "/healthz") == 200
            for code, retry_after in await posting:
                assert (code, retry_after is not None) == (503, True)
            assert await status(ada, "/readyz") == 503
        code = await status(ada, "/notifications", TIMEOUT)
        assert code == (200 if reads else 503)
        if not reads:
            assert "database" in await ada.page("/notifications", status=503)
            await ada.json("GET", "/notifications", status=503)
            await ada.json("GET", "/subscriptions", status=503)
    await eventually(lambda: ready(ada))
    assert (await post(world, hook, "after"))[0] == 202
    acknowledged.add("after")
    found = [one["eventId"] for one in await ada.notifications("?limit=200")]
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))
    metrics = await ada.page("/metrics")
    assert 'srhooks_store_errors_total{kind="' in metrics


@pytest.mark.parametrize(
    ("trouble", "reads"),
    [
        (locked, True),
        (full, True),
        (stuck, True),
        (corrupt, False),
        (moved_away, False),
        (folder_gone, False),
    ],
)
async def test_sqlite_in_trouble(trouble: Trouble, reads: bool, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with start_world(folder) as world, world.logged_in() as ada:
        await check(world, ada, trouble(world, folder / "srhooks.db"), reads=reads)


async def test_a_file_put_in_place_of_the_old_one_is_read_and_written(tmp_path: Path) -> None:
    """A backup that is restored while the program runs."""
    async with start_world(tmp_path) as world, world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        assert (await post(world, hook, "kept"))[0] == 202
        database = tmp_path / "srhooks.db"
        source = sqlite3.connect(database)
        source.execute("VACUUM INTO ?", [str(tmp_path / "backup.db")])
        source.close()
        assert (await post(world, hook, "not in the backup"))[0] == 202
        for name in ("srhooks.db", "srhooks.db-wal", "srhooks.db-shm"):
            (tmp_path / name).unlink()
        (tmp_path / "backup.db").rename(database)
        assert (await post(world, hook, "new"))[0] == 202
        found = [one["eventId"] for one in await ada.notifications()]
        assert found == ["new", "kept"]


class Postgres:
    """A server of its own, to be stopped and started."""

    def __init__(self, folder: Path) -> None:
        need_postgres()
        self._server = start_postgres(folder / secrets.token_hex(4))
        self.url: str = self._server.get_uri()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        self._server.stop()
        yield
        self._server.start()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Its processes hang, connections stay open."""
        processes = self._processes()
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        head = self._server.get_pid()
        children = Path(f"/proc/{head}/task/{head}/children").read_text(encoding="ascii")
        return [head, *(int(pid) for pid in children.split())]


@pytest.fixture
async def postgres(postgres_folder: Path) -> AsyncIterator[Postgres]:
    server = await asyncio.to_thread(Postgres, postgres_folder)
    yield server
    await asyncio.to_thread(server._server.cleanup)


@pytest.mark.parametrize("trouble", ["stopped", "silent"])
async def test_postgresql_in_trouble(trouble: str, postgres: Postgres, tmp_path: Path) -> None:
    connection = await asyncpg.connect(postgres.url)
    await connection.close()
    async with (
        start_world(tmp_path, database_url=postgres.url) as world,
        world.logged_in() as ada,
    ):
        await check(world, ada, getattr(postgres, trouble)(), reads=False)
