"""Work that takes long is done beside the event loop, by few threads, so that the loop goes on.

The threads share the interpreter's lock with the loop: more of them would make it wait longer.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

LARGE = 16_000  # bytes: whatever is done with less takes 50 ms at most, as a rule less than one
THREADS = 2
NAME = "heavy"
BACKGROUND = "background"
# Seconds after which a thread must hand over the interpreter's lock while such work goes on. The
# loop asks for it after each call to the system, a dozen times a turn, and waits once a thread.
HAND_OVER = 0.0005

P = ParamSpec("P")
T = TypeVar("T")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix=NAME)
_background = ThreadPoolExecutor(1, thread_name_prefix=BACKGROUND)
_usual = sys.getswitchinterval()  # seconds: cheaper where threads have little to do
_counting = threading.Lock()
_at_work = 0  # threads


async def run_heavy(size: int, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call `work`: at once where it is about few bytes, else in a thread. Raises what it raises."""
    if size <= LARGE:
        return work(*args, **named)
    return await _run(_threads, partial(work, *args, **named))


async def run_in_background(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call what no answer waits for, in a thread of its own. Raises what it raises."""
    return await _run(_background, partial(work, *args, **named))


async def _run(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    bound = partial(copy_context().run, _handing_over, work)
    return await asyncio.get_running_loop().run_in_executor(threads, bound)


def _handing_over(work: Callable[[], T]) -> T:
    """Do it while all threads hand over often."""
    global _at_work  # noqa: PLW0603 - the interpreter has one interval
    with _counting:
        _at_work += 1
        sys.setswitchinterval(HAND_OVER)
    try:
        return work()
    finally:
        with _counting:
            _at_work -= 1
            if not _at_work:
                sys.setswitchinterval(_usual)
