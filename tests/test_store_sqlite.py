"""What the SQLite store alone promises."""

import asyncio
from pathlib import Path

import pytest
from srhooks.ids import IdSource
from srhooks.metrics import Metrics
from srhooks.store.sqlite import SqliteStore
from srhooks.store.writer import Transaction


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
