"""Whose calls are paced, and by what: told by the context, so that none can be forgotten.

Whoever calls on behalf of many accounts does it inside `paced_by`. Every call of the service made
in there takes its turn: further pages of a list, repeats after a 401, token renewals.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Turn = Callable[[], Awaitable[None]]

_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def paced_by(turn: Turn | None) -> Iterator[None]:
    """Inside, and in tasks made inside, each call awaits `turn` first; None: no call does."""
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)


async def take_turn() -> None:
    """Wait until the next call may be made. Raises what the turn raises."""
    turn = _turn.get()
    if turn is not None:
        await turn()
