"""What the SQLite store alone promises."""

import asyncio
import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest
from srhooks.domain.ids import IdSource
from srhooks.observability.metrics import Metrics
from srhooks.store import wal_checkpoint
from srhooks.store.group_commit import Transaction
from srhooks.store.sqlite import SqliteStore

from tests.support.harness import eventually

PAGE = 4096  # bytes


async def test_a_transaction_that_waits_for_something_else_is_refused(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "srhooks.db"), Metrics())
    await store.open()

    async def work(tx: Transaction) -> None:
        await tx.execute("INSERT INTO api_keys (digest, user_id) VALUES ($1, $2)", "s", "u")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but SQL"):
        await store._work(work)
    assert await store._read("SELECT count(*) FROM api_keys") == [(0,)]
    await store.remember_api_key("t", "u")
    assert await store._read("SELECT digest FROM api_keys") == [("t",)]
    await store.close()


async def _open_within(path: Path, seconds: float) -> bool:
    store = SqliteStore(str(path), Metrics())
    try:
        async with asyncio.timeout(seconds):
            await store.open()
    except TimeoutError:
        return False
    await store.close()
    return True


def test_a_start_that_is_given_up_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it writes into a folder that is being removed, and fails on an event loop that ended."""
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    others = set(threading.enumerate())
    opened = []
    for half_milliseconds in range(40):
        path = tmp_path / f"{half_milliseconds}.db"
        opened.append(asyncio.run(_open_within(path, half_milliseconds / 2000)))
        for thread in set(threading.enumerate()) - others:
            thread.join(10)
            assert not thread.is_alive()
    assert not failures
    assert opened.count(False) > 5


async def test_ids_differ_and_rise_in_whatever_thread_they_are_asked_for() -> None:
    source = IdSource()

    def some() -> list[int]:
        return [source() for _ in range(50_000)]

    def many() -> list[int]:
        return [number for _ in range(500) for number in source.many(100)]

    makers = (some, many, some, many)
    series = await asyncio.gather(*map(asyncio.to_thread, makers))
    assert all(one == sorted(set(one)) for one in series)
    assert len({number for one in series for number in one}) == 200_000


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_checkpoint, "INTERVAL", 0.01)
    monkeypatch.setattr(wal_checkpoint, "COMMITS", 5)
    monkeypatch.setattr(wal_checkpoint, "LOG_PAGES", 50)


@pytest.mark.usefixtures("hasty")
async def test_the_log_is_copied_beside_the_commits_and_begun_anew(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "srhooks.db"), Metrics())
    await store.open()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        count = 1500
        for number in range(count):
            await store.remember_api_key(f"digest {number}", str(number))
        assert await store._read("SELECT count(*) FROM api_keys") == [(count,)]
        log = (tmp_path / "srhooks.db-wal").stat().st_size
        assert log < count * 2 * PAGE / 3  # each commit writes two pages and more
    with contextlib.closing(sqlite3.connect(tmp_path / "srhooks.db")) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert kept.execute("SELECT count(*) FROM api_keys").fetchone() == (count,)


class BusyLog:
    """Somebody commits all the time."""

    def __init__(self) -> None:
        self.looks = 0
        self.begun_anew = 0

    @property
    def commits(self) -> int:
        self.looks += 1
        return self.looks * 100

    async def checkpoint(self) -> None:
        self.begun_anew += 1


@pytest.mark.usefixtures("hasty")
async def test_copying_the_log_goes_on_when_the_database_is_back(tmp_path: Path) -> None:
    path = tmp_path / "srhooks.db"
    log = BusyLog()
    copying = wal_checkpoint.Checkpoints(path, log)

    async def looked() -> bool:
        return log.looks > 10

    async def begun_anew() -> bool:
        return log.begun_anew > 0

    await eventually(looked)
    assert log.begun_anew == 0
    with contextlib.closing(sqlite3.connect(path)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("PRAGMA wal_autocheckpoint = 0")
        writing.execute("CREATE TABLE much (what BLOB)")
        writing.execute("INSERT INTO much VALUES (zeroblob(1000000))")
        writing.commit()
        await eventually(begun_anew)
    await copying.close()
