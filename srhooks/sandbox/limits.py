"""Rate limits per credential, as SmartRecruiters documents them.

Source: developers.smartrecruiters.com, "Rate limiting": 10 requests a second and 8 at a time,
1 at a time for `GET /candidates`; four X-RateLimit headers on every answer.
"""

import time
from collections import deque
from dataclasses import dataclass, field

WINDOW = 1.0  # seconds; the limit holds in any window of this length
FORGET_ABOVE = 1_000  # credentials at which idle ones are removed


@dataclass(kw_only=True)
class _Lane:
    times: deque[float] = field(default_factory=deque)
    active: int = 0


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Whether a request is within the limits. Pass it to `leave` when the request is over."""

    allowed: bool
    headers: dict[str, str]
    lane: _Lane | None = None


@dataclass(kw_only=True)
class RateLimiter:
    """`rate` 0 turns both limits off, `concurrent` 0 the second."""

    rate: int
    concurrent: int
    lanes: dict[str, _Lane] = field(default_factory=dict)

    def enter(self, credential: str, method: str, path: str) -> Slot:
        """Count a request, unless it exceeds a limit: refused requests are not counted."""
        if self.rate <= 0:
            return Slot(allowed=True, headers={})
        if len(self.lanes) >= FORGET_ABOVE:
            self._forget_idle()
        lists_candidates = method == "GET" and path.rstrip("/") == "/candidates"
        parallel = 1 if lists_candidates and self.concurrent > 0 else self.concurrent
        name = f"{credential} candidates" if lists_candidates else credential
        # `GET /candidates` has its own limit of concurrency; the rate per second is shared
        times = self._lane(credential).times
        lane = self._lane(name)
        now = time.monotonic()
        while times and now - times[0] >= WINDOW:
            times.popleft()
        allowed = len(times) < self.rate and (parallel <= 0 or lane.active < parallel)
        if allowed:
            times.append(now)
            lane.active += 1
        headers = {
            "X-RateLimit-Limit": str(self.rate),
            "X-RateLimit-Remaining": str(self.rate - len(times)),
        }
        if parallel > 0:
            headers["X-RateLimit-Concurrent-Limit"] = str(parallel)
            headers["X-RateLimit-Concurrent-Remaining"] = str(max(0, parallel - lane.active))
        return Slot(allowed=allowed, headers=headers, lane=lane if allowed else None)

    def leave(self, slot: Slot) -> None:
        if slot.lane is not None:
            slot.lane.active -= 1

    def _lane(self, name: str) -> _Lane:
        return self.lanes.setdefault(name, _Lane())

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for name, lane in list(self.lanes.items()):
            if not lane.active and (not lane.times or now - lane.times[-1] >= WINDOW):
                del self.lanes[name]
