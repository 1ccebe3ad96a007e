"""Bring the tables of a PostgreSQL database up to date."""

import asyncio
import contextlib
from collections.abc import Sequence

import asyncpg

from srhooks.store.migrate import (
    VERSIONS,
    Script,
    check_tables,
    check_versions,
    is_plain,
)
from srhooks.store.postgres_connection import Connection

MIGRATION_TIMEOUT = 3600.0  # seconds: an index over millions of rows takes minutes
LOCK_TIMEOUT = "2s"  # less than a notification waits to be stored
LOCK_PAUSE = 1.0  # seconds
LOCK_ATTEMPTS = 60
MIGRATION_LOCK = 727_400_001  # any fixed number: two processes must not migrate at once


async def migrate(connection: Connection, known: Sequence[Script]) -> None:
    """Apply the files that are missing, all or none. Raises SchemaError, asyncpg.PostgresError.

    Other processes go on meanwhile. A change of a table waits for whoever reads it, and everybody
    who comes later waits behind it: so it gives up soon, and tries again.
    """
    for _ in range(LOCK_ATTEMPTS):
        try:
            await _migrate(connection, known)
            break
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(LOCK_PAUSE)
    else:
        await _migrate(connection, known)
    await _speed_up_search(connection)


async def _migrate(connection: Connection, known: Sequence[Script]) -> None:
    """The lock ends with the transaction: it holds behind a pooler as well."""
    async with connection.transaction():
        await connection.execute(
            f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})", timeout=MIGRATION_TIMEOUT
        )
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute(VERSIONS)
        await connection.execute(
            "ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS checksum TEXT"
        )
        applied: dict[int, str | None] = {
            row[0]: row[1]
            for row in await connection.fetch("SELECT number, checksum FROM schema_version")
        }
        check_versions(applied, known)
        version = max(applied, default=0)
        if version:
            check_tables(version, await columns_of(connection))
        for script in known:
            if script.number > version:
                await connection.execute(script.text, timeout=MIGRATION_TIMEOUT)
                await connection.execute(
                    "INSERT INTO schema_version (number, checksum) VALUES ($1, $2)",
                    script.number,
                    script.checksum,
                )
            elif applied.get(script.number) is None:
                await connection.execute(
                    "UPDATE schema_version SET checksum = $2 WHERE number = $1",
                    script.number,
                    script.checksum,
                )


async def columns_of(connection: Connection) -> dict[str, frozenset[str]]:
    """Of each table but those of the search index."""
    rows = await connection.fetch(
        "SELECT table_name::text, array_agg(column_name::text) FROM information_schema.columns"
        " WHERE table_schema = current_schema() GROUP BY table_name"
    )
    return {row[0]: frozenset(row[1]) for row in rows if is_plain(row[0])}


async def _speed_up_search(connection: Connection) -> None:
    """A trigram index where the server has pg_trgm and lets us; without it searches read on."""
    with contextlib.suppress(asyncpg.PostgresError):
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        await connection.execute(
            "CREATE INDEX IF NOT EXISTS search_text ON search USING gin (text gin_trgm_ops)",
            timeout=MIGRATION_TIMEOUT,
        )
