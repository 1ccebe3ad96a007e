"""An SQLite database with something in each table, whatever tables there are by now."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from srhooks.store.database_copy import copied_tables

ROWS = 40  # of each table


def fill(path: Path) -> None:
    """Some rows in each table that there is, whatever it is for, in every column a value."""
    with closing(sqlite3.connect(path)) as connection:
        for table in copied_tables():
            connection.execute(f"DELETE FROM {table}")
            info = connection.execute(f"PRAGMA table_info({table})").fetchall()
            marks = ", ".join("?" for _ in info)
            for row in range(ROWS):
                values = [value_of(name, kind, row) for _, name, kind, *_ in info]
                connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)
        connection.execute("UPDATE notifications SET entity = NULL, event_id = NULL WHERE id = 7")
        connection.commit()


def value_of(column: str, kind: str, row: int) -> Any:
    if kind == "INTEGER":
        return row
    if kind == "BLOB":
        return b"\x00\xff %d" % row
    return f"{column} \N{SNOWMAN}\N{GRINNING FACE} {row}"


def tables_of_account(path: Path, user_id: str) -> set[str]:
    """The names of the tables that have rows of this account."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table
            for table, columns in copied_tables().items()
            if "user_id" in columns
            and connection.execute(f"SELECT 1 FROM {table} WHERE user_id = ?", [user_id]).fetchone()
        }
