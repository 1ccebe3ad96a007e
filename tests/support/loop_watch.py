"""How late the event loop of a process is, and how much of that the process did itself.

A look is late by the wall clock where the machine has other work, too. What the process did is no
more than the processor time of all its threads since the loop's turn in which the look was due: a
thread that keeps the interpreter's lock holds the loop as well. (How long the loop's thread waited
for a processor tells nothing: also while it waits for that lock it runs again and again.) Calls
that wait without working are found by blocking.py.
"""

import asyncio
import contextlib
import gc
import json
import os
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from srhooks.server.heavy_work import run_in_background

INTERVAL = 0.05  # seconds between two looks
TURNS = 1000  # of the loop that are remembered
BRIEF = 0.0005  # seconds
VARIABLE = "LOOP_LOOKS"  # of the environment: the file that the looks go to


class Look(NamedTuple):
    late: float  # seconds by the wall clock
    own: float  # of these, what the process did itself


class _Turn(NamedTuple):
    began: float
    worked: float  # seconds of processor time of the process until then


class WatchedSelector(selectors.DefaultSelector):
    """Remembers when the turns of the loop began, and looks every INTERVAL."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: deque[_Turn] = deque(maxlen=TURNS)
        self._file: Any = None

    def select(self, timeout: float | None = None) -> Any:
        if self._file is None:
            self._file = Path(os.environ[VARIABLE]).open("a", encoding="ascii")  # noqa: SIM115
            self._turns.append(_turn())
            self._plan()
        ready = super().select(timeout)
        self._turns.append(_turn())
        return ready

    def _plan(self) -> None:
        due = time.monotonic() + INTERVAL
        asyncio.get_running_loop().call_later(INTERVAL, self._look, due)

    def _look(self, due: float) -> None:
        now = _turn()
        before = [turn for turn in self._turns if turn.began <= due]
        since = before[-1] if before else self._turns[0]
        late = max(0.0, now.began - due)
        own = min(late, now.worked - since.worked)
        self._file.write(json.dumps([round(late, 4), round(own, 4)]) + "\n")
        self._file.flush()
        self._plan()


def _turn() -> _Turn:
    return _Turn(time.monotonic(), time.process_time())


def watch_loop() -> None:
    """From now on, for loops that are made later; where the environment names a file."""
    if VARIABLE in os.environ:
        selectors.DefaultSelector = WatchedSelector  # type: ignore[misc]


def read_looks(file: Path) -> list[Look]:
    return [Look(*json.loads(line)) for line in file.read_text(encoding="ascii").splitlines()]


def late_share(looks: list[Look], limit: float) -> float:
    """The share of the looks in which the process itself made the loop later than this."""
    return sum(look.own > limit for look in looks) / max(1, len(looks))


@contextlib.contextmanager
def calls_here() -> Iterator[set[str]]:
    """The names of all functions that this thread, the event loop's, begins inside."""
    begun: set[str] = set()

    def profile(frame: FrameType, _: str, __: object) -> None:
        begun.add(frame.f_code.co_name)

    usual = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield begun
    finally:
        sys.setprofile(usual)


async def longest_hold(work: Callable[[], object]) -> float:
    """Processor time (s) that another thread, as the event loop's is one, waits for at most.

    The work is done as what takes long is, and keeps the interpreter's lock during single calls
    into C, and while a value is freed with all that hangs on it. Full collections of garbage, which
    srhooks makes at other times, are left out.
    """
    ended = threading.Event()
    gc.disable()
    looks = asyncio.create_task(asyncio.to_thread(_longest_wait, ended))
    try:
        await run_in_background(work)
    finally:
        ended.set()
        longest = await looks
        gc.enable()
    return longest


def _longest_wait(ended: threading.Event) -> float:
    longest = 0.0
    while not ended.is_set():
        before = time.process_time()
        time.sleep(BRIEF)
        longest = max(longest, time.process_time() - before)
    return longest
