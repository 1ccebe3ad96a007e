"""Incidents in SQL: part of the store."""

import json
from typing import Any

from srhooks.domain.ids import IdSource
from srhooks.domain.incidents import Incident, IncidentChange, IncidentKind, NewIncident
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries

ADDED = ("audit",)  # details that do not come from whoever opens an incident
COLUMNS = (
    "i.id, i.user_id, i.kind, i.subject, i.subscription_id, i.title, i.details, i.opened_at,"
    " i.ended_at, i.acknowledged_at"
)


class IncidentQueries(Queries):
    next_id: IdSource

    async def open_incident(self, new: NewIncident, at: int) -> Incident | None:
        incident_id, details = self.next_id(), json.dumps(new.details)

        async def work(tx: Transaction) -> Incident | None:
            opened = await tx.execute(
                "INSERT INTO incidents (id, user_id, kind, subject, subscription_id, title,"
                " details, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT DO NOTHING",
                incident_id, new.user_id, new.kind, new.subject, new.subscription_id, new.title,
                details, at,
            )  # fmt: skip
            if not opened:
                await self._renew(tx, new)
                return None
            await self._add_event(tx, incident_id, "opened", at)
            return await _incident(tx, incident_id)

        return await self._work(work)

    async def _renew(self, tx: Transaction, new: NewIncident) -> None:
        """Title and details of the one that is open; what was added to it stays."""
        for incident_id, details in await tx.fetch(
            "SELECT id, details FROM incidents WHERE user_id = $1 AND kind = $2 AND subject = $3"
            " AND ended_at IS NULL",
            new.user_id, new.kind, new.subject,
        ):  # fmt: skip
            known = json.loads(details)
            await tx.execute(
                "UPDATE incidents SET title = $2, details = $3 WHERE id = $1",
                incident_id, new.title, json.dumps({**_added(known), **new.details}),
            )  # fmt: skip

    async def add_incident_detail(self, incident_id: int, name: str, value: Any) -> None:
        async def work(tx: Transaction) -> None:
            rows = await tx.fetch("SELECT details FROM incidents WHERE id = $1", incident_id)
            for (details,) in rows:
                text = json.dumps({**json.loads(details), name: value})
                await tx.execute(
                    "UPDATE incidents SET details = $2 WHERE id = $1", incident_id, text
                )

        await self._work(work)

    async def end_incident(
        self, user_id: str, kind: IncidentKind, subject: str, at: int
    ) -> Incident | None:
        async def work(tx: Transaction) -> Incident | None:
            rows = await tx.fetch(
                "SELECT id FROM incidents WHERE user_id = $1 AND kind = $2 AND subject = $3"
                " AND ended_at IS NULL",
                user_id, kind, subject,
            )  # fmt: skip
            if rows and await self._end(tx, rows[0][0], at):
                return await _incident(tx, rows[0][0])
            return None

        return await self._work(work)

    async def acknowledge_incident(
        self, user_id: str, incident_id: int, at: int, *, end: bool
    ) -> Incident | None:
        async def work(tx: Transaction) -> Incident | None:
            rows = await tx.fetch(
                "SELECT ended_at FROM incidents WHERE user_id = $1 AND id = $2",
                user_id, incident_id,
            )  # fmt: skip
            if not rows:
                return None
            await tx.execute(
                "UPDATE incidents SET acknowledged_at = $2"
                " WHERE id = $1 AND acknowledged_at IS NULL AND ended_at IS NULL",
                incident_id, at,
            )  # fmt: skip
            if end and rows[0][0] is None:
                await self._end(tx, incident_id, at)
            return await _incident(tx, incident_id)

        return await self._work(work)

    async def incident(self, user_id: str, incident_id: int) -> Incident | None:
        rows = await self._read(
            f"SELECT {COLUMNS} FROM incidents i WHERE i.user_id = $1 AND i.id = $2",
            user_id, incident_id,
        )  # fmt: skip
        return incident_of(rows[0]) if rows else None

    async def incidents(
        self, user_id: str, before_id: int | None, limit: int, *, open_only: bool = False,
        opened_before: int | None = None,
    ) -> list[Incident]:  # fmt: skip
        args: list[Any] = [user_id]
        where = "i.user_id = $1"
        for column, bound in (("id", before_id), ("opened_at", opened_before)):
            if bound is not None:
                args.append(bound)
                where += f" AND i.{column} < ${len(args)}"
        if open_only:
            where += " AND i.ended_at IS NULL"
        rows = await self._read(
            f"SELECT {COLUMNS} FROM incidents i WHERE {where} ORDER BY i.id DESC LIMIT {limit:d}",
            *args,
        )
        return [incident_of(row) for row in rows]

    async def open_incident_counts(self) -> dict[str, int]:
        rows = await self._read(
            "SELECT kind, count(*) FROM incidents WHERE ended_at IS NULL GROUP BY kind"
        )
        return {row[0]: int(row[1]) for row in rows}

    async def _end(self, tx: Transaction, incident_id: int, at: int) -> bool:
        """False where another process ended it a moment ago."""
        ended = await tx.execute(
            "UPDATE incidents SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", incident_id, at
        )
        if ended:
            await self._add_event(tx, incident_id, "ended", at)
        return ended > 0

    async def _add_event(
        self, tx: Transaction, incident_id: int, change: IncidentChange, at: int
    ) -> None:
        await tx.execute(
            "INSERT INTO incident_events (id, incident_id, change, at) VALUES ($1, $2, $3, $4)",
            self.next_id(), incident_id, change, at,
        )  # fmt: skip


def _added(details: dict[str, Any]) -> dict[str, Any]:
    return {name: details[name] for name in ADDED if name in details}


async def _incident(tx: Transaction, incident_id: int) -> Incident | None:
    """None where it went with its account meanwhile."""
    rows = await tx.fetch(f"SELECT {COLUMNS} FROM incidents i WHERE i.id = $1", incident_id)
    return incident_of(rows[0]) if rows else None


def incident_of(row: Any) -> Incident:
    return Incident(
        id=row[0], user_id=row[1], kind=row[2], subject=row[3], subscription_id=row[4],
        title=row[5], details=json.loads(row[6]), opened_at=row[7], ended_at=row[8],
        acknowledged_at=row[9],
    )  # fmt: skip


async def delete_incidents(tx: Transaction, user_id: str) -> None:
    """All of an account, with what the channels were still to tell of them."""
    await tx.execute(
        "DELETE FROM incident_events WHERE incident_id IN"
        " (SELECT id FROM incidents WHERE user_id = $1)",
        user_id,
    )
    await tx.execute("DELETE FROM incidents WHERE user_id = $1", user_id)


async def purge_incidents(tx: Transaction, before: int) -> None:
    """Those that ended before a time (ms)."""
    await tx.execute(
        "DELETE FROM incident_events WHERE incident_id IN"
        " (SELECT id FROM incidents WHERE ended_at < $1)",
        before,
    )
    await tx.execute("DELETE FROM incidents WHERE ended_at < $1", before)
