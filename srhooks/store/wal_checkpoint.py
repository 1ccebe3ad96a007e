"""SQLite's log is copied into the database beside the commits, not by one of them.

A commit that copies thousands of pages takes 3 to 15 ms, and everybody waits for it. Here another
connection copies what there is while commits go on, and the writer the little that came meanwhile:
then the next commit begins the log anew (sqlite.org/wal.html, "Checkpointing").
"""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Protocol

from srhooks.store.sqlite_connection import close_quietly, connect

CHECKPOINT = "PRAGMA wal_checkpoint({})"
INTERVAL = 0.25  # seconds between two checkpoints
COMMITS = 50  # since the last one; with fewer there is nothing to do
LOG_PAGES = 4000  # from which on the log is begun anew: 16 MB
LAST_RESORT = 20_000  # pages, 80 MB, at which a commit does all by itself


class Log(Protocol):
    """The connection that writes."""

    @property
    def commits(self) -> int:
        """How many there were since it was made."""

    async def checkpoint(self) -> None:
        """Copy the rest between two commits. Raises sqlite3.Error, or ValueError when closed."""


class Checkpoints:
    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log
        self._task = asyncio.create_task(self._run(), name="checkpoints")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        seen = self._log.commits
        while True:
            await asyncio.sleep(INTERVAL)
            if self._log.commits - seen < COMMITS:
                continue
            seen = self._log.commits
            with contextlib.suppress(sqlite3.Error, OSError, ValueError):  # told by who must write
                _, pages = await checkpoint(self._path, "PASSIVE")
                if pages > LOG_PAGES:
                    await self._log.checkpoint()


async def checkpoint(path: Path, mode: str) -> tuple[bool, int]:
    """Whether something was in the way, and the pages of the log. Raises sqlite3.Error or OSError.

    On a connection of its own: PASSIVE waits for nobody and holds nobody up.
    """
    connection = await connect(path)
    try:
        ((busy, pages, _),) = await connection.execute_fetchall(CHECKPOINT.format(mode))
    finally:
        await close_quietly(connection)
    return bool(busy), int(pages)
