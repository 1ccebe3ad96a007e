"""The connection that writes to a SQLite file, and the room that is kept for deleting."""

import asyncio
import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from srhooks.domain.ids import IdSource
from srhooks.domain.models import NewNotification
from srhooks.store.errors import DiskFullError, IdTakenError, StoreUnavailableError
from srhooks.store.filter_sql import INSERT_COLUMNS, insert_values, storable
from srhooks.store.group_commit import MAX_GROUP, Transaction
from srhooks.store.migrate import SchemaError, scripts
from srhooks.store.reserve import Reserve
from srhooks.store.sqlite_connection import close_quietly, connect, file_at
from srhooks.store.sqlite_schema import migrate
from srhooks.store.wal_checkpoint import CHECKPOINT, LAST_RESORT

log = logging.getLogger(__name__)

T = TypeVar("T")
INCREMENTAL = 2  # of PRAGMA auto_vacuum
VACUUM_PAGES = 500  # that one transaction gives back
PAGE = 4096  # bytes, SQLite's default
TRANSACTION_BYTES = 65_536  # of the log that one takes up, beside bodies and headers
LOG_ATTEMPTS = 50  # to turn the write-ahead log on
LOG_PAUSE = 0.05  # seconds between two of them
MOST_VACUUMS = 20  # of them in a row while a disk is full: intake is refused meanwhile
LEAST_FREE = 65_536  # bytes: with fewer, what fails on the disk fails because it is full
FREE_SHARE = 10  # free pages are kept up to a tenth of the file
REVS = "rev, first_rev"  # of a new row they are the same
ROW = "(" + ", ".join("?" for _ in f"{REVS}, {INSERT_COLUMNS}".split(", ")) + ")"


class WritingConnection:
    """Opened again after each failure, so that it recovers when the disk does."""

    def __init__(self, path: Path, ids: IdSource) -> None:
        self._path = path
        self._ids = ids
        self._open: aiosqlite.Connection | None = None
        self.commits = 0
        self.reserve_in_use = False
        self._reserve = Reserve(path)
        self._log_size = _LogSize()
        self._tools = _Tools(ids, self._log_size)
        self._file = (0, 0)

    async def migrate(self) -> None:
        known = scripts("sqlite")
        await self._in_its_thread(lambda plain: migrate(plain, known))

    async def transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),  # noqa: ARG002 - nobody else writes
    ) -> T:  # fmt: skip
        transact = _transact if durable else _transact_unsynced
        await self._copy_log()
        return await self._in_its_thread(lambda plain: transact(plain, work, self._tools))

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        await self._copy_log()
        self._log_size.count(TRANSACTION_BYTES, *(len(row.body) for row in rows))
        return await self._in_its_thread(lambda plain: _insert(plain, rows, self._ids))

    async def _copy_log(self) -> None:
        """What is in the log alone must fit into the database with what is kept for deleting."""
        if self._log_size.bytes > self._reserve.size // 2 and not self.reserve_in_use:
            self._log_size.bytes = await self._in_its_thread(_copied)

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
            kind = DiskFullError if _is_full(error, self._path) else StoreUnavailableError
            raise kind(f"cannot write: {error}") from error
        self.commits += 1
        return result

    async def checkpoint(self) -> None:
        """Copy what is left of the log, so that the next commit begins it anew."""
        if self._open is not None:
            await self._open.execute_fetchall(CHECKPOINT.format("PASSIVE"))
            self._log_size.bytes = 0

    async def use_reserve(self) -> bool:
        used = await asyncio.to_thread(self._reserve.give_up)
        if used:
            self.reserve_in_use = True
            await self._shrink()
        return used

    async def restore_reserve(self) -> bool:
        if self.reserve_in_use:
            await self._shrink()
        held = await asyncio.to_thread(self._reserve.take)
        if self.reserve_in_use and held:
            log.info("the disk has room again: what comes in is stored")
        self.reserve_in_use = not held
        return held

    async def vacuum_some(self) -> int:
        """Give free pages back to the disk, a few; how many there were to be given back."""
        return await self._in_its_thread(_vacuum_some)

    async def _shrink(self) -> None:
        """Begin the log anew and shorten the file by what is free, as far as that can be."""
        with contextlib.suppress(StoreUnavailableError):
            for _ in range(MOST_VACUUMS):
                await self._in_its_thread(lambda plain: _empty_log(plain, self._path))
                if await self.vacuum_some() <= 0:
                    return

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
            await _use_log(self._open)
            await self._open.execute("PRAGMA synchronous = FULL")
            # A commit that copies the log into the database is ten times as slow: checkpoints.py.
            await self._open.execute(f"PRAGMA wal_autocheckpoint = {LAST_RESORT}")
            await self._open.execute("PRAGMA secure_delete = ON")  # what is deleted, is zeroed
            # What stands for PostgreSQL's sequence of changes, in the same words.
            await self._open.create_function("nextval", 1, lambda _: self._ids())
        return self._open


async def _use_log(connection: aiosqlite.Connection) -> None:
    """Use the write-ahead log; a restored copy may have none, and a new file has none.

    SQLite refuses at once, without waiting for its busy time-out, while another process that
    starts changes the same (sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY").
    """
    for attempts_left in reversed(range(LOG_ATTEMPTS)):
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not attempts_left:
                raise
            await asyncio.sleep(LOG_PAUSE)
        else:
            return


def _is_full(error: Exception, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return True
    if kind not in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}:
        return False
    with contextlib.suppress(OSError):  # the log's index cannot grow
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < LEAST_FREE
    return False


class _LogSize:
    """About how much was written since the log was last copied into the database."""

    def __init__(self) -> None:
        self.bytes = 0

    def count(self, *sizes: int) -> None:
        self.bytes += sum(sizes)


class _Tools(NamedTuple):
    ids: IdSource
    log_size: _LogSize


def _copied(connection: sqlite3.Connection) -> int:
    """Copy the log into the database; the bytes that could not be copied yet."""
    ((_, pages, copied),) = connection.execute(CHECKPOINT.format("PASSIVE")).fetchall()
    return int(pages - copied) * PAGE


def _empty_log(connection: sqlite3.Connection, path: Path) -> None:
    """If the database has room for it: an attempt that fails has used up the room all the same."""
    with contextlib.suppress(sqlite3.OperationalError, OSError):  # somebody reads from it
        ((total,),) = connection.execute("PRAGMA page_count").fetchall()
        disk = os.statvfs(path.parent)
        if int(total) * PAGE - path.stat().st_size <= disk.f_bavail * disk.f_frsize:
            connection.execute(CHECKPOINT.format("TRUNCATE")).fetchall()


def _vacuum_some(connection: sqlite3.Connection) -> int:
    """Give a few free pages back to the disk; how many there were to be given back.

    As a script, which goes on until the statement has ended: `execute` would end it after a page.
    """
    ((mode,),) = connection.execute("PRAGMA auto_vacuum")
    ((free,),) = connection.execute("PRAGMA freelist_count")
    ((total,),) = connection.execute("PRAGMA page_count")
    surplus = int(free) - int(total) // FREE_SHARE if mode == INCREMENTAL else 0
    if surplus > 0:
        connection.executescript(f"PRAGMA incremental_vacuum({min(surplus, VACUUM_PAGES):d})")
    return surplus


class _SqliteTransaction:
    """Its methods wait for nothing: they run in the connection's thread."""

    def __init__(self, connection: sqlite3.Connection, tools: _Tools) -> None:
        self._connection = connection
        self._ids = tools.ids
        self._log_size = tools.log_size

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        return self._connection.execute(numbered(sql), storable(args)).fetchall()

    async def execute(self, sql: str, *args: Any) -> int:
        self._log_size.count(*map(_size, args))
        return self._connection.execute(numbered(sql), storable(args)).rowcount

    async def execute_many(self, sql: str, args: Sequence[tuple[Any, ...]]) -> None:
        if args:
            self._log_size.count(*(_size(value) for one in args for value in one))
            self._connection.executemany(numbered(sql), [storable(one) for one in args])

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        self._log_size.count(*(len(row.body) for row in rows))
        return _insert(self._connection, rows, self._ids)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes) else 0


def _transact(
    connection: sqlite3.Connection, work: Callable[[Transaction], Coroutine[Any, Any, T]],
    tools: _Tools,
) -> T:  # fmt: skip
    tools.log_size.count(TRANSACTION_BYTES)
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = _finish(work(_SqliteTransaction(connection, tools)))
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result


def _transact_unsynced(
    connection: sqlite3.Connection, work: Callable[[Transaction], Coroutine[Any, Any, T]],
    tools: _Tools,
) -> T:  # fmt: skip
    """The next durable commit syncs it as well; a power cut before that undoes it.

    sqlite.org/pragma.html#pragma_synchronous: in WAL mode the database stays consistent.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        return _transact(connection, work, tools)
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
    connection: sqlite3.Connection, rows: list[NewNotification], ids: IdSource
) -> list[bool]:
    # One statement: the thread then needs the interpreter's lock once, not for each row.
    values: list[Any] = []
    for row, rev in zip(rows, ids.many(len(rows)), strict=True):
        values += (rev, rev, *insert_values(row))
    try:
        cursor = connection.execute(_insert_sql(len(rows)), values)
    except sqlite3.IntegrityError as error:
        if "notifications.id" in str(error):
            raise IdTakenError(str(error)) from error
        raise
    if cursor.rowcount == len(rows):
        return [True] * len(rows)
    numbers = [row.id for row in rows]
    marks = ", ".join("?" * len(numbers))
    found = connection.execute(f"SELECT id FROM notifications WHERE id IN ({marks})", numbers)
    stored = {row[0] for row in found}
    return [number in stored for number in numbers]


@lru_cache(maxsize=MAX_GROUP)
def _insert_sql(rows: int) -> str:
    return (
        f"INSERT INTO notifications ({REVS}, {INSERT_COLUMNS}) VALUES {', '.join([ROW] * rows)}"
        " ON CONFLICT (hook_id, event_id, signature) DO NOTHING"
    )


@lru_cache(maxsize=256)
def numbered(sql: str) -> str:
    """SQLite writes its numbered parameters ?1, PostgreSQL $1."""
    return sql.replace("$", "?")
