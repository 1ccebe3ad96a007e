"""The service's rate limits, kept on our side: one limiter a user.

10 requests in any second and 8 at a time per credential (developers.smartrecruiters.com, "Rate
limiting"). The service counts a request some time between our sending it and its answer, so one
that runs counts, and one that ended counts for a second more: then the limit holds in any second,
however slow the network is. What a person waits for goes first, and places are kept free for it.
"""

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple, Protocol

RATE = 10  # requests a window
WINDOW = 1.005  # seconds
CONCURRENT = 8
RESERVED = 2  # places that background requests leave free
KEPT_FREE = 1  # request a window that they leave for a log-in, whose user is not known beforehand
FIRST_BLOCK = 4.0  # seconds at most after a 429, twice as many after each that follows it
MAX_BLOCK = 900.0  # seconds


class Usage(NamedTuple):
    """The present use of a limiter: requests counted, running and waiting."""

    recent: int  # requests that count
    running: int
    waiting: int
    waiting_in_front: int  # of them, for a person


class Share(Protocol):
    """The part of a user's budget that is this process's, where several draw on it."""

    def limits(self) -> tuple[int, int]:
        """Requests a window, and at a time, now."""

    def want(self) -> None:
        """Calls wait for a larger part: the limiter is pumped when there is one. Never waits."""


class WholeBudget:
    """There is no other process."""

    def limits(self) -> tuple[int, int]:
        return RATE, CONCURRENT

    def want(self) -> None:
        return


ShareOf = Callable[[str, Callable[[], Usage], Callable[[], None]], Share]


class Limiter:
    def __init__(self, share: Share | None = None) -> None:
        self.share: Share = share or WholeBudget()
        self._rate = RATE
        self._concurrent = CONCURRENT
        self._ended: deque[float] = deque()
        self._running = 0
        self._running_behind = 0
        self._blocked_until = 0.0  # for background requests
        self._refusals = 0  # in a row
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def slot(self, *, foreground: bool) -> AsyncIterator[None]:
        """Wait for one's turn, and hold a place while the request runs."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (not foreground, next(self._order), turn))
        self.pump()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(foreground=foreground)
            raise
        try:
            yield
        finally:
            self._leave(foreground=foreground)

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for _, _, turn in self._waiting)

    @property
    def recent(self) -> int:
        """How many requests count at the moment."""
        return len(self._ended) + self._running

    def usage(self) -> Usage:
        self._forget_old(asyncio.get_running_loop().time())
        waiting = [behind for behind, _, turn in self._waiting if not turn.done()]
        return Usage(self.recent, self._running, len(waiting), waiting.count(False))

    def count(self, requests: int = 1) -> None:
        """Requests of the user's that were made without a slot have just been answered."""
        self._ended.extend([asyncio.get_running_loop().time()] * requests)

    def observe(self, status: int, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Learn from an answer: lower limits, and a time to hold background requests back."""
        now = asyncio.get_running_loop().time()
        self._rate = _lower(headers.get("X-RateLimit-Limit"), RATE)
        self._concurrent = _lower(headers.get("X-RateLimit-Concurrent-Limit"), CONCURRENT)
        self._refusals = self._refusals + 1 if status == 429 else 0
        if status == 429:
            # One call may be asked to wait for long where the others are let through.
            most = FIRST_BLOCK * 2.0 ** min(self._refusals - 1, 20)
            self._block(now, min(retry_after if retry_after is not None else 1.0, most))
        elif headers.get("X-RateLimit-Remaining") == "0" and self.recent < self._rate - KEPT_FREE:
            self._block(now, WINDOW)  # somebody else spends from the same budget

    def _block(self, now: float, seconds: float) -> None:
        self._blocked_until = max(self._blocked_until, now + min(seconds, MAX_BLOCK))

    def _leave(self, *, foreground: bool) -> None:
        self.count()
        self._running -= 1
        self._running_behind -= not foreground
        self.pump()

    def _forget_old(self, now: float) -> None:
        # As `pump` reckons: rounded otherwise, one that ends now would hold nobody back.
        while self._ended and self._ended[0] + WINDOW <= now:
            self._ended.popleft()

    def pump(self) -> None:
        """Let in whoever may go now, and come back when the next one may."""
        now = asyncio.get_running_loop().time()
        self._forget_old(now)
        share_rate, share_concurrent = self.share.limits()
        # The service may allow less than it says: then of each part, too.
        rate = -(-share_rate * self._rate // RATE)
        concurrent = min(self._concurrent, share_concurrent)
        while self._waiting:
            behind, _, turn = self._waiting[0]
            if turn.done():  # cancelled
                heapq.heappop(self._waiting)
                continue
            full = self._running >= concurrent
            spent = self.recent >= min(rate, max(1, self._rate - KEPT_FREE * behind))
            if full or spent:
                self.share.want()
            if behind:
                full |= self._running_behind >= max(1, self._concurrent - RESERVED)
            if full or (spent and not self._ended):
                return  # whoever leaves pumps again
            wait = self._ended[0] + WINDOW - now if spent else 0.0
            if behind:
                wait = max(wait, self._blocked_until - now)
            if wait > 0:
                self._come_back(wait)
                return
            heapq.heappop(self._waiting)
            self._running += 1
            self._running_behind += behind
            turn.set_result(None)

    def _come_back(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.pump)


class Limiters:
    """The limiter of each user."""

    def __init__(self, share_of: ShareOf | None = None) -> None:
        """`share_of`: each user's part of the budget, where other processes call as well."""
        self._of: dict[str, Limiter] = {}
        self._share_of = share_of

    def of(self, user_id: str) -> Limiter:
        limiter = self._of.get(user_id)
        return self._add(user_id, Limiter()) if limiter is None else limiter

    def _add(self, user_id: str, limiter: Limiter) -> Limiter:
        self._of[user_id] = limiter
        if self._share_of is not None:
            limiter.share = self._share_of(user_id, limiter.usage, limiter.pump)
        return limiter

    def adopt(self, user_id: str, limiter: Limiter) -> None:
        """A log-in asked before the user was known: what it asked counts as the user's."""
        known = self._of.get(user_id)
        if known is None:
            self._add(user_id, limiter)
        elif known is not limiter:
            known.count(limiter.recent)

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return sum(limiter.waiting for limiter in self._of.values())


def _lower(value: str | None, ours: int) -> int:
    if value is not None and value.isascii() and value.isdigit():
        return max(1, min(int(value[:9]), ours))
    return ours
