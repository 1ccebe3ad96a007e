"""Incidents: a problem with an account's webhooks, with its start and end. Pure data.

At most one is open for each kind and subject. The subject is the subscription's id, the family of
events for `unreadable`, and empty for what concerns the whole account (`missed`, `login`).
Neither title nor details hold data of candidates: event names, counts, times and statuses alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from srhooks.domain import ids

IncidentKind = Literal[
    "suspended", "gone", "failing", "silent", "missed", "forged", "unreadable", "login"
]
IncidentChange = Literal["opened", "ended"]
INCIDENT_KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)
# Nothing arrives, or nothing can be read, until somebody does something.
SEVERE: frozenset[IncidentKind] = frozenset({"suspended", "gone", "login", "missed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    user_id: str
    kind: IncidentKind
    subject: str
    title: str
    subscription_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    id: int
    user_id: str
    kind: IncidentKind
    subject: str
    subscription_id: str | None
    title: str
    details: Mapping[str, Any]
    opened_at: int  # ms
    ended_at: int | None  # ms
    acknowledged_at: int | None  # ms; no more reminders

    @property
    def public_id(self) -> str:
        return ids.encode_id(self.id)

    @property
    def severe(self) -> bool:
        return self.kind in SEVERE


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """The opening or end of an incident, not yet turned into messages for the channels."""

    id: int
    incident: Incident
    change: IncidentChange
    at: int  # ms
