"""The full-text search index, updated in the background."""

import abc
from collections.abc import Sequence

from srhooks.domain.clean_text import utf8
from srhooks.domain.models import Notification
from srhooks.domain.search_text import search_text
from srhooks.server.heavy_work import run_in_background
from srhooks.store.feed_slices import SIZE, light
from srhooks.store.filter_sql import COLUMNS, notification_of
from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import placeholders
from srhooks.store.queries import Queries

INDEX_BYTES = 2 * 1024 * 1024  # bodies, headers and entities that one transaction indexes


def _texts(notifications: Sequence[Notification]) -> list[tuple[int, int, bytes]]:
    """For each its id, its rev and what can be searched for, as UTF-8.

    The libraries of both databases would encode a text in one go, with the interpreter's lock.
    """
    return [(n.id, n.rev, utf8(search_text(n))) for n in notifications]


class SearchQueries(Queries):
    search_id: str  # the column of the search table that holds the notification's id

    @abc.abstractmethod
    async def _index(self, tx: Transaction, texts: Sequence[tuple[int, bytes]]) -> None:
        """Put texts (UTF-8) into the index, each in place of what is there for its number."""

    async def index_some(self, limit: int) -> int:
        sized = await self._read(
            f"SELECT n.id, {SIZE} FROM notifications n WHERE n.id IN (SELECT id FROM ("
            "SELECT id FROM notifications WHERE id > (SELECT indexed_to FROM search_state)"
            f" ORDER BY id LIMIT {limit:d}) fresh UNION SELECT id FROM"
            f" (SELECT id FROM reindex ORDER BY id LIMIT {limit:d}) changed)"
            f" ORDER BY n.id LIMIT {limit:d}"
        )
        part = light(sized, INDEX_BYTES)
        rows = await self._read(
            f"SELECT {COLUMNS} FROM notifications n"
            f" WHERE n.id IN ({placeholders(1, len(part) or 1)}) ORDER BY n.id",
            *(part or [0]),
        )
        if not rows:
            return 0
        notifications = [notification_of(row) for row in rows]
        numbers = [n.id for n in notifications]
        texts = await run_in_background(_texts, notifications)

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

        # Not durable: else they are indexed again. In turn with other processes that change these
        # accounts: a state that one stored between the read and the delete would never be indexed.
        await self._work(work, durable=False, user_ids={n.user_id for n in notifications})
        return len(texts)
