"""Give memory back to the system after something large: glibc keeps what its threads have freed.

With the usual eight arenas a core the process stays at the sum of all peaks. Elsewhere than on
glibc nothing is done (mallopt(3), malloc_trim(3)).
"""

import asyncio
import ctypes
import platform

ARENAS = 2  # one for the event loop, one for the threads beside it
M_ARENA_MAX = -8  # malloc.h
TRIM_INTERVAL = 20.0  # seconds


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def limit_arenas() -> None:
    """Once, before there are threads."""
    libc = _libc()
    if libc is not None:
        libc.mallopt(M_ARENA_MAX, ARENAS)


async def trim_forever() -> None:
    """In a thread: it walks through all that is free, some milliseconds."""
    libc = await asyncio.to_thread(_libc)
    while libc is not None:
        await asyncio.sleep(TRIM_INTERVAL)
        await asyncio.to_thread(libc.malloc_trim, 0)
