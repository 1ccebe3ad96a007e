"""Days in seconds: what happens is in a queue, and the time of day leaps from one to the next.

`time.time` is replaced for the whole process, so srhooks, the sandbox and the clients agree. Time
outs and the like go by the monotonic clock, which goes on as always.
"""

import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from srhooks.protocol.retry_schedule import RETRY_MINUTES
from srhooks.sandbox import Sandbox
from srhooks.sandbox.deliveries import Delivery

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

Action = Callable[[], Awaitable[object]]


class SimulatedTime:
    """The time of day: the real one, and what it has leapt since."""

    def __init__(self) -> None:
        self._real_ns = time.time_ns
        self._ahead = 0  # ns

    def ns(self) -> int:
        return self._real_ns() + self._ahead

    def ms(self) -> int:
        return self.ns() // 1_000_000

    def leap_to(self, ms: int) -> None:
        """Never back."""
        self._ahead = max(self._ahead, ms * 1_000_000 - self._real_ns())


@contextmanager
def simulated_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedTime]:
    simulated = SimulatedTime()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", simulated.ns)
        patch.setattr(time, "time", lambda: simulated.ns() / 1e9)
        yield simulated


class Simulation:
    """Runs what was planned, in the order of time, and the sandbox's re-deliveries when due."""

    def __init__(self, clock: SimulatedTime, sandbox: Sandbox) -> None:
        self.clock = clock
        self.start = clock.ms()
        self._sandbox = sandbox
        self._order = itertools.count()
        self._queue: list[tuple[int, int, Action]] = []
        self._retried: set[tuple[str, int]] = set()  # delivery and how many attempts it had

    def plan(self, after: int, action: Action) -> None:
        """`after`: ms from the simulation's start."""
        heapq.heappush(self._queue, (self.start + after, next(self._order), action))

    async def run(self) -> None:
        while self._queue:
            at, _, action = heapq.heappop(self._queue)
            self.clock.leap_to(at)
            await action()
            self._plan_retries()

    def _plan_retries(self) -> None:
        """As the documented schedule has them, in the simulated time."""
        for delivery in self._sandbox.deliveries:
            tries = len(delivery.attempts)
            if delivery.state != "retrying" or (delivery.id, tries) in self._retried:
                continue
            self._retried.add((delivery.id, tries))
            due = delivery.attempts[-1].at * 1000 + RETRY_MINUTES[tries - 1] * MINUTE
            self.plan(round(due) - self.start, lambda one=delivery: self._retry(one))  # type: ignore[misc]

    async def _retry(self, delivery: Delivery) -> None:
        subscription = self._sandbox.subscriptions.by_id.get(delivery.subscription_id)
        handle = subscription.retries.pop(delivery.id, None) if subscription else None
        if subscription is not None and handle is not None:
            handle.cancel()
            await self._sandbox.courier._attempt(subscription, delivery)
