"""The schema files of a database, in order: each is applied once.

A database remembers which were applied, and their checksums: one that was made by a newer srhooks,
or by a build with other files, is refused before anything is changed.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from srhooks.store.errors import StoreError

# Created beside the files: it tells which of them were applied. Both dialects understand it.
VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT)"


class SchemaError(StoreError):
    """The database's tables are not those that this version works with."""


class Script(NamedTuple):
    number: int
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def scripts(dialect: str) -> tuple[Script, ...]:
    """Every schema file, `sqlite_001.sql` first; read once, they do not change while we run."""
    folder = files("srhooks.store").joinpath("schema")
    in_order = sorted(
        Script(
            int(entry.name.removesuffix(".sql").partition("_")[2]),
            entry.read_text(encoding="utf-8"),
        )
        for entry in folder.iterdir()
        if entry.name.startswith(f"{dialect}_") and entry.name.endswith(".sql")
    )
    return tuple(in_order)


def check_versions(applied: Mapping[int, str | None], known: Sequence[Script]) -> None:
    """`applied`: numbers and checksums, None where none was kept. Raises SchemaError."""
    newest = max(applied, default=0)
    if newest > known[-1].number:
        raise SchemaError(
            f"it was made by a newer srhooks (schema {newest}; this version knows"
            f" {known[-1].number}). Start that version, or restore a backup from before the upgrade"
        )
    for script in known:
        checksum = applied.get(script.number)
        if checksum is not None and checksum != script.checksum:
            raise SchemaError(
                f"its schema {script.number} is not this version's: another build of srhooks made"
                " it. Start that build, or restore a backup"
            )


def check_tables(version: int, columns: Mapping[str, frozenset[str]]) -> None:
    """Compare the columns of each table with what that version has. Raises SchemaError."""
    for table, expected in expected_columns(version).items():
        missing = expected - columns.get(table, frozenset())
        foreign = columns.get(table, frozenset()) - expected
        if missing or foreign:
            what = f"lacks {', '.join(sorted(missing))}" if missing else f"has {min(foreign)}"
            raise SchemaError(
                f"its tables are not those of schema {version} ({table} {what}): another build of"
                " srhooks made it. Start that build, or restore a backup"
            )


@cache
def expected_columns(version: int) -> dict[str, frozenset[str]]:
    """The columns of each table; those of both dialects have the same names, but for the search."""
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        for script in scripts("sqlite"):
            if script.number <= version:
                empty.executescript(script.text)
        return {name: found for name, found in table_columns(empty).items() if is_plain(name)}


def is_plain(table: str) -> bool:
    return not table.startswith(("search", "sqlite_")) or table == "search_state"


def table_columns(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    rows = connection.execute(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table'"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in tables.items()}
