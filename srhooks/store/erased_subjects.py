"""What was known to be an erased candidate's, as digests: what of it comes later is erased, too."""

from collections.abc import Sequence

from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import CHUNK, chunks, placeholders
from srhooks.store.queries import Queries


class ErasedSubjectQueries(Queries):
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
        for part in chunks(subjects):
            rows = await self._read(
                "SELECT subject, max(at) FROM erased_subjects"
                f" WHERE subject IN ({placeholders(1, len(part))}) GROUP BY subject",
                *part,
            )
            found |= {bytes(subject): int(at) for subject, at in rows}
        return found

    async def sent_before_erasure(self, limit: int) -> list[tuple[str, int]]:
        # Some of the erased at a time, so that their index is used however many there are of what.
        notifications: set[tuple[str, int]] = set()
        above = b""
        while len(notifications) < limit:
            erased = await self._read(
                "SELECT DISTINCT subject FROM erased_subjects WHERE subject > $1"
                f" ORDER BY subject LIMIT {CHUNK}",
                above,
            )
            if not erased:
                break
            subjects = [bytes(row[0]) for row in erased]
            above = subjects[-1]
            these = placeholders(1, len(subjects))
            rows = await self._read(
                # The service's timestamps are whole seconds.
                "SELECT DISTINCT n.user_id, n.id FROM erased_subjects e"
                " JOIN notification_subjects s ON s.subject = e.subject"
                " JOIN notifications n ON n.id = s.notification_id"
                f" WHERE e.subject IN ({these}) AND s.subject IN ({these})"
                f" AND n.sent_at + 1000 <= e.at LIMIT {limit - len(notifications):d}",
                *subjects,
            )
            notifications.update((row[0], row[1]) for row in rows)
        return sorted(notifications)

    async def forget_erased(self, before: int) -> None:
        await self._work(lambda tx: tx.execute("DELETE FROM erased_subjects WHERE at < $1", before))
