"""Memory that is free goes back to the system, and looking for it stops nobody for long.

glibc keeps what its threads have freed: with the usual eight arenas a core the process stays at the
sum of all peaks. Elsewhere than on glibc nothing is trimmed (mallopt(3), malloc_trim(3)).

A full garbage collection visits all containers and holds the interpreter's lock meanwhile, 80 ms
where a few large bodies are parsed. By itself it comes just then, since it is the number of new
objects that calls for it. JSON is freed without it, having no cycles; so full collections are made
here alone, at a time when there is little to visit.
"""

import asyncio
import ctypes
import gc
import platform
import sys

from srhooks.server.heavy_work import is_at_work

ARENAS = 2  # one for the event loop, one for the threads beside it
M_ARENA_MAX = -8  # malloc.h
TRIM_INTERVAL = 20.0  # seconds
TRIES = 20  # in such a time, to make a full collection at a moment when little goes on
NEW_OBJECTS = 5000  # before the young ones are collected; the default of 700 costs more time
YOUNG = 3  # collections of the youngest before one of the young: 3 ms; with the default of 10, 23
NEVER = 1_000_000_000
MANY_BLOCKS = 400_000  # of memory; srhooks alone has 250,000. The rest is visited: up to 15 ms
MOST_SKIPPED = 15 * TRIES  # in a row, 5 minutes: there are as many as that all the time


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def limit_arenas() -> None:
    """Once, before there are threads."""
    libc = _libc()
    if libc is not None:
        libc.mallopt(M_ARENA_MAX, ARENAS)


def bound_collections() -> None:
    """Once, when what lives as long as the process is made: it is not visited any more."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, YOUNG, NEVER)


class FullCollections:
    """Made now and then, and put off while there is much to visit, or work beside the loop."""

    def __init__(self) -> None:
        self._skipped = 0

    def collect(self) -> bool:
        """Whether it was done now."""
        is_late = self._skipped >= MOST_SKIPPED
        if not is_late and (sys.getallocatedblocks() > MANY_BLOCKS or is_at_work()):
            self._skipped += 1
            return False
        self._skipped = 0
        gc.collect()
        return True


async def tidy_forever() -> None:
    """In a thread: it walks through all that is free, some milliseconds."""
    libc = await asyncio.to_thread(_libc)
    collections = FullCollections()
    while True:
        done = False
        for _ in range(TRIES):
            await asyncio.sleep(TRIM_INTERVAL / TRIES)
            done = done or await asyncio.to_thread(collections.collect)
        if libc is not None:
            await asyncio.to_thread(libc.malloc_trim, 0)
