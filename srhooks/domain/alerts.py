"""Alerts about incidents: recipients, kinds, quiet hours, messages to send. Pure data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from srhooks.domain.incidents import INCIDENT_KINDS

Channel = Literal["email", "webhook", "apprise"]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nothing is sent: minutes of the day in a time zone; 22:00 to 07:00 spans midnight."""

    start: int
    end: int
    zone: str

    def contains(self, minute: int) -> bool:
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class AlertSettings:
    emails: tuple[str, ...]
    kinds: tuple[str, ...] = INCIDENT_KINDS
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class AlertAddress:
    email: str
    asked_at: int  # ms, when the link was sent
    confirmed_at: int | None


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message to one recipient over one channel. It holds no candidate's data."""

    id: int
    user_id: str
    channel: Channel
    target: str  # the address of an e-mail; empty where the operator's settings say it
    message: Mapping[str, Any]
    created_at: int  # ms
    due_at: int  # ms
    attempts: int = 0

    @property
    def public_id(self) -> str:
        """The message's id for the receiver: the same at each attempt."""
        return f"msg_{self.id:x}"


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].lower()


def may_be_told(
    email: str, own: str, trusted_domains: Collection[str], confirmed: Collection[str]
) -> bool:
    """Whether alerts may go to `email`: its own, of a trusted domain, or confirmed by a link."""
    known = {address.lower() for address in confirmed}
    own_one = bool(own) and email.lower() == own.lower()
    return own_one or domain_of(email) in trusted_domains or email.lower() in known
