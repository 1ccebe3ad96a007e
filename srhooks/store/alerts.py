"""Alerts in SQL: settings, confirmed addresses, and the outbox. Part of the store."""

import json
from collections.abc import Sequence
from typing import Any

from srhooks.domain.alerts import AlertAddress, AlertMessage, AlertSettings, Channel, QuietHours
from srhooks.domain.incidents import Incident, IncidentEvent
from srhooks.store.group_commit import Transaction
from srhooks.store.incidents import COLUMNS as INCIDENT
from srhooks.store.incidents import incident_of
from srhooks.store.queries import Queries

MESSAGE = "id, user_id, channel, target, message, created_at, due_at, attempts"


class AlertQueries(Queries):
    async def alert_settings(self, user_id: str) -> AlertSettings | None:
        rows = await self._read(
            "SELECT emails, kinds, quiet FROM alert_settings WHERE user_id = $1", user_id
        )
        if not rows:
            return None
        emails, kinds, quiet = rows[0]
        hours = None if quiet is None else QuietHours(**json.loads(quiet))
        return AlertSettings(tuple(json.loads(emails)), tuple(json.loads(kinds)), hours)

    async def save_alert_settings(self, user_id: str, settings: AlertSettings) -> None:
        quiet = settings.quiet
        hours = quiet and {"start": quiet.start, "end": quiet.end, "zone": quiet.zone}
        await self._write(
            "INSERT INTO alert_settings (user_id, emails, kinds, quiet) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (user_id) DO UPDATE SET emails = excluded.emails,"
            " kinds = excluded.kinds, quiet = excluded.quiet",
            user_id, json.dumps(settings.emails), json.dumps(settings.kinds),
            None if hours is None else json.dumps(hours),
        )  # fmt: skip

    async def alert_addresses(self, user_id: str) -> list[AlertAddress]:
        rows = await self._read(
            "SELECT email, asked_at, confirmed_at FROM alert_addresses WHERE user_id = $1"
            " ORDER BY email",
            user_id,
        )
        return [AlertAddress(*row) for row in rows]

    async def add_alert_address(self, user_id: str, email: str, digest: str, at: int) -> None:
        await self._write(
            "INSERT INTO alert_addresses (user_id, email, digest, asked_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, email) DO UPDATE SET"
            " digest = excluded.digest, asked_at = excluded.asked_at",
            user_id, email, digest, at,
        )  # fmt: skip

    async def confirm_address(self, digest: str, at: int) -> str | None:
        async def work(tx: Transaction) -> str | None:
            await tx.execute(
                "UPDATE alert_addresses SET confirmed_at = coalesce(confirmed_at, $2)"
                " WHERE digest = $1",
                digest,
                at,
            )
            rows = await tx.fetch("SELECT email FROM alert_addresses WHERE digest = $1", digest)
            return rows[0][0] if rows else None

        return await self._work(work)

    async def forget_addresses(self, user_id: str, kept: Sequence[str]) -> None:
        async def work(tx: Transaction) -> None:
            rows = await tx.fetch("SELECT email FROM alert_addresses WHERE user_id = $1", user_id)
            gone = [(user_id, row[0]) for row in rows if row[0] not in kept]
            await tx.execute_many(
                "DELETE FROM alert_addresses WHERE user_id = $1 AND email = $2", gone
            )

        await self._work(work)

    async def users_with_incident_events(self) -> list[str]:
        rows = await self._read(
            "SELECT DISTINCT i.user_id FROM incident_events e JOIN incidents i"
            " ON i.id = e.incident_id ORDER BY i.user_id"
        )
        return [row[0] for row in rows]

    async def incident_events_of(self, user_id: str, limit: int) -> list[IncidentEvent]:
        rows = await self._read(
            f"SELECT {INCIDENT}, e.id, e.change, e.at FROM incident_events e"
            " JOIN incidents i ON i.id = e.incident_id WHERE i.user_id = $1"
            f" ORDER BY e.id LIMIT {limit:d}",
            user_id,
        )
        return [IncidentEvent(row[10], incident_of(row), row[11], row[12]) for row in rows]

    # --- the outbox ------------------------------------------------------------------------------

    async def enqueue_alerts(
        self, user_id: str, messages: Sequence[AlertMessage], event_ids: Sequence[int],
        told: Sequence[int], at: int,
    ) -> None:  # fmt: skip
        async def work(tx: Transaction) -> None:
            await tx.execute_many(
                f"INSERT INTO alert_messages ({MESSAGE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                [_row(message) for message in messages],
            )
            await tx.execute_many(
                "DELETE FROM incident_events WHERE id = $1", [(event_id,) for event_id in event_ids]
            )
            await tx.execute_many(
                "INSERT INTO incident_reminders (incident_id, told_at) VALUES ($1, $2)"
                " ON CONFLICT (incident_id) DO UPDATE SET told_at = excluded.told_at",
                [(incident_id, at) for incident_id in told],
            )
            if told:
                await tx.execute(
                    "INSERT INTO alerts_told (user_id, at) VALUES ($1, $2)", user_id, at
                )

        await self._work(work)

    async def alerts_sent(self, user_id: str, since: int) -> list[int]:
        rows = await self._read(
            "SELECT at FROM alerts_told WHERE user_id = $1 AND at > $2 ORDER BY at", user_id, since
        )
        return [row[0] for row in rows]

    async def due_alerts(self, channel: Channel, now: int, limit: int) -> list[AlertMessage]:
        rows = await self._read(
            f"SELECT {MESSAGE} FROM alert_messages WHERE channel = $1 AND due_at <= $2"
            f" ORDER BY due_at, id LIMIT {limit:d}",
            channel,
            now,
        )
        return [
            AlertMessage(
                row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6], row[7]
            )
            for row in rows
        ]  # fmt: skip

    async def next_alert_due(self) -> int | None:
        ((due,),) = await self._read("SELECT min(due_at) FROM alert_messages")
        return None if due is None else int(due)

    async def postpone_alert(self, message_id: int, due_at: int) -> None:
        await self._write(
            "UPDATE alert_messages SET due_at = $2, attempts = attempts + 1 WHERE id = $1",
            message_id,
            due_at,
        )

    async def hold_alert(self, message_id: int, until: int) -> None:
        await self._write("UPDATE alert_messages SET due_at = $2 WHERE id = $1", message_id, until)

    async def delete_alert(self, message_id: int) -> None:
        await self._write("DELETE FROM alert_messages WHERE id = $1", message_id)

    async def incidents_to_remind_of(self, before: int, limit: int) -> list[Incident]:
        rows = await self._read(
            f"SELECT {INCIDENT} FROM incidents i JOIN incident_reminders r"
            " ON r.incident_id = i.id WHERE i.ended_at IS NULL AND i.acknowledged_at IS NULL"
            f" AND r.told_at <= $1 ORDER BY i.id LIMIT {limit:d}",
            before,
        )
        return [incident_of(row) for row in rows]


def _row(message: AlertMessage) -> tuple[Any, ...]:
    return (
        message.id, message.user_id, message.channel, message.target, json.dumps(message.message),
        message.created_at, message.due_at, message.attempts,
    )  # fmt: skip


async def delete_alerts(tx: Transaction, user_id: str) -> None:
    """Delete all alerts of an account. Call it before `delete_incidents`."""
    await tx.execute(
        "DELETE FROM incident_reminders WHERE incident_id IN"
        " (SELECT id FROM incidents WHERE user_id = $1)",
        user_id,
    )
    for table in ("alert_settings", "alert_addresses", "alert_messages", "alerts_told"):
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)


async def purge_alerts(tx: Transaction, before: int) -> None:
    """Delete what is no longer needed: of ended incidents, and alerts sent before `before` (ms)."""
    await tx.execute("DELETE FROM alerts_told WHERE at < $1", before)
    await tx.execute(
        "DELETE FROM incident_reminders WHERE incident_id NOT IN"
        " (SELECT id FROM incidents WHERE ended_at IS NULL)"
    )
