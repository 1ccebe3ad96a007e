"""What the hub tells of: that something of a user changed, by its kind. The store knows what."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "notification", "deleted", "subscriptions", "handshake", "login", "incident", "session-ended"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
EVERY_SESSION = "*"
_next_order: Callable[[], int] = itertools.count(1).__next__


@dataclass(slots=True)  # a frozen one takes longer to make, and each notification makes one
class Event:
    """One change. What was read after it came, or after a later one, includes it."""

    kind: Kind
    session_id: str = ""  # that ended, or EVERY_SESSION; viewers look at their own all the same
    order: int = field(default_factory=_next_order)  # in this process
