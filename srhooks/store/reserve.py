"""Room on the disk that is kept for deleting: SQLite's log grows before anything gets smaller.

A file beside the database takes the room up. On a full disk it is given up for what deletes, and
taken again as soon as there is room; until then nothing else is stored.
"""

import contextlib
import functools
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

# Deleting the largest notification writes 12 MB: a body of 1 MB and an entity of 4 MB are
# overwritten (secure_delete), and so are their texts in the search and what the index has of them.
RESERVE_BYTES = 16 * 1024 * 1024
SHARE_OF_DISK = 8  # no more than this part of a small disk
LEAST_SHARE = 4  # of the size, which must do while there is no more room
RETRY_INTERVAL = 1.0  # seconds after the disk had less room than it said (a quota)
BLOCK = 1024 * 1024  # bytes
USABLE: ContextVar[bool] = ContextVar("reserve_usable", default=False)


@contextlib.contextmanager
def using_reserve() -> Iterator[None]:
    """Writes inside may use the reserve: they delete, or are small and lead to deletion."""
    token = USABLE.set(True)
    try:
        yield
    finally:
        USABLE.reset(token)


def may_use_reserve(
    method: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """A method of the store whose writes may use the room."""

    @functools.wraps(method)
    async def using(*args: P.args, **kwargs: P.kwargs) -> T:
        with using_reserve():
            return await method(*args, **kwargs)

    return using


class Reserve:
    """Its methods wait for the disk: call them in a thread."""

    def __init__(self, database: Path, most: int = RESERVE_BYTES) -> None:
        self._path = Path(f"{database}.reserve")
        self._most = most
        self._retry_at = 0.0
        self.held = False
        self.size = most  # what is kept while there is room

    def give_up(self) -> bool:
        """Free the room; False when none was kept."""
        try:
            self._path.unlink()
        except OSError:
            return False
        finally:
            self.held = False
        log.warning("the disk is full: deleting uses the room that is kept for it")
        return True

    def take(self) -> bool:
        """Take the room up, as much as the disk has beside some for intake; False: too little."""
        try:
            kept = self._path.stat().st_size if self._path.exists() else 0
            disk = os.statvfs(self._path.parent)
            free = disk.f_bavail * disk.f_frsize + kept
            size = self.size = min(self._most, disk.f_blocks * disk.f_frsize // SHARE_OF_DISK)
        except OSError:
            return self.held
        least = size // LEAST_SHARE
        wanted = max(min(size, free - size // 2), least)
        if kept >= wanted:
            self.held = True
            return True
        if free < wanted or time.monotonic() < self._retry_at:
            self.held = kept >= least
            return self.held
        try:
            self._fill(wanted)
        except OSError:
            self._retry_at = time.monotonic() + RETRY_INTERVAL
            with contextlib.suppress(OSError):
                self._path.unlink()
            self.held = False
            return False
        self.held = True
        return True

    def _fill(self, size: int) -> None:
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)
            if os.fstat(handle).st_blocks * 512 < size:  # a disk that compresses, or cannot do it
                for start in range(0, size, BLOCK):
                    os.pwrite(handle, os.urandom(min(BLOCK, size - start)), start)
        finally:
            os.close(handle)
