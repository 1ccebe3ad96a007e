"""Claims to a database: exclusive, or to serve it.

A SQLite database is served by one process at a time, which holds a lock on a file beside it; the
system releases the lock when the process ends (flock(2)). PostgreSQL allows many processes, except
while one needs it exclusively: see `postgres_claim`.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from srhooks.store.errors import StoreUnavailableError


class Claim(Protocol):
    async def acquire(self) -> bool:
        """Try to get the claim; False: another process holds it. Raises StoreUnavailableError."""

    async def release(self) -> None:
        """Never raises."""


def claim_for(database_url: str) -> Claim:
    """An exclusive claim to the database."""
    scheme, _, rest = database_url.partition("://")
    if scheme == "sqlite":
        return FileClaim(rest.removeprefix("/"))
    from srhooks.store.postgres_claim import ServerClaim  # noqa: PLC0415 - a driver, when used

    return ServerClaim(database_url)


def serving_claim_for(database_url: str) -> Claim:
    """A claim to serve the database: shared on PostgreSQL, exclusive on SQLite."""
    if database_url.startswith("sqlite:"):
        return claim_for(database_url)
    from srhooks.store.postgres_claim import EntryClaim  # noqa: PLC0415 - a driver, when used

    return EntryClaim(database_url)


class FileClaim:
    def __init__(self, path: str) -> None:
        self._path = Path(f"{os.path.realpath(path)}.lock")
        self._handle: int | None = None

    async def acquire(self) -> bool:
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailableError(f"cannot use {self._path}: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            raise StoreUnavailableError(f"cannot lock {self._path}: {error.strerror}") from error
        self._handle = handle
        return True

    async def release(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)
