"""Things by their id or their name: what a search offers beside the notifications.

An id is found by its digest. No index knows what stands within a name, and an account may have
millions: they are looked through from the newest on, some thousands at a time, for a bounded time.
"""

import asyncio

from srhooks.domain.models import SubjectName
from srhooks.domain.search_text import fold
from srhooks.domain.subjects import KINDS, NEW_HIRE, Subject, digest_of
from srhooks.store.filter_sql import like_pattern
from srhooks.store.many_values import placeholders
from srhooks.store.queries import Queries
from srhooks.store.subject_protocol import NAMES_TIME

PART = 2000  # names that are looked through at a time; those of the first one in any case
NAME = "subject, kind, id, name, notification_id"


class NameSearchQueries(Queries):
    async def find_names(
        self, user_id: str, text: str, limit: int, patience: float = NAMES_TIME
    ) -> list[SubjectName]:
        by_id, by_name = await asyncio.gather(
            self._with_id(user_id, text), self._with_name(user_id, text, limit, patience)
        )
        found = {one.subject: one for one in (*by_id, *by_name)}
        return sorted(found.values(), key=lambda one: -one.notification_id)[:limit]

    async def _with_id(self, user_id: str, text: str) -> list[SubjectName]:
        digests = [digest_of(user_id, Subject(kind, text)) for kind in (*KINDS, NEW_HIRE)]
        rows = await self._read(
            f"SELECT {NAME} FROM subject_names WHERE subject IN ({placeholders(1, len(digests))})",
            *digests,
        )
        return [_name_of(row) for row in rows]

    async def _with_name(
        self, user_id: str, text: str, limit: int, patience: float
    ) -> list[SubjectName]:
        pattern = like_pattern(fold(text))
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        found: list[SubjectName] = []
        above: int | None = None  # what has been looked through
        while True:
            values: list[object] = [user_id] if above is None else [user_id, above]
            where = "user_id = $1" if above is None else "user_id = $1 AND notification_id < $2"
            low = await self._read(
                f"SELECT notification_id FROM subject_names WHERE {where}"
                f" ORDER BY notification_id DESC LIMIT 1 OFFSET {PART - 1:d}",
                *values,
            )
            if low:
                values.append(low[0][0])
                where += f" AND notification_id >= ${len(values)}"
            rows = await self._read(
                f"SELECT {NAME} FROM subject_names WHERE {where}"
                f" AND kind IN ('candidate', 'job') AND folded LIKE ${len(values) + 1} ESCAPE '\\'"
                f" ORDER BY notification_id DESC LIMIT {limit - len(found):d}",
                *values,
                pattern,
            )
            found += [_name_of(row) for row in rows]
            if not low or len(found) >= limit or loop.time() >= until:
                return found
            above = low[0][0]


def _name_of(row: tuple[bytes, str, str, str, int]) -> SubjectName:
    return SubjectName(bytes(row[0]), *row[1:])
