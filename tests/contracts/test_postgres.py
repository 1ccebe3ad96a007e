"""What the PostgreSQL store alone promises."""

import pytest
from srhooks.observability.metrics import Metrics
from srhooks.store import postgres, postgres_connection
from srhooks.store.migrate import Script, scripts
from srhooks.store.postgres import PostgresStore


async def test_a_migration_may_take_longer_than_any_query(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [*scripts("postgres"), Script(999, "SELECT pg_sleep(0.6)")]
    monkeypatch.setattr(postgres, "scripts", lambda _: slow)
    monkeypatch.setattr(postgres_connection, "COMMAND_TIMEOUT", 0.5)
    store = PostgresStore(empty_postgres_url, Metrics())
    await store.open()
    assert await store._read("SELECT max(number) FROM schema_version") == [(999,)]
    await store.close()
