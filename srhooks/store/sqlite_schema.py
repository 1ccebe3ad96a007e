"""Bring the tables of a SQLite database up to date."""

import sqlite3
from collections.abc import Iterator, Sequence

from srhooks.store.migrate import (
    VERSIONS,
    SchemaError,
    Script,
    check_tables,
    check_versions,
    table_columns,
)


def migrate(connection: sqlite3.Connection, known: Sequence[Script]) -> None:
    """Apply the files that are missing, all or none. Raises SchemaError, sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")  # two that start at once take turns
    try:
        _migrate(connection, known)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, known: Sequence[Script]) -> None:
    ((version,),) = connection.execute("PRAGMA user_version")
    tables = table_columns(connection)
    if version == 0 and tables:
        raise SchemaError("it holds tables of something else than srhooks")
    kept: dict[int, str | None] = {}
    if "schema_version" in tables:
        kept = dict(connection.execute("SELECT number, checksum FROM schema_version").fetchall())
    check_versions({number: kept.get(number) for number in range(1, version + 1)}, known)
    if version:
        check_tables(version, tables)
    if "schema_version" not in tables:
        connection.execute(VERSIONS.replace("(number BIGINT)", "(number INTEGER, checksum TEXT)"))
    for script in known:
        if script.number > version:
            for statement in _statements(script.text):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {script.number:d}")
        if script.number not in kept:
            connection.execute(
                "INSERT INTO schema_version (number, checksum) VALUES (?, ?)",
                (script.number, script.checksum),
            )


def _statements(text: str) -> Iterator[str]:
    """One by one: `executescript` would end the transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
