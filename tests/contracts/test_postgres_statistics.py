"""PostgreSQL's planner knows a database that fills quickly."""

import asyncio

import asyncpg
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.postgres import PostgresStore
from srhooks.store.postgres_statistics import ANALYZE, FIRST, analyze_while_filling

from tests.support.harness import eventually


async def test_it_is_told_each_time_that_they_have_doubled() -> None:
    received = [0]
    told: list[int] = []

    async def analyze() -> None:
        told.append(received[-1])
        raise StoreUnavailableError("which stops nothing")

    task = asyncio.create_task(analyze_while_filling(lambda: received[-1], analyze, interval=0))
    for count in (FIRST - 1, FIRST, FIRST * 2 - 1, FIRST * 2, FIRST * 2):
        received.append(count)
        for _ in range(3):
            await asyncio.sleep(0)
    task.cancel()
    assert told == [FIRST, FIRST * 2]


async def test_the_server_takes_the_statement(postgres_url: str) -> None:
    store = PostgresStore(postgres_url, Metrics())
    await store.open()
    connection = await asyncpg.connect(postgres_url)
    try:
        assert [tuple(row) for row in await store._query("SHOW jit", ())] == [("off",)]
        await store._query(ANALYZE, ())

        async def analyzed() -> bool:
            return bool(
                await connection.fetchval(
                    "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'notifications'"
                )
            )

        assert await eventually(analyzed)
    finally:
        await connection.close()
        await store.close()
