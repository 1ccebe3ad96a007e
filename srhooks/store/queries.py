"""How every part of the SQL store runs its statements."""

import abc
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

from srhooks.store.group_commit import Transaction

T = TypeVar("T")


class Queries(abc.ABC):
    """Statements take $1, $2 and so on. Each may raise StoreUnavailableError."""

    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query on a reading connection; return its rows."""

    @abc.abstractmethod
    async def _write(self, sql: str, *args: Any) -> int:
        """Run one statement in a transaction of the writer; how many rows it changed."""

    @abc.abstractmethod
    async def _work(
        self, run: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),
    ) -> T:  # fmt: skip
        """Run several statements in one transaction of the writer.

        What is not durable outlives the program, but perhaps not a power cut. Notifications of
        these users alone may be changed in it, with a new `rev` each.
        """
