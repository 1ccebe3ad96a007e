"""The service's rate limit over all processes: each has slots of it for some seconds.

10 requests a second and 8 at a time per credential (developers.smartrecruiters.com, "Rate
limiting") are ten slots a user. Who has k of them makes at most k requests in any second (and as
many at a time as it has of the first eight), with no question to anybody for each call. Slots are
taken when calls wait, for SLOT_TTL, renewed while they are in use and given back when they are
not; who has more than others that wait gives them a part, and who has a single one gives that away
after TURN, so that each of any number of processes has its turn. Those who wait are served in the
order of coming, people's calls first. Background work leaves two slots free, so that a person's
request at another process finds one at once.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.fleet.membership import Membership
from srhooks.smartrecruiters.limiter import Usage
from srhooks.store import StoreError
from srhooks.store.process_table import PARALLEL_SLOTS, SLOTS, SlotRequest, Wanted

log = logging.getLogger(__name__)

SLOT_TTL = 4.0  # seconds
START_MARGIN = 1200  # ms before its end from which a slot begins no request: it counts for a second
RENEW_AT = 2600  # ms before its end
TICK = 0.25  # seconds between two looks, while a user's slots are in use or wanted
SHORTEST_TICK = 50  # ms
FIRST_FOR_BACKGROUND = 2  # slot; with one process alone its limiter keeps enough free for people
FIRST_ALONE = 1
TURN = 1000  # ms that the last place is kept while others wait
CAP_TIME = 3000  # ms after giving others a part in which no more is taken
STORE_PAUSE = 0.5  # seconds


@dataclass(slots=True, eq=False)
class UserShare:
    """The slots of one user that this process holds."""

    user_id: str
    clock: Clock
    usage: Callable[[], Usage]
    pump: Callable[[], None]  # more may go now
    wake: Callable[["UserShare"], None]
    slots: frozenset[int] = frozenset()
    kept: frozenset[int] | None = None  # of them, while the rest is being given to others
    until: int = 0  # elapsed ms
    since: int = 0  # elapsed ms: when it got the first of them
    others_wait: bool = False  # as of the last answer
    capped_until: int = 0  # elapsed ms
    cap: int = SLOTS
    lacking: bool = False  # others have what it waits for

    def limits(self) -> tuple[int, int]:
        """Requests a second, and at a time, that this process may make for the user now."""
        if self.clock.elapsed_ms() >= self.until - START_MARGIN:
            return 0, 0
        usable = self.slots if self.kept is None else self.kept
        return len(usable), sum(slot < PARALLEL_SLOTS for slot in usable)

    def want(self) -> None:
        """Calls wait for want of slots. Never waits."""
        self.wake(self)

    def missing(self, usage: Usage, lowest: int, now: int) -> int:
        """How many more slots calls could use, of those from `lowest` on."""
        most = min(self.cap if now < self.capped_until else SLOTS, SLOTS - lowest)
        held = self.slots if now < self.until else frozenset()
        missing = min(most, usage.recent + usage.waiting) - len(held)
        if usage.waiting and not any(slot < PARALLEL_SLOTS for slot in held):
            return max(1, missing)  # the last two alone let nothing through
        return max(0, missing)

    def share_with(self, contenders: int, now: int) -> None:
        """Others wait: keep a fair part, which is used from now on, and give the rest back."""
        if self.kept is None and self.places > 1:
            self.cap = -(-len(self.slots) // (contenders + 1))
            self.capped_until = now + CAP_TIME
            self.kept = spread(self.slots, self.cap)

    def end_turn(self, now: int) -> None:
        """Give its only place to whoever waits, once it has had it for long enough."""
        if self.kept is None and self.others_wait and now >= self.since + TURN:
            self.kept = frozenset()

    @property
    def places(self) -> int:
        """How many calls at a time its slots allow."""
        return sum(slot < PARALLEL_SLOTS for slot in self.slots)

    def hold(self, slots: frozenset[int], now: int) -> None:
        """These are its own from now on, until SLOT_TTL has passed."""
        before = self.places
        self.slots = slots
        if self.places and not before:
            self.since = now
        self.until = now + round(SLOT_TTL * 1000)
        # What was to be given away may be gone already: they lapse while the database is away.
        if self.kept is not None and slots <= self.kept:
            self.kept = None

    def lose(self) -> None:
        """Forget all slots: another process may have them."""
        self.slots, self.kept, self.until = frozenset(), None, 0

    def surplus(self, usage: Usage) -> frozenset[int]:
        """The slots that can be given to other processes now: no request uses them."""
        if not usage.recent and not usage.waiting:
            return self.slots
        if self.kept is None or usage.recent > len(self.kept):
            return frozenset()
        if usage.running > sum(slot < PARALLEL_SLOTS for slot in self.kept):
            return frozenset()
        return self.slots - self.kept


class RateShares:
    def __init__(self, membership: Membership, clock: Clock = SYSTEM_CLOCK) -> None:
        self._membership = membership
        self._clock = clock
        self._active: dict[str, UserShare] = {}
        self._woken = asyncio.Event()
        self._looked_at = -SHORTEST_TICK  # elapsed ms: a look is due
        self._owner = ""

    def share(
        self, user_id: str, usage: Callable[[], Usage], pump: Callable[[], None]
    ) -> UserShare:
        return UserShare(user_id, self._clock, usage, pump, self._wake)

    @property
    def slots(self) -> int:
        """How many of all users' slots are this process's now."""
        now = self._clock.elapsed_ms()
        return sum(len(share.slots) for share in self._active.values() if now < share.until)

    async def run(self) -> None:
        """Keep enough slots for the calls of this process, until cancelled."""
        while True:
            if not self._active:
                await self._woken.wait()
            self._woken.clear()
            try:
                await self._look()
            except StoreError as error:
                log.warning("calls to SmartRecruiters wait for the database: %s", error)
                await asyncio.sleep(STORE_PAUSE)
            except Exception:  # a defect must not stop all calls for ever
                log.exception("sharing the rate limit failed")
                await asyncio.sleep(STORE_PAUSE)
            try:
                async with asyncio.timeout(TICK * random.uniform(0.7, 1.3)):  # noqa: S311
                    await self._woken.wait()
            except TimeoutError:
                pass

    def _wake(self, share: UserShare) -> None:
        is_new = self._active.setdefault(share.user_id, share) is share and not share.lacking
        if is_new and self._clock.elapsed_ms() - self._looked_at >= SHORTEST_TICK:
            self._woken.set()

    async def _look(self) -> None:
        """Give back, acquire and renew the slots of all users in one transaction."""
        self._looked_at = now = self._clock.elapsed_ms()
        if self._owner != self._membership.process_id:  # others have taken over what it had
            self._owner = self._membership.process_id
            for share in self._active.values():
                share.lose()
        request = SlotRequest({}, [], [], [])
        for share in list(self._active.values()):
            self._plan(share, request, now)
        if not (request.take or request.renew or request.give_back):
            return
        answer = await self._membership.table.share_slots(self._owner, request, SLOT_TTL)
        for user_id, held in answer.held.items():
            share = self._active[user_id]
            asked = request.take.get(user_id)
            wanted = len(share.slots) + (0 if asked is None else asked.most)
            share.hold(held, now)
            share.lacking = len(held) < wanted
            contenders = answer.contenders.get(user_id, 0)
            share.others_wait = contenders > 0
            if contenders:
                share.share_with(contenders, now)
            share.pump()

    def _plan(self, share: UserShare, request: SlotRequest, now: int) -> None:
        usage = share.usage()
        is_idle = not usage.recent and not usage.waiting
        if is_idle:
            del self._active[share.user_id]
            share.lacking, share.kept = False, None
            if not self._membership.others:
                return  # they lapse by themselves
        if share.places == 1 and not is_idle:
            share.end_turn(now)
        if surplus := share.surplus(usage):
            request.give_back.extend((share.user_id, slot) for slot in surplus)
            share.slots -= surplus
            share.kept = None
        if is_idle:
            return
        lowest = FIRST_FOR_BACKGROUND if self._membership.others else FIRST_ALONE
        if usage.waiting_in_front:
            lowest = 0
        missing = share.missing(usage, lowest, now)
        if missing and share.kept is None:
            has_place = share.places > 0 and now < share.until
            request.take[share.user_id] = Wanted(lowest, missing, has_place)
            # In the background as little as can be: what others do not need is taken when free.
            if share.lacking and (usage.waiting_in_front or share.limits()[1] == 0):
                request.wait_for.append(share.user_id)
        elif share.slots and share.until - now < RENEW_AT:
            request.renew.append(share.user_id)


def spread(slots: frozenset[int], count: int) -> frozenset[int]:
    """So many of them, evenly: the first eight, which count twice, are shared as well."""
    ordered = sorted(slots)
    return frozenset(ordered[position * len(ordered) // count] for position in range(count))
