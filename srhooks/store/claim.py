"""A claim to have a database for oneself: who comes later waits.

SQLite has one process at a time: whoever serves it holds a lock on a file beside the database,
which the system takes back when the process ends, however it ends (flock(2)). PostgreSQL has any
number, but for what needs to be alone there: see `postgres_claim`.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from srhooks.store.errors import StoreUnavailableError


class Claim(Protocol):
    async def acquire(self) -> bool:
        """Whether it is ours now; False: another process has it. Raises StoreUnavailableError."""

    async def release(self) -> None:
        """Never raises."""


def claim_for(database_url: str) -> Claim:
    """To have the database for oneself."""
    scheme, _, rest = database_url.partition("://")
    if scheme == "sqlite":
        return FileClaim(rest.removeprefix("/"))
    from srhooks.store.postgres_claim import ServerClaim  # noqa: PLC0415 - a driver, when used

    return ServerClaim(database_url)


def serving_claim_for(database_url: str) -> Claim:
    """To serve the database: beside other processes where it allows that."""
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
