"""A database with a large history: rows inserted directly, as intake and indexing would."""

import asyncio
import contextlib
import json
import random
import sqlite3
import time
from collections.abc import Iterator

from srhooks.bench.account import EVENTS, Account
from srhooks.bench.database import Database, PostgresDatabase, SqliteFile, connected
from srhooks.domain.ids import LOW_BITS, first_id_at
from srhooks.domain.models import Notification
from srhooks.domain.search_text import search_text

BATCH = 5000
VACUUM_TIMEOUT = 3600.0  # seconds
WORDS = ("engineer", "berlin", "interview", "offer", "senior", "review", "remote", "candidate")
COLUMNS = (
    "id", "rev", "first_rev", "user_id", "hook_id", "subscription_id", "event_id", "event_name",
    "event_version", "link", "signature", "sent_at", "last_delivery_at", "entity_status",
    "entity_at", "title", "headers", "body", "entity",
)  # fmt: skip
AGE = 14 * 86_400_000  # ms: age of the first notification
STEP = 120  # ms between two notifications: ten million in 14 days
INSERT = (
    f"INSERT INTO notifications ({', '.join(COLUMNS)})"  # noqa: S608 - constants
    f" VALUES ({', '.join('?' * len(COLUMNS))})"
)


def fill(database: Database, account: Account, already: int, count: int) -> None:
    """Insert notifications up to `count`; `already` of them were inserted before."""
    ((user_id,),) = database.fetch("SELECT id FROM users")
    batches = (
        list(_made(user_id, account, range(start, min(count, start + BATCH))))
        for start in range(already, count, BATCH)
    )
    if isinstance(database, SqliteFile):
        _fill_sqlite(database, batches)
    elif isinstance(database, PostgresDatabase):
        asyncio.run(_fill_postgres(database, batches))


def _fill_sqlite(database: SqliteFile, batches: Iterator[list[Notification]]) -> None:
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # the database is thrown away
        for made in batches:
            connection.execute("BEGIN")
            connection.executemany(INSERT, [_row(n) for n in made])
            connection.executemany(
                "INSERT INTO search (rowid, text) VALUES (?, ?)",
                [(n.id, search_text(n)) for n in made],
            )
            connection.execute("UPDATE search_state SET indexed_to = ?", (made[-1].id,))
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _fill_postgres(database: PostgresDatabase, batches: Iterator[list[Notification]]) -> None:
    async with connected(database.url) as connection:
        await connection.execute("SET synchronous_commit = off")
        for made in batches:
            await connection.copy_records_to_table(
                "notifications", records=[_row(n) for n in made], columns=COLUMNS
            )
            await connection.copy_records_to_table(
                "search", records=[(n.id, search_text(n)) for n in made], columns=("id", "text")
            )
            await connection.execute("UPDATE search_state SET indexed_to = $1", made[-1].id)
        # What autovacuum does after a while.
        await connection.execute("VACUUM (ANALYZE) notifications", timeout=VACUUM_TIMEOUT)
        await connection.execute("VACUUM (ANALYZE) search", timeout=VACUUM_TIMEOUT)


def name_of(number: int) -> str:
    """The candidate's name in the notification with this number."""
    return f"{_word(number).title()} Person{number} Doe"


def _word(number: int) -> str:
    return WORDS[random.Random(number).randrange(len(WORDS))]  # noqa: S311 - the same in each run


def _made(user_id: str, account: Account, numbers: range) -> Iterator[Notification]:
    first = int(time.time() * 1000) - AGE
    for number in numbers:
        at = first + number * STEP
        id_ = first_id_at(at) + number % (1 << LOW_BITS)
        event = EVENTS[number % len(EVENTS)]
        name, job = name_of(number), f"j{number % 500}"
        link = f"{account.api_url}/candidates/c{number}/jobs/{job}"
        entity = {"id": f"c{number}", "name": name, "tags": [_word(number)], "status": "NEW"}
        yield Notification(
            id=id_, rev=id_, first_rev=id_, user_id=user_id, hook_id=account.hook_id,
            subscription_id=account.subscription_id, event_id=f"old-{number}", event_name=event,
            event_version="v201910", link=link, signature="valid", sent_at=at, deliveries=1,
            last_delivery_at=at, entity_status="fetched", entity_at=at + 60, entity_error=None,
            title=name, changes=None,
            headers_json=json.dumps({"event-id": f"old-{number}", "event-name": event}),
            body=json.dumps({"job_id": job, "candidate_id": f"c{number}"}).encode(),
            entity=json.dumps(entity).encode(), received_at=at,
        )  # fmt: skip


def _row(n: Notification) -> tuple[object, ...]:
    stored = {**vars(n), "headers": n.headers_json}
    return tuple(stored[column] for column in COLUMNS)
