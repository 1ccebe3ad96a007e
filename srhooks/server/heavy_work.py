"""Work that takes long is done beside the event loop, by few threads, so that the loop goes on.

The threads share the interpreter's lock with the loop: more of them would make it wait longer.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

LARGE = 100_000  # bytes: walking or writing less takes some milliseconds at most
THREADS = 2
NAME = "heavy"

P = ParamSpec("P")
T = TypeVar("T")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix=NAME)


async def run_heavy(size: int, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call `work`: at once where it is about few bytes, else in a thread. Raises what it raises."""
    if size <= LARGE:
        return work(*args, **named)
    bound = partial(copy_context().run, work, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, bound)


def is_beside_the_loop() -> bool:
    """Whether this is not the main thread: what takes long here must let the loop run."""
    return threading.current_thread() is not threading.main_thread()
