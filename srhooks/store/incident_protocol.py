"""What incidents and alerts ask of the store: part of its protocol (protocol.py)."""

from collections.abc import Sequence
from typing import Any, Protocol

from srhooks.domain.alerts import AlertAddress, AlertMessage, AlertSettings, Channel
from srhooks.domain.incidents import Incident, IncidentEvent, IncidentKind, NewIncident


class IncidentStore(Protocol):
    # --- incidents ----------------------------------------------------------------------------
    async def open_incident(self, new: NewIncident, at: int) -> Incident | None:
        """Open it, with a row for the channels. None when one is open: its text is renewed."""

    async def end_incident(
        self, user_id: str, kind: IncidentKind, subject: str, at: int
    ) -> Incident | None:
        """End the one that is open, with a row for the channels; None without one."""

    async def acknowledge_incident(
        self, user_id: str, incident_id: int, at: int, *, end: bool
    ) -> Incident | None:
        """Record that a person knows of it and, with `end`, end it; None when it is unknown."""

    async def add_incident_detail(self, incident_id: int, name: str, value: Any) -> None:
        """Put something beside an incident; it stays when its details are renewed."""

    async def incident(self, user_id: str, incident_id: int) -> Incident | None: ...

    async def incidents(
        self, user_id: str, before_id: int | None, limit: int, *, open_only: bool = False,
        opened_before: int | None = None,
    ) -> list[Incident]:  # fmt: skip
        """Newest first, by ids. A time (ms) is that of the opening, whatever the id says."""

    async def open_incident_counts(self) -> dict[str, int]:
        """How many are open of each kind, over all accounts."""

    # --- alerts -------------------------------------------------------------------------------
    async def alert_settings(self, user_id: str) -> AlertSettings | None:
        """The account's alert settings; None until they were saved."""

    async def save_alert_settings(self, user_id: str, settings: AlertSettings) -> None: ...

    async def alert_addresses(self, user_id: str) -> list[AlertAddress]:
        """The addresses that were sent a link to confirm them."""

    async def add_alert_address(self, user_id: str, email: str, digest: str, at: int) -> None:
        """A link that confirms the address is on its way; earlier links are void."""

    async def confirm_address(self, digest: str, at: int) -> str | None:
        """The address whose link was followed; None for an unknown one."""

    async def forget_addresses(self, user_id: str, kept: Sequence[str]) -> None:
        """Forget the confirmations of all others."""

    async def users_with_incident_events(self) -> list[str]:
        """Users with incidents that opened or ended and are not in the outbox yet."""

    async def incident_events_of(self, user_id: str, limit: int) -> list[IncidentEvent]:
        """Oldest first."""

    async def enqueue_alerts(
        self, user_id: str, messages: Sequence[AlertMessage], event_ids: Sequence[int],
        told: Sequence[int], at: int,
    ) -> None:  # fmt: skip
        """Put messages into the outbox for these incident events, which are done with.

        `told`: the ids of the incidents that the messages tell of, once for all channels.
        """

    async def alerts_sent(self, user_id: str, since: int) -> list[int]:
        """The times (ms) of alerts sent for the account, oldest first."""

    async def due_alerts(self, channel: Channel, now: int, limit: int) -> list[AlertMessage]: ...

    async def next_alert_due(self) -> int | None: ...

    async def postpone_alert(self, message_id: int, due_at: int) -> None:
        """Record a failed attempt; the next one is due at `due_at` (ms)."""

    async def hold_alert(self, message_id: int, until: int) -> None:
        """Reserve the message for sending: until `until` (ms) no other process sends it."""

    async def delete_alert(self, message_id: int) -> None:
        """Delete a message that was sent or given up."""

    async def incidents_to_remind_of(self, before: int, limit: int) -> list[Incident]:
        """Open ones that nobody acknowledged and that were last told of before then (ms)."""
