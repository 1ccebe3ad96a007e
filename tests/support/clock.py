"""A clock that a test sets, and that leaps when it says so."""

from srhooks.domain.clock import SYSTEM_CLOCK


class ManualClock:
    def __init__(self, now: int | None = None) -> None:
        self.wall = SYSTEM_CLOCK.now_ms() if now is None else now
        self.elapsed = 0

    def now_ms(self) -> int:
        return self.wall

    def elapsed_ms(self) -> int:
        return self.elapsed

    def leap(self, ms: int) -> None:
        """The time of day changes; no time passes."""
        self.wall += ms

    def passes(self, ms: int) -> None:
        self.wall += ms
        self.elapsed += ms
