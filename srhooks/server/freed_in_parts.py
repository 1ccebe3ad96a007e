"""What a thread beside the event loop makes is freed in parts, so that the loop goes on meanwhile.

To free a value frees all that hangs on it, in one go and with the interpreter's lock: 20 to 60 ms
for an entity of 4 MB. So each of its containers is held by itself, until none of them is needed.
What is still in use then stays as it is.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

MANY = 10_000  # things of no great size: to make, join or free them takes about a millisecond
UNUSED = 2  # references to what nothing else holds: a variable's, and the call's that counts them

Containers = list[list[Any] | dict[Any, Any]]
T = TypeVar("T", bound="list[Any] | dict[Any, Any]")


class _Here(threading.local):
    held: Containers | None = None


_here = _Here()


@contextlib.contextmanager
def freeing() -> Iterator[None]:
    """Free in parts, at the end, what was made inside."""
    held: Containers = []
    try:
        with holding(held):
            yield
    finally:
        free(held)


@contextlib.contextmanager
def holding(held: Containers) -> Iterator[None]:
    """Hold in this list what is made inside, for `free`."""
    before, _here.held = _here.held, held
    try:
        yield
    finally:
        _here.held = before


def freed_in_parts(container: T) -> T:
    """Hold it, where something does; the container. Those that stand in it come before it."""
    if _here.held is not None:
        _here.held.append(container)
    return container


def free(held: Containers) -> None:
    """Let go of them, the last first: then no other hangs on it any more."""
    while held:
        container = held.pop()
        if len(container) > MANY and sys.getrefcount(container) <= UNUSED:
            _empty(container)


def _empty(container: list[Any] | dict[Any, Any]) -> None:
    if isinstance(container, list):
        while container:
            del container[-MANY:]
    else:
        for _ in range(len(container)):
            container.popitem()
