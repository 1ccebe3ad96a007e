"""The database's file: how it is made, recognised, opened and left."""

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import aiosqlite

BUSY_TIMEOUT = 1.5  # seconds to wait for another process' lock: less than the service waits for us
CLOSE_TIMEOUT = 1.5  # seconds: whoever leaves last copies the log into the database


def create_private(path: Path) -> None:
    """Candidates' data is for the owner's eyes alone, the log beside the database included."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.close(handle)
    path.chmod(0o600)


def is_database(path: Path) -> bool:
    """Whether a file of SQLite is there (sqlite.org/fileformat2.html, 1.3)."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def file_at(path: Path) -> tuple[int, int]:
    """Which file it is, whatever its name. Raises OSError. 1 us, once a commit or query."""
    found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat
    return found.st_dev, found.st_ino


async def connect(path: Path) -> aiosqlite.Connection:
    """Raises sqlite3.Error. Who gives up waiting leaves no thread behind that still opens it."""
    opening = asyncio.create_task(_connected(path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with contextlib.suppress(sqlite3.Error, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await close_quietly(await opening)
        raise


async def _connected(path: Path) -> aiosqlite.Connection:
    return await aiosqlite.connect(
        read_write_uri(path), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT
    )


async def close_quietly(connection: aiosqlite.Connection) -> None:
    with contextlib.suppress(sqlite3.Error, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):  # its thread may be stuck on the disk
            await connection.close()


def read_write_uri(path: Path) -> str:
    """It opens what is there, and makes nothing new (sqlite.org/uri.html)."""
    return f"file:{_quoted(path)}?mode=rw"


def read_only_uri(path: Path) -> str:
    return f"file:{_quoted(path)}?mode=ro"


def _quoted(path: Path) -> str:
    text = str(path)
    return text.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
