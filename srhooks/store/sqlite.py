"""The store in a SQLite file: WAL, synchronous=FULL, one writing connection, a few reading ones.

WAL with FULL syncs the log at each commit, so a committed notification survives a power cut
(sqlite.org/pragma.html#pragma_synchronous).
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.domain.models import NewNotification
from srhooks.domain.search_text import fold
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import IdTakenError, StoreError, StoreUnavailableError
from srhooks.store.filter_sql import INSERT_COLUMNS, insert_values, storable
from srhooks.store.group_commit import MAX_GROUP, Transaction
from srhooks.store.migrate import SchemaError, scripts
from srhooks.store.reader_pool import Readers
from srhooks.store.sql_store import SqlStore
from srhooks.store.sqlite_connection import close_quietly, connect, create_private, file_at
from srhooks.store.sqlite_schema import migrate
from srhooks.store.wal_checkpoint import CHECKPOINT, LAST_RESORT, Checkpoints, checkpoint

T = TypeVar("T")
READERS = 3
MERGE_PAGES = 200  # of the search index that one transaction merges: some ten milliseconds
MERGE_PAUSE = 0.01  # seconds between two of them
MAX_MERGES = 100_000
INCREMENTAL = 2  # of PRAGMA auto_vacuum
VACUUM_PAGES = 500  # that one transaction gives back
FREE_SHARE = 10  # free pages are kept up to a tenth of the file
MAX_TRIGRAMS = 24  # of a search that the index looks up; the text itself decides
REVS = "rev, first_rev"  # of a new row they are the same
ROW = "(" + ", ".join("?" for _ in f"{REVS}, {INSERT_COLUMNS}".split(", ")) + ")"


class SqliteStore(SqlStore):
    search_id = "rowid"
    probe_bytes = 65_536

    def __init__(self, path: str, metrics: Metrics, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(metrics, clock)
        self._path = Path(path)
        # One rising sequence for ids and changes: a row starts with rev > id.
        self._connection = _WritingConnection(self._path, self.next_id)
        self._readers = Readers(READERS, lambda: _Reader.open(self._path))

    async def open(self) -> None:
        try:
            create_private(self._path)
            await self._connection.migrate()
            await self._start(self._connection)
        except BaseException as error:  # a start that is given up, too: no thread stays behind
            await self._connection.give_up()
            await self._readers.close()
            if isinstance(error, sqlite3.Error | OSError | StoreError):
                raise StoreUnavailableError(f"cannot use {self._path}: {error}") from error
            raise
        self._checkpoints = Checkpoints(self._path, self._connection)

    async def close(self) -> None:
        await self._checkpoints.close()
        await self._writer.close()
        await self._readers.close()
        await self._connection.close()

    async def _query(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        try:
            return await self._readers.run(lambda reader: reader.fetch(sql, args))
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailableError(f"cannot read: {error}") from error

    async def _go_on_above(self, rev: int) -> None:
        self.next_id.skip_to(rev)

    def _text_ids(self, text: str, args: list[Any]) -> str | None:
        trigrams = _trigrams(fold(text))
        if not trigrams:
            return None
        args.append(" AND ".join('"' + one.replace('"', '""') + '"' for one in trigrams))
        return f"FROM search WHERE search MATCH ${len(args)}"

    def _text_test(self, text: str, args: list[Any]) -> str:
        args.append(fold(text))
        return f"instr(t.text, ${len(args)})"

    async def scrub(self, *, index: bool) -> bool:
        if index:
            await self._merge_index()
        await self._give_space_back()
        try:
            # Most of it beside the writer, then the rest with the log cut to nothing.
            await checkpoint(self._path, "PASSIVE")
            busy, _ = await checkpoint(self._path, "TRUNCATE")
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailableError(f"cannot scrub: {error}") from error
        return not busy

    async def _give_space_back(self) -> None:
        """Shorten the file by its free pages, but for a part that intake will need again.

        Only of a database made with `auto_vacuum = INCREMENTAL`; an older one keeps its size and
        uses the pages again (sqlite.org/pragma.html#pragma_incremental_vacuum).
        """

        async def work(tx: Transaction) -> int:
            ((mode,),) = await tx.fetch("PRAGMA auto_vacuum")
            ((free,),) = await tx.fetch("PRAGMA freelist_count")
            ((total,),) = await tx.fetch("PRAGMA page_count")
            surplus = int(free) - int(total) // FREE_SHARE if mode == INCREMENTAL else 0
            # Each call gives one page back, whatever its number says: Python takes one step of a
            # statement without columns, and a step is a page.
            for _ in range(min(surplus, VACUUM_PAGES)):
                await tx.fetch("PRAGMA incremental_vacuum(1)")
            return surplus

        for _ in range(MAX_MERGES):
            if await self._work(work) <= VACUUM_PAGES:
                return
            await asyncio.sleep(MERGE_PAUSE)

    async def _merge_index(self) -> None:
        """Deleted texts stay in the index's segments until these are merged into one.

        A negative size begins a merge of all, positive ones go on with it, a bit a transaction
        (sqlite.org/fts5.html, "The merge command").
        """

        async def work(tx: Transaction, pages: int) -> int:
            ((before,),) = await tx.fetch("SELECT total_changes()")
            await tx.execute("INSERT INTO search (search, rank) VALUES ('merge', $1)", pages)
            ((after,),) = await tx.fetch("SELECT total_changes()")
            return int(after - before)

        pages = -MERGE_PAGES
        for _ in range(MAX_MERGES):
            step = pages
            if await self._work(lambda tx: work(tx, step)) < 2:  # noqa: B023 - awaited here
                return
            pages = MERGE_PAGES
            await asyncio.sleep(MERGE_PAUSE)

    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, str]]) -> None:
        await tx.execute_many(
            "DELETE FROM search WHERE rowid = $1", [(number,) for number, _ in texts]
        )
        await tx.execute_many("INSERT INTO search (rowid, text) VALUES ($1, $2)", texts)


class _Reader:
    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self._path = path
        self._connection = connection
        self._file = file_at(path)

    @classmethod
    async def open(cls, path: Path) -> "_Reader":
        file_at(path)  # raises OSError when it is gone
        connection = await connect(path)
        await connection.execute("PRAGMA query_only = ON")
        return cls(path, connection)

    async def fetch(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        return list(await self._connection.execute_fetchall(_numbered(sql), storable(args)))

    def usable(self) -> bool:
        try:
            return file_at(self._path) == self._file
        except OSError:
            return False

    def interrupt(self) -> None:
        with contextlib.suppress(sqlite3.Error, ValueError):
            self._connection._conn.interrupt()  # noqa: SLF001 - the public one is a coroutine

    async def close(self) -> None:
        await close_quietly(self._connection)


class _WritingConnection:
    """Opened again after each failure, so that it recovers when the disk does."""

    def __init__(self, path: Path, next_rev: Callable[[], int]) -> None:
        self._path = path
        self._next_rev = next_rev
        self._open: aiosqlite.Connection | None = None
        self.commits = 0
        self._file = (0, 0)

    async def migrate(self) -> None:
        known = scripts("sqlite")
        await self._in_its_thread(lambda plain: migrate(plain, known))

    async def transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),  # noqa: ARG002 - nobody else writes
    ) -> T:  # fmt: skip
        transact = _transact if durable else _transact_unsynced
        return await self._in_its_thread(lambda plain: transact(plain, work, self._next_rev))

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        return await self._in_its_thread(lambda plain: _insert(plain, rows, self._next_rev))

    async def _in_its_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """All at once: a step to a thread and back takes longer than most statements do."""
        try:
            connection = await self._get()
            # The library's public methods take one statement each.
            run: Callable[..., Coroutine[Any, Any, T]] = connection._execute  # noqa: SLF001
            result = await run(work, connection._conn)  # noqa: SLF001
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, SchemaError):
            raise  # the statement's own fault, not the disk's
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise StoreUnavailableError(f"cannot write: {error}") from error
        self.commits += 1
        return result

    async def checkpoint(self) -> None:
        """Copy what is left of the log, so that the next commit begins it anew."""
        if self._open is not None:
            await self._open.execute_fetchall(CHECKPOINT.format("PASSIVE"))

    async def give_up(self) -> None:
        """Close it in the middle of whatever it does: the database undoes that."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error, ValueError):
                await self._open.interrupt()
        await self.close()

    async def close(self) -> None:
        if self._open is not None:
            connection, self._open = self._open, None
            await close_quietly(connection)

    async def _get(self) -> aiosqlite.Connection:
        # A file that was moved away keeps taking writes through its open handle: they'd be lost.
        file = file_at(self._path)
        if self._open is not None and file != self._file:
            await self.close()
        if self._open is None:
            self._open = await connect(self._path)
            self._file = file
            # Of a new file alone: what is deleted can then be given back to the disk.
            await self._open.execute("PRAGMA auto_vacuum = INCREMENTAL")
            await self._open.execute("PRAGMA journal_mode = WAL")  # a restored copy may have none
            await self._open.execute("PRAGMA synchronous = FULL")
            # A commit that copies the log into the database is ten times as slow: checkpoints.py.
            await self._open.execute(f"PRAGMA wal_autocheckpoint = {LAST_RESORT}")
            await self._open.execute("PRAGMA secure_delete = ON")  # what is deleted, is zeroed
            # What stands for PostgreSQL's sequence of changes, in the same words.
            await self._open.create_function("nextval", 1, lambda _: self._next_rev())
        return self._open


class _SqliteTransaction:
    """Its methods wait for nothing: they run in the connection's thread."""

    def __init__(self, connection: sqlite3.Connection, next_rev: Callable[[], int]) -> None:
        self._connection = connection
        self._next_rev = next_rev

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        return self._connection.execute(_numbered(sql), storable(args)).fetchall()

    async def execute(self, sql: str, *args: Any) -> int:
        return self._connection.execute(_numbered(sql), storable(args)).rowcount

    async def execute_many(self, sql: str, args: Sequence[tuple[Any, ...]]) -> None:
        if args:
            self._connection.executemany(_numbered(sql), [storable(one) for one in args])

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        return _insert(self._connection, rows, self._next_rev)


def _transact(
    connection: sqlite3.Connection, work: Callable[[Transaction], Coroutine[Any, Any, T]],
    next_rev: Callable[[], int],
) -> T:  # fmt: skip
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = _finish(work(_SqliteTransaction(connection, next_rev)))
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result


def _transact_unsynced(
    connection: sqlite3.Connection, work: Callable[[Transaction], Coroutine[Any, Any, T]],
    next_rev: Callable[[], int],
) -> T:  # fmt: skip
    """The next durable commit syncs it as well; a power cut before that undoes it.

    sqlite.org/pragma.html#pragma_synchronous: in WAL mode the database stays consistent.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        return _transact(connection, work, next_rev)
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: its first step is its last."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a transaction must do nothing but SQL")


def _insert(
    connection: sqlite3.Connection, rows: list[NewNotification], next_rev: Callable[[], int]
) -> list[bool]:
    # One statement: the thread then needs the interpreter's lock once, not for each row.
    values: list[Any] = []
    for row in rows:
        rev = next_rev()
        values += (rev, rev, *insert_values(row))
    try:
        cursor = connection.execute(_insert_sql(len(rows)), values)
    except sqlite3.IntegrityError as error:
        if "notifications.id" in str(error):
            raise IdTakenError(str(error)) from error
        raise
    if cursor.rowcount == len(rows):
        return [True] * len(rows)
    ids = [row.id for row in rows]
    marks = ", ".join("?" * len(ids))
    found = connection.execute(f"SELECT id FROM notifications WHERE id IN ({marks})", ids)
    stored = {row[0] for row in found}
    return [notification_id in stored for notification_id in ids]


def _trigrams(needle: str) -> list[str]:
    """Some that a text with the needle must hold; none of a needle that is too short for one."""
    starts = range(len(needle) - 2)
    step = max(1, len(starts) // MAX_TRIGRAMS)
    return list(dict.fromkeys(needle[start : start + 3] for start in starts[::step]))


@lru_cache(maxsize=MAX_GROUP)
def _insert_sql(rows: int) -> str:
    return (
        f"INSERT INTO notifications ({REVS}, {INSERT_COLUMNS}) VALUES {', '.join([ROW] * rows)}"
        " ON CONFLICT (hook_id, event_id, signature) DO NOTHING"
    )


@lru_cache(maxsize=256)
def _numbered(sql: str) -> str:
    """SQLite writes its numbered parameters ?1, PostgreSQL $1."""
    return sql.replace("$", "?")
