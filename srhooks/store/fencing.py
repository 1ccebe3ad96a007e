"""Work that only the owner of a lease may do: it can write only while it holds the lease.

Whoever works under a lease enters `fenced(lease)`; the tasks that begin inside inherit it. The
store then writes nothing for them but in a transaction that locks the lease's row, and whatever is
sent outside is preceded by `require_leases`. So a process that was frozen, and whose leases were
given to others meanwhile, does nothing with what it had.
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar, cast

from srhooks.store.errors import StoreUnavailableError
from srhooks.store.group_commit import Transaction

T = TypeVar("T")


class LeaseLostError(StoreUnavailableError):
    """The lease is over: another process has taken the work over, or may have."""

    def __init__(self) -> None:
        super().__init__("another process does this work now")


class Fence(Protocol):
    """A lease on some work."""

    name: str
    owner: str  # id of the process

    def is_held(self) -> bool:
        """Whether nobody else can have it yet, by this machine's evenly passing time."""


_fences: ContextVar[tuple[Fence, ...]] = ContextVar("fences", default=())


@contextlib.contextmanager
def fenced(fence: Fence | None) -> Iterator[None]:
    """While inside, write and send only while the lease holds, and so all tasks begun inside."""
    if fence is None:
        yield
        return
    token = _fences.set((*_fences.get(), fence))
    try:
        yield
    finally:
        _fences.reset(token)


@contextlib.contextmanager
def unfenced() -> Iterator[None]:
    """Begin something that is nobody's in particular, such as what several wait for."""
    token = _fences.set(())
    try:
        yield
    finally:
        _fences.reset(token)


def require_leases() -> None:
    """Raises LeaseLostError where a lease that the work stands under is over."""
    if any(not fence.is_held() for fence in _fences.get()):
        raise LeaseLostError


def is_fenced() -> bool:
    """Whether others may take over what is done here."""
    return bool(_fences.get())


async def run_fenced(
    run: Callable[[Transaction], Coroutine[Any, Any, T]],
    submit: Callable[[Callable[[Transaction], Coroutine[Any, Any, T | None]]], Awaitable[T | None]],
) -> T:
    """Have `submit` run it inside a transaction. Raises LeaseLostError, and nothing was changed."""
    fences = _fences.get()
    owns = True

    async def work(tx: Transaction) -> T | None:
        nonlocal owns
        # No error in here: in a shared transaction it would take the others' work along.
        owns = all([await _owns(tx, fence) for fence in fences])
        return await run(tx) if owns else None

    result = await submit(work if fences else run)
    if not owns:
        raise LeaseLostError
    return cast("T", result)


async def _owns(tx: Transaction, fence: Fence) -> bool:
    """The lock lasts until the commit: whoever takes the lease over waits for that."""
    return fence.is_held() and bool(
        await tx.fetch(
            "SELECT 1 FROM leases WHERE name = $1 AND owner = $2 FOR SHARE",
            fence.name,
            fence.owner,
        )
    )
