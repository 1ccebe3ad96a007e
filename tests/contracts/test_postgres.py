"""What the PostgreSQL store alone promises."""

import asyncio

import asyncpg
import pytest
from srhooks.observability.metrics import Metrics
from srhooks.store import postgres_connection
from srhooks.store.migrate import Script, scripts
from srhooks.store.postgres import PostgresStore

from tests.support.harness import eventually
from tests.support.stored import TOKENS, add, person


async def test_a_migration_may_take_longer_than_any_query(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [*scripts("postgres"), Script(999, "SELECT pg_sleep(1.6)")]
    monkeypatch.setattr(postgres_connection, "COMMAND_TIMEOUT", 1.5)
    store = PostgresStore(empty_postgres_url, Metrics(), schema=slow)
    await store.open()
    assert await store._read("SELECT max(number) FROM schema_version") == [(999,)]
    await store.close()


async def test_a_migration_that_waits_for_a_long_transaction_holds_up_nobody(
    postgres_url: str,
) -> None:
    """Whoever comes after a waiting change of a table waits behind it: so it does not wait long."""
    old = PostgresStore(postgres_url, Metrics())  # of the version before, in full work
    await old.open()
    await old.save_user(person(1), TOKENS)
    reader = await asyncpg.connect(postgres_url)
    await reader.execute("BEGIN")
    await reader.fetch("SELECT count(*) FROM notifications")  # a long report
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted"
        " AND relation = 'notifications'::regclass AND mode = 'AccessExclusiveLock'"
    )
    more = Script(999, "ALTER TABLE notifications ADD COLUMN shoe_size INTEGER")
    new = PostgresStore(postgres_url, Metrics(), schema=[*scripts("postgres"), more])
    opening = asyncio.create_task(new.open())

    async def waits() -> bool:
        return bool(await reader.fetchval(waiting))

    await eventually(waits)
    assert await add(old)  # stored, while the report goes on and the migration is not done
    assert not opening.done()
    await eventually(waits)  # it tries again
    assert await add(old)
    assert not opening.done()
    await reader.execute("ROLLBACK")
    await opening
    assert await new._read("SELECT count(shoe_size), count(*) FROM notifications") == [(0, 2)]
    for connection in (reader, old, new):
        await connection.close()


async def test_a_migration_that_another_one_holds_up_finds_everything_done(
    empty_postgres_url: str,
) -> None:
    """As two `srhooks migrate`: the second waits for the first, whatever the first waits for."""
    once = Script(999, "CREATE TABLE made_once (at TEXT); SELECT pg_advisory_xact_lock(4711)")
    schema = [*scripts("postgres"), once]
    other = await asyncpg.connect(empty_postgres_url)
    await other.execute("BEGIN; SELECT pg_advisory_xact_lock(4711)")
    stores = [PostgresStore(empty_postgres_url, Metrics(), schema=schema) for _ in range(2)]
    opening = [asyncio.create_task(store.open()) for store in stores]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"

    async def both_wait() -> bool:
        return int(await other.fetchval(waiting)) == 2

    await eventually(both_wait)
    await other.execute("ROLLBACK")
    await asyncio.gather(*opening)
    numbers = await stores[0]._read("SELECT number FROM schema_version ORDER BY number")
    assert [row[0] for row in numbers] == [one.number for one in schema]
    await other.close()
    for store in stores:
        await store.close()
