"""Copy all rows of one database to an empty other one, of the same kind or another.

The tables are those of the schema files. What is left out: the search index, which is made anew in
the background where the copy is served; the list of applied schema files, which the target has of
its own; and what `PROCESS_TABLES` names.
"""

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from srhooks.store.errors import StoreError
from srhooks.store.filter_sql import storable
from srhooks.store.migrate import expected_columns, scripts

Row = tuple[Any, ...]
Step = Literal["copy", "verify"]
Progress = Callable[[Step, str, int], None]  # step, table, rows done since the last call

BATCH_ROWS = 500
BATCH_BYTES = 16 * 1024 * 1024
# Each database's own: the numbers and checksums of its schema files, how far its index goes, and
# what its triggers count.
OWN_TABLES = frozenset({"schema_version", "search_state", "event_counts", "event_counts_state"})
# Rows that srhooks makes by itself, without anybody's doing: a target may have them.
STARTED_TABLES = frozenset({"maintenance_state", "program_runs"})
# What running processes agree on among themselves. It ends with them.
PROCESS_TABLES = frozenset({"processes", "leases", "rate_slots", "rate_wants"})


class CopyError(StoreError):
    """The copy cannot be made; the message is one line for the person who started it."""


class TableDigest:
    """A digest of the rows of a table, independent of their order."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        self._total = (self._total + sum(map(_row_number, rows))) % (1 << 128)

    @property
    def value(self) -> tuple[int, int]:
        return self.rows, self._total


class Side(Protocol):
    """One of the two databases. Its methods raise the driver's errors."""

    async def version(self) -> int:
        """The number of its newest schema file, 0 for a database that srhooks did not make."""

    async def is_served(self) -> bool:
        """Whether running processes say so in the database itself."""

    async def columns(self) -> Mapping[str, frozenset[str]]:
        """Of each of its tables but those of the search index."""

    async def count(self, table: str) -> int: ...

    def rows(self, table: str, columns: Sequence[str]) -> AsyncGenerator[Row, None]:
        """Each row of the table, from one snapshot."""


class Target(Side, Protocol):
    async def begin(self) -> None:
        """Bring its tables up to date and begin the one transaction. Raises SchemaError."""

    async def clear(self, table: str) -> None: ...

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None: ...

    async def finish(self) -> None:
        """Count on above the numbers that were copied, have all indexed anew, and commit."""


def copied_tables() -> dict[str, list[str]]:
    """The tables of the newest schema that are carried over, each with its columns."""
    expected = expected_columns(scripts("sqlite")[-1].number)
    return {
        table: sorted(expected[table])
        for table in sorted(expected)
        if table not in OWN_TABLES | PROCESS_TABLES
    }


async def check_empty(target: Side) -> None:
    """Raise CopyError when the database holds anybody's data."""
    there = await target.columns()
    for table in copied_tables():
        if table in there and table not in STARTED_TABLES and (rows := await target.count(table)):
            raise CopyError(f"TO is not empty: its table {table} has {rows:,} rows")


async def copy_rows(source: Side, target: Target, progress: Progress) -> int:
    """Copy all rows, read them again and compare; return their number. All or nothing is stored.

    Raises CopyError and the drivers' errors.
    """
    tables = copied_tables()
    sent: dict[str, TableDigest] = {}
    for table, columns in tables.items():
        await target.clear(table)
        sent[table] = digest = TableDigest()
        async with contextlib.aclosing(_batches(source, table, columns)) as batches:
            async for rows in batches:
                await target.add(table, columns, rows)
                digest.add(rows)
                progress("copy", table, len(rows))
        counted = await source.count(table)
        if counted != digest.rows:
            raise CopyError(f"of {counted:,} rows of {table}, {digest.rows:,} could be read")
    for table, columns in tables.items():
        arrived = TableDigest()
        async with contextlib.aclosing(_batches(target, table, columns)) as batches:
            async for rows in batches:
                arrived.add(rows)
                progress("verify", table, len(rows))
        if arrived.value != sent[table].value:
            raise CopyError(
                f"{table} did not arrive as it was sent ({arrived.rows:,} of {sent[table].rows:,}"
                " rows): nothing was kept"
            )
    await target.finish()
    return sum(digest.rows for digest in sent.values())


async def _batches(
    side: Side, table: str, columns: Sequence[str]
) -> AsyncGenerator[list[Row], None]:
    """A bounded number of rows and bytes at a time, texts as both databases take them."""
    batch: list[Row] = []
    size = 0
    async with contextlib.aclosing(side.rows(table, columns)) as rows:
        async for row in rows:
            batch.append(storable(row))
            size += sum(len(value) for value in row if isinstance(value, bytes | str))
            if len(batch) == BATCH_ROWS or size > BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _row_number(row: Row) -> int:
    """A digest of the row's values and their types."""
    digest = hashlib.blake2b(digest_size=16)
    for value in row:
        match value:
            case None:
                digest.update(b"-")
            case str():
                encoded = value.encode()
                digest.update(b"s%d:" % len(encoded) + encoded)
            case bytes():
                digest.update(b"b%d:" % len(value) + value)
            case _:
                digest.update(f"{value!r};".encode())
    return int.from_bytes(digest.digest())
