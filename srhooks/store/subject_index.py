"""The index of what each notification names, which follows the user's changes at its own pace.

It is complete up to `subject_state.rev` of the user: every change of a notification raises its
`rev`, so what is not indexed as it stands is exactly what has a higher one.
"""

import abc
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from srhooks.domain.models import NamedSubjects
from srhooks.store.filter_sql import placeholders
from srhooks.store.group_commit import Transaction

T = TypeVar("T")
CHUNK = 400  # values of one statement


class SubjectQueries(abc.ABC):
    @abc.abstractmethod
    async def _read(self, sql: str, *args: Any) -> list[Any]:
        """Run a query outside of the writer."""

    @abc.abstractmethod
    async def _work(
        self, run: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True
    ) -> T:
        """Run inside a transaction of the writer."""

    async def users_to_index(self) -> list[str]:
        rows = await self._read(
            "SELECT u.id FROM users u LEFT JOIN subject_state s ON s.user_id = u.id"
            " WHERE (SELECT max(n.rev) FROM notifications n WHERE n.user_id = u.id)"
            " > coalesce(s.rev, 0)"
        )
        return [row[0] for row in rows]

    async def subject_rev(self, user_id: str) -> int:
        rows = await self._read("SELECT rev FROM subject_state WHERE user_id = $1", user_id)
        return int(rows[0][0]) if rows else 0

    async def save_subjects(self, user_id: str, entries: Sequence[NamedSubjects], rev: int) -> None:
        numbers = [entry.notification_id for entry in entries]

        async def work(tx: Transaction) -> None:
            current: dict[int, int] = {}
            if numbers:
                current = dict(
                    await tx.fetch(
                        "SELECT id, rev FROM notifications"
                        f" WHERE id IN ({placeholders(1, len(numbers))})",
                        *numbers,
                    )
                )
            # One that changed meanwhile comes again, with a higher rev.
            unchanged = [
                entry for entry in entries if current.get(entry.notification_id) == entry.rev
            ]
            await tx.execute_many(
                "DELETE FROM notification_subjects WHERE notification_id = $1",
                [(entry.notification_id,) for entry in unchanged],
            )
            await tx.execute_many(
                "INSERT INTO notification_subjects (notification_id, subject) VALUES ($1, $2)"
                " ON CONFLICT DO NOTHING",
                [
                    (entry.notification_id, subject)
                    for entry in unchanged
                    for subject in entry.subjects
                ],
            )
            await tx.execute(
                "INSERT INTO subject_state (user_id, rev) VALUES ($1, $2)"
                " ON CONFLICT (user_id) DO UPDATE SET rev = excluded.rev"
                " WHERE subject_state.rev < excluded.rev",
                user_id,
                rev,
            )

        await self._work(work, durable=False)  # else they are indexed again

    async def ids_naming(self, subjects: Sequence[bytes]) -> list[int]:
        found: set[int] = set()
        for start in range(0, len(subjects), CHUNK):
            part = subjects[start : start + CHUNK]
            rows = await self._read(
                "SELECT DISTINCT notification_id FROM notification_subjects"
                f" WHERE subject IN ({placeholders(1, len(part))})",
                *part,
            )
            found.update(row[0] for row in rows)
        return sorted(found)

    async def hooks_with_keys(self, user_id: str) -> set[str]:
        rows = await self._read(
            "SELECT DISTINCT k.hook_id FROM hook_keys k JOIN hooks h ON h.id = k.hook_id"
            " WHERE h.user_id = $1",
            user_id,
        )
        return {row[0] for row in rows}

    # --- what was erased -----------------------------------------------------------------------

    async def remember_erased(
        self, user_id: str, candidate: bytes, subjects: Sequence[bytes], at: int
    ) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute_many(
                "INSERT INTO erased_subjects (candidate, subject, user_id, at)"
                " VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (candidate, subject) DO UPDATE SET at = excluded.at"
                " WHERE erased_subjects.at < excluded.at",
                [(candidate, subject, user_id, at) for subject in subjects],
            )

        await self._work(work)

    async def erased_with(self, candidate: bytes) -> set[bytes]:
        rows = await self._read(
            "SELECT subject FROM erased_subjects WHERE candidate = $1", candidate
        )
        return {bytes(row[0]) for row in rows}

    async def erased_at(self, subjects: Sequence[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for start in range(0, len(subjects), CHUNK):
            part = subjects[start : start + CHUNK]
            rows = await self._read(
                "SELECT subject, max(at) FROM erased_subjects"
                f" WHERE subject IN ({placeholders(1, len(part))}) GROUP BY subject",
                *part,
            )
            found |= {bytes(subject): int(at) for subject, at in rows}
        return found

    async def sent_before_erasure(self, limit: int) -> list[tuple[str, int]]:
        # The service's timestamps are whole seconds.
        rows = await self._read(
            "SELECT DISTINCT n.user_id, n.id FROM erased_subjects e"
            " JOIN notification_subjects s ON s.subject = e.subject"
            " JOIN notifications n ON n.id = s.notification_id"
            f" WHERE n.sent_at + 1000 <= e.at LIMIT {limit:d}"
        )
        return [(user_id, number) for user_id, number in rows]

    async def forget_erased(self, before: int) -> None:
        await self._work(lambda tx: tx.execute("DELETE FROM erased_subjects WHERE at < $1", before))
