"""The store in a SQLite file: WAL, synchronous=FULL, one writing connection, a few reading ones.

WAL with FULL syncs the log at each commit, so a committed notification survives a power cut
(sqlite.org/pragma.html#pragma_synchronous).
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.domain.search_text import fold
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import (
    DiskFullError,
    StoreError,
    StoreUnavailableError,
)
from srhooks.store.filter_sql import storable
from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import placeholders
from srhooks.store.reader_pool import Readers
from srhooks.store.sql_store import SqlStore
from srhooks.store.sqlite_connection import close_quietly, connect, create_private, file_at
from srhooks.store.sqlite_writer import VACUUM_PAGES, WritingConnection, numbered
from srhooks.store.wal_checkpoint import Checkpoints, checkpoint

T = TypeVar("T")
READERS = 3
MERGE_PAGES = 200  # of the search index that one transaction merges: some ten milliseconds
MERGE_PAUSE = 0.01  # seconds between two of them
MAX_MERGES = 100_000
MAX_TRIGRAMS = 24  # of a search that the index looks up; the text itself decides


class SqliteStore(SqlStore):
    search_id = "rowid"
    probe_bytes = 65_536

    def __init__(self, path: str, metrics: Metrics, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(metrics, clock)
        self._path = Path(path)
        # One rising sequence for ids and changes: a row starts with rev > id.
        self._connection = WritingConnection(self._path, self.next_id)
        self._readers = Readers(READERS, lambda: _Reader.open(self._path))

    async def open(self) -> None:
        try:
            create_private(self._path)
            try:
                await self._connection.migrate()
            except DiskFullError:
                if not await self._connection.use_reserve():
                    raise
                await self._connection.migrate()
            await self._connection.restore_reserve()
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

    def _among(self, ids: Sequence[int], args: list[Any]) -> str:
        first = len(args) + 1
        args.extend(ids)
        return f"IN ({placeholders(first, len(ids)) or 'NULL'})"

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
        await self._connection.restore_reserve()  # as large as it may be
        return not busy

    async def _give_space_back(self) -> None:
        """Shorten the file by its free pages, but for a part that intake will need again.

        Only of a database made with `auto_vacuum = INCREMENTAL`; an older one keeps its size and
        uses the pages again (sqlite.org/pragma.html#pragma_incremental_vacuum).
        """

        for _ in range(MAX_MERGES):
            if await self._connection.vacuum_some() <= VACUUM_PAGES:
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

    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, bytes]]) -> None:
        await tx.execute_many(
            "DELETE FROM search WHERE rowid = $1", [(number,) for number, _ in texts]
        )
        await tx.execute_many(
            "INSERT INTO search (rowid, text) VALUES ($1, CAST($2 AS TEXT))", texts
        )


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
        return list(await self._connection.execute_fetchall(numbered(sql), storable(args)))

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


def _trigrams(needle: str) -> list[str]:
    """Some that a text with the needle must hold; none of a needle that is too short for one."""
    starts = range(len(needle) - 2)
    step = max(1, len(starts) // MAX_TRIGRAMS)
    return list(dict.fromkeys(needle[start : start + 3] for start in starts[::step]))
