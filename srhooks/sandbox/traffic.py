"""Random traffic: events at an average rate, of those with an active subscription."""

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from srhooks.sandbox.events import EVENTS

IN_FLIGHT = 256  # events under way at most: a slow receiver must not pile up work
# Weights as in a company's day: mostly applications that change, some of everything else.
WEIGHTS = {
    "application.created": 8.0,
    "application.status.updated": 12.0,
    "candidate.created": 4.0,
    "candidate.updated": 5.0,
    "candidate.deleted": 0.5,
    "job.created": 2.0,
    "job.updated": 4.0,
    "job.status.updated": 3.0,
    "offer.created": 2.0,
    "offer.updated": 2.0,
    "review.created": 3.0,
    "review.deleted": 0.5,
    "position.deleted": 0.5,
    "interview.created": 3.0,
    "interview.updated": 2.0,
}
RARE = 0.5  # weight of approval events: they have many kinds


class Traffic:
    """One generator at a time."""

    def __init__(
        self,
        rng: random.Random,
        fire: Callable[[str], Coroutine[Any, Any, object]],
        subscribed_events: Callable[[], Collection[str]],
    ) -> None:
        self.rng = rng
        self._fire = fire
        self._subscribed_events = subscribed_events
        self.rate = 0.0
        self._task: asyncio.Task[None] | None = None
        self._firing: set[asyncio.Task[object]] = set()

    @property
    def running(self) -> bool:
        return self._task is not None

    def start(self, per_second: float) -> None:
        """Start, or change the rate (events a second). Raises ValueError unless it is above 0."""
        if not 0 < per_second <= 10_000:
            raise ValueError("the rate must be above 0 and at most 10000 a second")
        self.rate = per_second
        if self._task is not None:
            self._task.cancel()  # it may sleep for long at the old rate
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop the generator, and cancel events under way."""
        tasks = [*self._firing, *([self._task] if self._task else [])]
        self._task = None
        self.rate = 0.0
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self.rng.expovariate(self.rate)
            await asyncio.sleep(max(0.0, due - loop.time()))
            subscribed = self._subscribed_events()
            names = [name for name in EVENTS if name in subscribed]
            if not names or len(self._firing) >= IN_FLIGHT:
                due = max(due, loop.time())
                continue
            weights = [_weight(name) for name in names]
            name = self.rng.choices(names, weights)[0]
            task: asyncio.Task[object] = loop.create_task(self._fire(name))
            self._firing.add(task)
            task.add_done_callback(self._firing.discard)


def _weight(name: str) -> float:
    return WEIGHTS.get(name, RARE if ".approv" in name else 1.0)
