"""`srhooks copy-database`: everything arrives, in both directions, or nothing does."""

import asyncio
import os
import pty
import sqlite3
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from srhooks.commands.copy_database import run
from srhooks.domain.feed_filter import Filter
from srhooks.store import database_copy, make_process_table, make_store
from srhooks.store.claim import claim_for
from srhooks.store.copy_sqlite import SqliteSide
from srhooks.store.database_copy import OWN_TABLES, PROCESS_TABLES, copied_tables
from srhooks.store.migrate import is_plain, scripts
from srhooks.store.process_table import ProcessInfo

from tests.support.every_table import ROWS, fill
from tests.support.stored import notification


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


async def made(url: str) -> None:
    store = make_store(url)
    await store.open()
    await store.close()


def rows_of(path: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        columns = ", ".join(copied_tables()[table])
        return sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)


async def copied(source: str, target: str) -> int:
    return await asyncio.to_thread(run, Namespace(source=source, target=target))


async def test_each_table_goes_there_and_back(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = tmp_path / "a.db", tmp_path / "b%20?.db"
    await made(sqlite_url(first))
    fill(first)
    before = first.read_bytes()
    await made(postgres_url)  # srhooks may have been started there, without anybody's log-in
    assert await copied(sqlite_url(first), postgres_url) == 0
    out, error = capsys.readouterr()
    total = ROWS * len(copied_tables())
    assert f"Copied and verified: {total:,} rows" in out
    assert error.splitlines() == [f"Copying {total:,} rows", f"Verifying {total:,} rows"]
    assert await copied(postgres_url, sqlite_url(last)) == 0
    for table in copied_tables():
        assert rows_of(first, table) == rows_of(last, table), table
    assert first.read_bytes() == before
    assert (last.stat().st_mode & 0o777) == 0o600
    capsys.readouterr()
    for target in (sqlite_url(last), postgres_url):
        assert await copied(sqlite_url(first), target) == 1
        told = capsys.readouterr().err
        assert "TO is not empty: its table" in told
        assert told.count("\n") == 1


async def test_srhooks_goes_on_with_the_copy(tmp_path: Path, postgres_url: str) -> None:
    """What is stored next clashes with nothing; the search finds what came before."""
    source = sqlite_url(tmp_path / "a.db")
    store = make_store(source)
    await store.open()
    await store.add_key("h1", b"one", 1)
    await store.add_key("h1", b"two", 2)
    for number in range(database_copy.BATCH_ROWS + 1):
        store.add_notification(
            notification(store, event_id=f"e{number}", body=b"word %d " % number)
        )
    await store.add_notification(notification(store, event_id="e7"))
    while await store.index_some(500):
        pass
    await store.close()
    for index, target in enumerate((postgres_url, sqlite_url(tmp_path / "b.db"))):
        assert await copied(source if index == 0 else postgres_url, target) == 0
        copy = make_store(target)
        await copy.open()
        stored = database_copy.BATCH_ROWS + 1 + index
        assert await copy.counts_by_event("u1", 0) == {"job.created": stored}
        for indexed in (False, True):
            found = await copy.notifications("u1", Filter(q="word 500 "), 9)
            assert [n.event_id for n in found] == ["e500"], indexed
            while await copy.index_some(500):
                pass
        await copy.add_key("h1", b"three %d" % index, 99)
        await copy.add_notification(notification(copy, event_id=f"new {index}"))
        assert (await copy.notifications("u1", Filter(), 1))[0].event_id == f"new {index}"
        assert len(await copy.keys("h1")) == 3 + index
        await copy.close()


async def test_no_table_and_no_counter_is_forgotten(tmp_path: Path, postgres_url: str) -> None:
    """What a new schema file adds is copied, or stands in a list that says why it is not."""
    await made(sqlite_url(tmp_path / "a.db"))
    await made(postgres_url)
    named = set(copied_tables()) | OWN_TABLES | PROCESS_TABLES
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert {name for (name,) in found if is_plain(name)} == named
    connected = await asyncpg.connect(postgres_url)
    rows = await connected.fetch(
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = current_schema()::regnamespace"
    )
    assert {row[0] for row in rows if is_plain(row[0])} == named
    # One that no column owns is not set behind what was copied: the store does it when it opens.
    owned = await connected.fetch(
        "SELECT s.relname::text FROM pg_class s LEFT JOIN pg_depend d ON d.objid = s.oid AND"
        " d.deptype IN ('a', 'i') AND d.refobjsubid > 0 WHERE s.relkind = 'S' AND d.objid IS NULL"
    )
    await connected.close()
    assert [row[0] for row in owned] == ["change_rev"]


async def test_what_arrives_otherwise_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    await made(sqlite_url(source))
    fill(source)
    add = SqliteSide.add

    async def changed(
        side: SqliteSide, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]
    ) -> None:
        if table == "users":
            rows = [(*row[:-1], 4711) for row in rows]
        await add(side, table, columns, rows)

    monkeypatch.setattr(SqliteSide, "add", changed)
    assert await copied(sqlite_url(source), sqlite_url(target)) == 1
    assert "users did not arrive as it was sent" in capsys.readouterr().err
    monkeypatch.undo()
    assert await copied(sqlite_url(source), sqlite_url(target)) == 0


async def test_wrong_databases_are_refused_in_one_line(
    tmp_path: Path, empty_postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = sqlite_url(tmp_path / "a.db"), sqlite_url(tmp_path / "b.db")

    async def refused(one: str, other: str, code: int = 1) -> str:
        assert await copied(one, other) == code
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert not (tmp_path / "b.db").exists()
        return told

    assert "there is no database at FROM" in await refused(source, target)
    assert "FROM holds no tables of srhooks" in await refused(empty_postgres_url, target)
    await made(source)
    assert "the same database" in await refused(source, f"sqlite:///{tmp_path}/./a.db", 2)
    assert "TO must be" in await refused(source, "mysql://secret@x", 2)
    assert "FROM must be" in await refused("here", target, 2)
    async with held(source):
        assert "a running srhooks uses FROM: stop it" in await refused(source, target)
    await made(empty_postgres_url)
    processes = make_process_table(empty_postgres_url)
    assert processes is not None
    await processes.join(ProcessInfo("p", "host", 1, "1.0"), 60)
    assert "a running srhooks uses FROM: stop it" in await refused(empty_postgres_url, target)
    await processes.close()
    for version, told in ((12, "run `srhooks migrate`"), (999, "made by a newer srhooks")):
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        assert told in await refused(source, target)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute(f"PRAGMA user_version = {scripts('sqlite')[-1].number}")
        connection.execute("ALTER TABLE users ADD COLUMN shoe_size")
    assert "users has shoe_size" in await refused(source, target)


@asynccontextmanager
async def held(url: str) -> AsyncIterator[None]:
    claim = await asyncio.to_thread(claim_for, url)
    assert await claim.acquire()
    yield
    await claim.release()


def test_a_terminal_sees_a_bar(tmp_path: Path) -> None:
    asyncio.run(made(sqlite_url(tmp_path / "a.db")))
    fill(tmp_path / "a.db")
    shown: list[bytes] = []

    def read(handle: int) -> bytes:
        shown.append(os.read(handle, 4096))
        return shown[-1]

    urls = [sqlite_url(tmp_path / name) for name in ("a.db", "b.db")]
    assert pty.spawn([sys.executable, "-m", "srhooks", "copy-database", *urls], read) == 0
    assert b"Verifying" in b"".join(shown)
    assert "━".encode() in b"".join(shown)
