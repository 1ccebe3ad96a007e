"""What the SQLite store alone promises."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from srhooks.ids import IdSource
from srhooks.metrics import Metrics
from srhooks.store import checkpoints
from srhooks.store.sqlite import SqliteStore
from srhooks.store.writer import Transaction

PAGE = 4096  # bytes


async def test_a_transaction_that_waits_for_something_else_is_refused(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "srhooks.db"), Metrics())
    await store.open()

    async def work(tx: Transaction) -> None:
        await tx.execute("INSERT INTO ended_sessions (id, until) VALUES ($1, $2)", "s", 1)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but SQL"):
        await store._work(work)
    assert await store._read("SELECT count(*) FROM ended_sessions") == [(0,)]
    await store.end_session("t", 2)
    assert await store._read("SELECT id FROM ended_sessions") == [("t",)]
    await store.close()


async def test_ids_differ_and_rise_in_whatever_thread_they_are_asked_for() -> None:
    source = IdSource()

    def some() -> list[int]:
        return [source() for _ in range(50_000)]

    series = await asyncio.gather(*(asyncio.to_thread(some) for _ in range(4)))
    assert all(one == sorted(set(one)) for one in series)
    assert len({number for one in series for number in one}) == 200_000


async def test_the_log_is_copied_beside_the_commits_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.01)
    monkeypatch.setattr(checkpoints, "COMMITS", 5)
    monkeypatch.setattr(checkpoints, "LOG_PAGES", 50)
    store = SqliteStore(str(tmp_path / "srhooks.db"), Metrics())
    await store.open()
    count = 1500
    for number in range(count):
        await store.end_session(f"session {number}", number)
    assert await store._read("SELECT count(*) FROM ended_sessions") == [(count,)]
    log = (tmp_path / "srhooks.db-wal").stat().st_size
    await store.close()
    assert log < count * 2 * PAGE / 3  # each commit writes two pages and more
    with contextlib.closing(sqlite3.connect(tmp_path / "srhooks.db")) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert kept.execute("SELECT count(*) FROM ended_sessions").fetchone() == (count,)


async def test_copying_the_log_survives_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.01)
    monkeypatch.setattr(checkpoints, "COMMITS", 1)
    monkeypatch.setattr(checkpoints, "LOG_PAGES", 0)
    path = tmp_path / "srhooks.db"
    store = SqliteStore(str(path), Metrics())
    await store.open()
    await store.end_session("one", 1)
    path.rename(tmp_path / "away")
    store._connection.commits += 10
    await asyncio.sleep(0.1)  # it looks every hundredth of a second
    assert not store._checkpoints._task.done()
    (tmp_path / "away").rename(path)
    await store.end_session("two", 2)
    assert await store._read("SELECT count(*) FROM ended_sessions") == [(2,)]
    await asyncio.sleep(0.1)
    assert not store._checkpoints._task.done()
    await store.close()
