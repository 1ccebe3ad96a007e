"""A consistent copy of a SQLite database while others write to it."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from srhooks.store.errors import StoreError
from srhooks.store.sqlite_connection import read_write_uri

PAGES = 2000  # of one step
Progress = Callable[[int, int], None]  # pages done, pages in all


class BackupError(StoreError):
    """One line for the person who asked for it."""


def back_up(source: Path, target: Path, progress: Progress) -> None:
    """Copy it to a new file that its owner alone can read. Raises BackupError.

    The target appears when it is complete, checked and on disk; an existing file is left alone.
    """
    if not source.is_file():
        raise BackupError(f"there is no database {source}")
    if target.exists():
        raise BackupError(f"{target} is there already: give another name")
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupError(f"cannot write {partial}: {error.strerror}") from error
    try:
        _copy(source, partial, progress)
        _sync(partial)
        os.link(partial, target)  # unlike a rename, it replaces nothing
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"cannot back up {source}: {error}") from error
    finally:
        for name in (partial, *(Path(f"{partial}{end}") for end in ("-journal", "-wal", "-shm"))):
            name.unlink(missing_ok=True)


def _copy(source: Path, target: Path, progress: Progress) -> None:
    with (
        contextlib.closing(
            sqlite3.connect(read_write_uri(source), uri=True, isolation_level=None)
        ) as reading,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        # One state from beginning to end: without it, each write of somebody else begins it anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(
            writing, pages=PAGES, progress=lambda _, left, total: progress(total - left, total)
        )
        reading.execute("ROLLBACK")
        writing.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        ((verdict,), *_) = writing.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {verdict}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
