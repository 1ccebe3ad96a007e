"""What the watch remembers across restarts: subscriptions as last seen, looks, and runs."""

from dataclasses import dataclass
from typing import Literal

ChangedBy = Literal["srhooks", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSubscription:
    """One of ours, as it was last seen."""

    subscription_id: str
    hook_id: str
    name: str  # its events, shortened
    status: str
    since: int  # ms: when that status was first seen
    changed_by: ChangedBy  # who made it so
    was_active: bool  # at some time: an inactive one was then switched off


@dataclass(frozen=True, slots=True)
class Look:
    """How old the knowledge of an account's subscriptions is."""

    looked_at: int | None  # ms, of the last look that worked
    failures: int  # in a row, since then


@dataclass(frozen=True, slots=True)
class Run:
    """A time in which srhooks was up (ms)."""

    started_at: int
    seen_at: int
