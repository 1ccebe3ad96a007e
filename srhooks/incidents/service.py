"""Open, end and acknowledge incidents; tell open pages and channels of each opening and end.

Whoever finds a cause calls `open` as often as it likes: one that is open stays the same, with the
newest title and details. Whoever finds that the cause is gone calls `end`. The store writes a row
for the channels (`incident_events`) in the same transaction, so nothing is told twice, and nothing
is lost when the program stops in between.
"""

from collections.abc import Callable

from srhooks.domain.clock import now_ms
from srhooks.domain.incidents import Incident, IncidentKind, NewIncident
from srhooks.hub import Event, Hub
from srhooks.store import Store

ENDED_BY_A_PERSON = frozenset({"gone"})  # nothing that happens later can take the cause away


class Incidents:
    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each opening and end: rows wait in `incident_events`."""
        self._listeners.append(listener)

    async def open(self, new: NewIncident) -> Incident | None:
        """Open an incident; None if one like it is open already. Raises StoreError."""
        return self._publish(await self._store.open_incident(new, now_ms()))

    async def end(self, user_id: str, kind: IncidentKind, subject: str = "") -> Incident | None:
        """End an incident and return it; None if none was open. Raises StoreError."""
        return self._publish(await self._store.end_incident(user_id, kind, subject, now_ms()))

    async def acknowledge(self, user_id: str, incident_id: int) -> Incident | None:
        """Stop its reminders; None when there is no such incident. Raises StoreError."""
        known = await self._store.incident(user_id, incident_id)
        if known is None:
            return None
        end = known.kind in ENDED_BY_A_PERSON
        return self._publish(
            await self._store.acknowledge_incident(user_id, incident_id, now_ms(), end=end)
        )

    async def open_ones(self, user_id: str, limit: int = 100) -> list[Incident]:
        """Newest first. Raises StoreError."""
        return await self._store.incidents(user_id, None, limit, open_only=True)

    def _publish(self, incident: Incident | None) -> Incident | None:
        if incident is not None:
            self._hub.publish(incident.user_id, Event("incident"))
            for listener in self._listeners:
                listener()
        return incident
