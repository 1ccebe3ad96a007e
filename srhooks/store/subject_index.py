"""The index of what each notification names, which follows the user's changes at its own pace.

It is complete up to `subject_state.rev` of the user: every change of a notification raises its
`rev`, so what is not indexed as it stands is exactly what has a higher one. A notification that
changes while it is indexed keeps that mark below it until its next turn.
"""

from collections.abc import Sequence

from srhooks.domain.models import NamedSubjects, NameRequest, SubjectName
from srhooks.domain.search_text import fold
from srhooks.store.filter_sql import REV
from srhooks.store.group_commit import Transaction
from srhooks.store.many_values import CHUNK, chunks, placeholders
from srhooks.store.queries import Queries


class SubjectQueries(Queries):
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

    async def save_subjects(
        self, user_id: str, entries: Sequence[NamedSubjects], rev: int,
        names: Sequence[SubjectName] = (), unnamed: Sequence[SubjectName] = (),
    ) -> list[int]:  # fmt: skip
        async def work(tx: Transaction) -> list[int]:
            current = await _revs(tx, [entry.notification_id for entry in entries])
            # One that changed meanwhile comes again, with a higher rev. Until then the index is
            # complete only up to where it stood: who catches up goes on until that is in it.
            fresh = [entry for entry in entries if current.get(entry.notification_id) == entry.rev]
            changed = [one.rev for one in entries if current.get(one.notification_id, 0) > one.rev]
            complete = min([rev, *(changed_rev - 1 for changed_rev in changed)])
            await _replace_subjects(tx, fresh)
            told = {entry.notification_id for entry in fresh}
            await _save_names(tx, user_id, [one for one in names if one.notification_id in told])
            await _request_names(
                tx, user_id, [one for one in unnamed if one.notification_id in told]
            )
            titled = [entry for entry in fresh if entry.title is not None]
            for entry in titled:
                await tx.execute(
                    f"UPDATE notifications SET title = $2, rev = {REV} WHERE id = $1",
                    entry.notification_id, entry.title,
                )  # fmt: skip
            await tx.execute(
                "INSERT INTO subject_state (user_id, rev) VALUES ($1, $2)"
                " ON CONFLICT (user_id) DO UPDATE SET rev = excluded.rev"
                " WHERE subject_state.rev < excluded.rev",
                user_id,
                complete,
            )
            return [entry.notification_id for entry in titled]

        # Not durable: else they are indexed again.
        return await self._work(work, durable=False, user_ids=[user_id])

    async def due_name_requests(self, now: int, limit: int) -> list[NameRequest]:
        rows = await self._read(
            "SELECT r.user_id, r.subject, r.kind, r.id, r.notification_id FROM name_requests r"
            " JOIN users u ON u.id = r.user_id AND u.grant_dead = 0"
            f" WHERE r.due_at <= $1 ORDER BY r.due_at, r.notification_id DESC LIMIT {limit:d}",
            now,
        )
        return [
            NameRequest(row[0], SubjectName(bytes(row[1]), row[2], row[3], "", row[4]))
            for row in rows
        ]

    async def answer_name_request(
        self, request: NameRequest, name: str | None, due_at: int | None
    ) -> None:
        async def work(tx: Transaction) -> None:
            # Erased meanwhile: nothing of it may come back.
            asked = await tx.execute(
                "UPDATE name_requests SET due_at = $2 WHERE subject = $1",
                request.thing.subject,
                due_at,
            )
            if asked and name is not None:
                await _save_names(tx, request.user_id, [request.thing._replace(name=name)])

        await self._work(work, durable=False)  # else it is asked again

    async def names_of(self, subjects: Sequence[bytes]) -> dict[bytes, str]:
        found: dict[bytes, str] = {}
        for part in chunks(subjects):
            rows = await self._read(
                "SELECT subject, name FROM subject_names"
                f" WHERE subject IN ({placeholders(1, len(part))})",
                *part,
            )
            found |= {bytes(subject): name for subject, name in rows}
        return found

    async def known_subjects(self, subjects: Sequence[bytes]) -> set[bytes]:
        known: set[bytes] = set()
        for part in chunks(subjects):
            rows = await self._read(
                "SELECT DISTINCT subject FROM notification_subjects"
                f" WHERE subject IN ({placeholders(1, len(part))})",
                *part,
            )
            known |= {bytes(row[0]) for row in rows}
        return known

    async def newest_naming(self, subjects: Sequence[bytes], limit: int) -> list[int]:
        part = subjects[:CHUNK]
        rows = await self._read(
            "SELECT DISTINCT notification_id FROM notification_subjects"
            f" WHERE subject IN ({placeholders(1, len(part))})"
            f" ORDER BY notification_id DESC LIMIT {limit:d}",
            *part,
        )
        return [row[0] for row in rows]

    async def ids_naming(self, subjects: Sequence[bytes]) -> list[int]:
        found: set[int] = set()
        for part in chunks(subjects):
            rows = await self._read(
                "SELECT DISTINCT notification_id FROM notification_subjects"
                f" WHERE subject IN ({placeholders(1, len(part))})",
                *part,
            )
            found.update(row[0] for row in rows)
        return sorted(found)

    async def times_naming(self, subject: bytes) -> list[tuple[int, int | None]]:
        rows = await self._read(
            "SELECT n.id, n.sent_at FROM notification_subjects s"
            " JOIN notifications n ON n.id = s.notification_id WHERE s.subject = $1",
            subject,
        )
        return [(number, sent_at) for number, sent_at in rows]


async def _replace_subjects(tx: Transaction, entries: Sequence[NamedSubjects]) -> None:
    await tx.execute_many(
        "DELETE FROM notification_subjects WHERE notification_id = $1",
        [(entry.notification_id,) for entry in entries],
    )
    await tx.execute_many(
        "INSERT INTO notification_subjects (notification_id, subject) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING",
        [(entry.notification_id, subject) for entry in entries for subject in entry.subjects],
    )


async def _request_names(tx: Transaction, user_id: str, unnamed: Sequence[SubjectName]) -> None:
    await tx.execute_many(
        "INSERT INTO name_requests (subject, user_id, kind, id, notification_id, due_at)"
        " VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (subject) DO NOTHING",
        [(one.subject, user_id, one.kind, one.id, one.notification_id) for one in unnamed],
    )


async def _save_names(tx: Transaction, user_id: str, names: Sequence[SubjectName]) -> None:
    await tx.execute_many(
        "INSERT INTO subject_names (subject, user_id, kind, id, name, folded, notification_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject) DO UPDATE SET"
        " name = excluded.name, folded = excluded.folded,"
        " notification_id = excluded.notification_id"
        " WHERE excluded.notification_id >= subject_names.notification_id",
        [
            (one.subject, user_id, one.kind, one.id, one.name, fold(one.name), one.notification_id)
            for one in names
        ],
    )


async def _revs(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    if not ids:
        return {}
    rows = await tx.fetch(
        f"SELECT id, rev FROM notifications WHERE id IN ({placeholders(1, len(ids))})", *ids
    )
    return dict(rows)
