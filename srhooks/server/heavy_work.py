"""Work that takes long is done beside the event loop, by two threads, so that the loop goes on.

They share the interpreter's lock with the loop, so more of them do no more, and the loop waits
longer: with three, one look at it in seventy was late by more than 50 ms, with these two one in
five hundred. Since no call that they make, and no value that they free, keeps the lock for more
than some 25 ms, none was in the last runs (freed_in_parts.py, docs/performance.md).
What takes seconds stands in a queue of its own, with what nobody waits for: so nothing shorter has
to wait for it.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from srhooks.server.freed_in_parts import freeing

LARGE = 16_000  # bytes: whatever is done with less takes 50 ms at most, as a rule less than one
VERY_LARGE = 200_000  # bytes: more may take seconds, less a tenth of one as a rule
QUICK = "heavy-quick"
SLOW = "heavy-slow"
# Seconds after which a thread must hand over the interpreter's lock while such work goes on. The
# loop asks for it after each call to the system, a dozen times a turn, and waits once a thread.
HAND_OVER = 0.0005

P = ParamSpec("P")
T = TypeVar("T")
_quick = ThreadPoolExecutor(1, thread_name_prefix=QUICK)
_slow = ThreadPoolExecutor(1, thread_name_prefix=SLOW)
_usual = sys.getswitchinterval()  # seconds: cheaper where threads have little to do
_counting = threading.Lock()
_at_work = 0  # threads


def is_beside_the_loop() -> bool:
    return threading.current_thread() is not threading.main_thread()


def is_at_work() -> bool:
    """Whether one of the threads has work just now."""
    return _at_work > 0


async def run_heavy(size: int, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call `work`: at once where it is about few bytes, else in a thread. Raises what it raises."""
    if size <= LARGE:
        return work(*args, **named)
    return await _run(_quick if size <= VERY_LARGE else _slow, partial(work, *args, **named))


async def run_in_background(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call what no answer waits for, in a thread. Raises what it raises."""
    return await _run(_slow, partial(work, *args, **named))


async def _run(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    bound = partial(copy_context().run, _handing_over, work)
    return await asyncio.get_running_loop().run_in_executor(thread, bound)


def _handing_over(work: Callable[[], T]) -> T:
    """Do it while all threads hand over often."""
    global _at_work  # noqa: PLW0603 - the interpreter has one interval
    with _counting:
        _at_work += 1
        sys.setswitchinterval(HAND_OVER)
    try:
        with freeing():
            return work()
    finally:
        with _counting:
            _at_work -= 1
            if not _at_work:
                sys.setswitchinterval(_usual)
