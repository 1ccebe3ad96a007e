"""Deliveries that fail on request: lost, refused, delayed, or not sent at all."""

from dataclasses import dataclass
from typing import Any, Literal

from srhooks.sandbox.errors import ApiError

TroubleKind = Literal["lose", "refuse", "delay"]
KINDS: tuple[TroubleKind, ...] = ("lose", "refuse", "delay")
MAX_COUNT = 1_000
MAX_SECONDS = 600.0


@dataclass(kw_only=True)
class Troubles:
    """How the next deliveries fail, of whichever subscription.

    `lose`: the log says delivered, nothing is sent. `refuse`: something before the receiver
    answers 503. `delay`: sent late. `silent`: events happen and nothing is sent or logged.
    """

    lose: int = 0
    refuse: int = 0
    delay: int = 0
    delay_seconds: float = 0.0
    silent: bool = False

    def order(self, kind: str, count: int, seconds: float) -> None:
        """Make the next `count` deliveries fail, 0: none. Raises ApiError for an unknown kind."""
        if kind not in KINDS:
            raise ApiError(400, f"kind must be one of {', '.join(KINDS)}", "INVALID_PARAMETER")
        setattr(self, kind, count)
        if kind == "delay":
            self.delay_seconds = seconds

    def next_trouble(self) -> TroubleKind | None:
        """The trouble of this delivery, with its count reduced; None: no trouble."""
        for kind in KINDS:
            left = getattr(self, kind)
            if left > 0:
                setattr(self, kind, left - 1)
                return kind
        return None

    def as_json(self) -> dict[str, Any]:
        return {
            "lose": self.lose,
            "refuse": self.refuse,
            "delay": self.delay,
            "delaySeconds": self.delay_seconds,
            "silent": self.silent,
        }
