"""PostgreSQL's planner knows a database that fills quickly."""

import asyncio
import json
import re
from typing import Any

import asyncpg
from srhooks.domain.feed_filter import Filter
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.postgres import PostgresStore
from srhooks.store.postgres_connection import READING
from srhooks.store.postgres_statistics import ANALYZE, FIRST, analyze_while_filling

from tests.support.harness import eventually
from tests.support.stored import add

# What a plan could do in no other way: told by a price until version 17, by a word from 18 on.
DISABLED = r"cost=\d{10}|Disabled"


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
        for setting in READING:
            name, _, value = setting.partition(" = ")
            assert [tuple(row) for row in await store._query(f"SHOW {name}", ())] == [(value,)]
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


async def test_what_was_never_looked_at_is_not_taken_for_large(postgres_url: str) -> None:
    """Nothing was erased: the server must not go through all notifications to find that out."""
    store = PostgresStore(postgres_url, Metrics())
    await store.open()
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(
            "INSERT INTO notification_subjects"
            " SELECT n, decode(md5((n % 50)::text), 'hex') FROM generate_series(1, 50000) AS n"
        )
        await connection.execute(
            "INSERT INTO notifications (id, rev, first_rev, user_id, hook_id, signature,"
            " last_delivery_at, sent_at, entity_status, headers, body)"
            " SELECT n, n, n, 'u1', 'h1', 'valid', n, n, 'none', '{}', '' FROM"
            " generate_series(1, 50000) AS n"
        )
        await store._query(ANALYZE, ())
        # A plan for any account, as is made from the sixth time on, for one that has nothing.
        for _ in range(7):
            plan = await connection.fetchval(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
                " SELECT * FROM lock_accounts(ARRAY[1], ARRAY['nobody'])"
            )
        hits = json.loads(plan)[0]["Plan"]["Shared Hit Blocks"]
        assert hits < 100, plan
        query = store._query

        async def explained(sql: str, args: tuple[object, ...]) -> list[object]:
            plan = await query(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", args)
            assert '"Actual Rows": 50000' not in plan[0][0], plan[0][0]
            return await query(sql, args)

        store._query = explained  # type: ignore[method-assign]
        assert await store.sent_before_erasure(100) == []
        await connection.execute(
            "INSERT INTO erased_subjects (user_id, candidate, subject, at)"
            " VALUES ('u1', '', decode(md5('7'), 'hex'), 5000)"
        )
        found = await store.sent_before_erasure(100)
        assert found == [("u1", n) for n in range(7, 4001, 50)]
    finally:
        await connection.close()
        await store.close()


async def test_no_statement_has_to_read_a_table_from_end_to_end(postgres_url: str) -> None:
    """That is priced beyond everything else, and any plan around it is as good as the best."""
    store = PostgresStore(postgres_url, Metrics())
    await store.open()
    asked: list[tuple[str, tuple[Any, ...]]] = []
    read = store._read

    async def reading(sql: str, *args: Any) -> list[Any]:
        asked.append((sql, args))
        rows: list[Any] = await read(sql, *args)
        return rows

    store._read = reading  # type: ignore[method-assign]
    try:
        await add(store)
        assert await store.index_some(20) == 1
        await store.page("u1", Filter(q="words", subscription="s1"), 10)
        await store.counts_by_event("u1", 0)
        assert len(asked) > 5
        for sql, args in asked:
            plan = "\n".join(row[0] for row in await read(f"EXPLAIN {sql}", *args))
            assert re.search(DISABLED, plan) is None, plan
    finally:
        await store.close()


async def test_all_tables_but_one_that_is_read_alone_have_an_index(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    rows = await connection.fetch(
        "SELECT relname FROM pg_class c WHERE relkind = 'r'"
        " AND relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid)"
    )
    await connection.close()
    assert [row[0] for row in rows] == ["schema_version"]
