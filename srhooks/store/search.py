"""Search: an index that follows at its own pace, and the few rows that are not in it yet."""

import abc
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from srhooks.models import Filter, Notification, search_text
from srhooks.store.query import COLUMNS, conditions, notification_of, placeholders
from srhooks.store.writer import Transaction

T = TypeVar("T")
TAIL_CHUNK = 200  # rows not yet in the search index that are looked through at a time
# As a list of ids: with OR in its place both databases would read the whole table.
UNINDEXED = (
    "n.id IN (SELECT id FROM notifications WHERE id > (SELECT indexed_to FROM search_state)"
    " UNION SELECT id FROM reindex)"
)


class SearchQueries(abc.ABC):
    search_id: str  # the column of the search table that holds the notification's id

    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query outside of the writer."""

    @abc.abstractmethod
    async def _work(self, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run inside a transaction of the writer."""

    @abc.abstractmethod
    async def _search(self, user_id: str, wanted: Filter, limit: int) -> list[Any]:
        """Rows of indexed notifications that hold `wanted.q`, newest first."""

    @abc.abstractmethod
    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, str]]) -> None:
        """Put texts into the search index, each in place of what is there for its number."""

    async def _searched(self, user_id: str, wanted: Filter, limit: int) -> list[Notification]:
        """From the index, and from the few that are not in it yet: together, newest first."""
        indexed = [notification_of(row) for row in await self._search(user_id, wanted, limit)]
        found = {n.id: n for n in indexed if wanted.matches(n)}
        where, args = conditions(user_id, wanted)
        before = wanted.before
        while True:
            below = "" if before is None else f" AND n.id < {before:d}"
            rows = await self._read(
                f"SELECT {COLUMNS} FROM notifications n WHERE {where} AND {UNINDEXED}{below}"
                f" ORDER BY n.id DESC LIMIT {TAIL_CHUNK}",
                *args,
            )
            tail = [notification_of(row) for row in rows]
            found.update((n.id, n) for n in tail if wanted.matches(n))
            newest = sorted(found, reverse=True)[:limit]
            full = len(newest) == limit
            if len(rows) < TAIL_CHUNK or (full and newest[-1] >= tail[-1].id):
                return [found[number] for number in newest]
            before = tail[-1].id

    async def index_some(self, limit: int) -> int:
        rows = await self._read(
            f"SELECT {COLUMNS} FROM notifications n WHERE n.id IN (SELECT id FROM ("
            "SELECT id FROM notifications WHERE id > (SELECT indexed_to FROM search_state)"
            f" ORDER BY id LIMIT {limit:d}) fresh UNION SELECT id FROM"
            f" (SELECT id FROM reindex ORDER BY id LIMIT {limit:d}) changed)"
            f" ORDER BY n.id LIMIT {limit:d}"
        )
        if not rows:
            return 0
        found = [notification_of(row) for row in rows]
        numbers = [n.id for n in found]
        texts = [(n.id, n.rev, search_text(n)) for n in found]

        async def work(tx: Transaction) -> None:
            ((indexed_to,),) = await tx.fetch("SELECT indexed_to FROM search_state")
            current: dict[int, int] = dict(
                await tx.fetch(
                    "SELECT id, rev FROM notifications"
                    f" WHERE id IN ({placeholders(1, len(numbers))})",
                    *numbers,
                )
            )
            # What was deleted meanwhile is left out: nothing of it may come back.
            await self._index(tx, [(id_, text) for id_, _, text in texts if id_ in current])
            done = [(id_,) for id_, rev, _ in texts if current.get(id_) == rev]
            await tx.execute_many("DELETE FROM reindex WHERE id = $1", done)
            # In order of ids: what is below the highest of these is indexed or in `reindex`.
            await tx.execute(
                "UPDATE search_state SET indexed_to = $1", max(indexed_to, numbers[-1])
            )

        await self._work(work)
        return len(texts)
