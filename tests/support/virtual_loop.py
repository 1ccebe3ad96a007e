"""An event loop whose time passes as soon as nobody has anything left to do before it."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Does not wait: the time that the loop would wait for has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("everybody waits for somebody else")
            self.now += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class LoopClock:
    """The time of the loop, for what is given a clock."""

    def now_ms(self) -> int:
        return self.elapsed_ms()

    def elapsed_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end in no time. Nothing in it may wait for another thread or process."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
