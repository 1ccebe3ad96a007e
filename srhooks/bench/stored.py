"""A database with a large history: rows inserted directly, as intake and indexing would."""

import asyncio
import contextlib
import json
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

from srhooks.bench.account import EVENTS, Account
from srhooks.bench.database import Database, PostgresDatabase, SqliteFile, connected
from srhooks.domain.ids import LOW_BITS, first_id_at
from srhooks.domain.models import Notification
from srhooks.domain.search_text import fold, search_text
from srhooks.domain.subjects import Subject, digest_of

BATCH = 5000
VACUUM_TIMEOUT = 3600.0  # seconds
WORDS = ("engineer", "berlin", "interview", "offer", "senior", "review", "remote", "candidate")
COLUMNS = (
    "id", "rev", "first_rev", "user_id", "hook_id", "subscription_id", "event_id", "event_name",
    "event_version", "link", "signature", "sent_at", "last_delivery_at", "entity_status",
    "entity_at", "title", "headers", "body", "entity",
)  # fmt: skip
SUBJECT_COLUMNS = ("notification_id", "subject")
NAME_COLUMNS = ("subject", "user_id", "kind", "id", "name", "folded", "notification_id")
AGE = 14 * 86_400_000  # ms: age of the first notification
STEP = 120  # ms between two notifications: ten million in 14 days


def _insert(table: str, columns: Sequence[str]) -> str:
    values = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - constants


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
            for sql, rows in (
                (_insert("notifications", COLUMNS), [_row(n) for n in made]),
                (_insert("search", ("rowid", "text")), [(n.id, search_text(n)) for n in made]),
                (_insert("notification_subjects", SUBJECT_COLUMNS), _subjects(made)),
                (_insert("subject_names", NAME_COLUMNS), _names(made)),
            ):
                connection.executemany(sql, rows)
            connection.execute("UPDATE search_state SET indexed_to = ?", (made[-1].id,))
            connection.execute("DELETE FROM subject_state")
            connection.execute(
                _insert("subject_state", ("user_id", "rev")), (made[-1].user_id, made[-1].rev)
            )
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _fill_postgres(database: PostgresDatabase, batches: Iterator[list[Notification]]) -> None:
    async with connected(database.url) as connection:
        await connection.execute("SET synchronous_commit = off")
        for made in batches:
            for table, columns, rows in (
                ("notifications", COLUMNS, [_row(n) for n in made]),
                ("search", ("id", "text"), [(n.id, search_text(n)) for n in made]),
                ("notification_subjects", SUBJECT_COLUMNS, _subjects(made)),
                ("subject_names", NAME_COLUMNS, _names(made)),
            ):
                await connection.copy_records_to_table(table, records=rows, columns=columns)
            await connection.execute("UPDATE search_state SET indexed_to = $1", made[-1].id)
            await connection.execute("DELETE FROM subject_state")
            await connection.execute(
                "INSERT INTO subject_state (user_id, rev) VALUES ($1, $2)",
                made[-1].user_id, made[-1].rev,
            )  # fmt: skip
        # What autovacuum does after a while.
        for table in ("notifications", "search", "notification_subjects", "subject_names"):
            await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=VACUUM_TIMEOUT)


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


def _subjects(made: Sequence[Notification]) -> list[tuple[int, bytes]]:
    return [(n.id, subject) for n in made for subject in (_candidate(n), _job(n.user_id, n.link))]


def _names(made: Sequence[Notification]) -> list[tuple[object, ...]]:
    """Each is of another candidate, who is called as it is."""
    return [
        (
            _candidate(n),
            n.user_id,
            "candidate",
            _candidate_id(n),
            n.title,
            fold(n.title or ""),
            n.id,
        )
        for n in made
    ]


def _candidate_id(n: Notification) -> str:
    return f"c{(n.event_id or '').removeprefix('old-')}"


def _candidate(n: Notification) -> bytes:
    return digest_of(n.user_id, Subject("candidate", _candidate_id(n)))


@lru_cache(maxsize=1000)
def _job_digest(user_id: str, job: str) -> bytes:
    return digest_of(user_id, Subject("job", job))


def _job(user_id: str, link: str | None) -> bytes:
    return _job_digest(user_id, (link or "").rpartition("/")[2])
