"""The table of processes in memory, for tests in virtual time: as PostgreSQL does it.

tests/contracts/test_rate_slots.py holds the real one to the same.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from srhooks.store import StoreUnavailableError
from srhooks.store.process_table import (
    PARALLEL_SLOTS,
    SLOTS,
    WANTED_FOR,
    Beat,
    ProcessInfo,
    SlotAnswer,
    SlotRequest,
    fair_part,
    still_waits,
)

from tests.support.virtual_loop import LoopClock


@dataclass
class Want:
    until: int
    since: int
    urgent: bool


@dataclass
class Rows:
    """What all processes see."""

    clock: LoopClock = field(default_factory=LoopClock)
    is_away: bool = False  # the database answers nobody
    slowest: float = 0.0  # seconds that a transaction takes at most
    processes: dict[str, int] = field(default_factory=dict)  # until
    leases: dict[str, str] = field(default_factory=dict)  # owners
    slots: defaultdict[str, list[tuple[str, int]]] = field(  # of a user: owner and until
        default_factory=lambda: defaultdict(lambda: [("", 0)] * SLOTS)
    )
    wants: defaultdict[str, dict[str, Want]] = field(default_factory=lambda: defaultdict(dict))


class MemoryProcesses:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def _transact(self) -> int:
        """The time; what follows without waiting is one transaction."""
        await asyncio.sleep(random.uniform(0, self._rows.slowest))  # noqa: S311
        if self._rows.is_away:
            raise StoreUnavailableError("the database is away")
        return self._rows.clock.now_ms()

    async def join(self, process: ProcessInfo, ttl: float) -> int:
        self._rows.processes[process.id] = await self._transact() + round(ttl * 1000)
        return len(self._rows.processes)

    async def beat(
        self, process_id: str, ttl: float, overdue: Collection[str], held: Collection[str]
    ) -> Beat:
        now = await self._transact()
        rows = self._rows
        is_known = process_id in rows.processes
        if is_known:
            rows.processes[process_id] = now + round(ttl * 1000)
        for one in [one for one in overdue if rows.processes.get(one, now) < now]:
            del rows.processes[one]
        rows.leases = {
            name: owner for name, owner in rows.leases.items()
            if owner in rows.processes and (owner != process_id or name in held)
        }  # fmt: skip
        others = {one: until for one, until in rows.processes.items() if one != process_id}
        late = frozenset(one for one, until in others.items() if until < now)
        leases = frozenset(name for name, owner in rows.leases.items() if owner == process_id)
        return Beat(is_known, frozenset(others), late, leases)

    async def leave(self, process_id: str) -> None:
        await self._transact()
        self._rows.processes.pop(process_id, None)

    async def acquire_lease(self, name: str, owner: str) -> bool:
        await self._transact()
        return self._rows.leases.setdefault(name, owner) == owner

    async def release_lease(self, name: str, owner: str) -> None:
        await self._transact()
        if self._rows.leases.get(name) == owner:
            del self._rows.leases[name]

    async def share_slots(self, owner: str, request: SlotRequest, ttl: float) -> SlotAnswer:
        now = await self._transact()
        until = now + round(ttl * 1000)
        for user_id, slot in request.give_back:
            if self._rows.slots[user_id][slot][0] == owner:
                self._rows.slots[user_id][slot] = owner, 0
        held: dict[str, frozenset[int]] = {}
        contenders: dict[str, int] = {}
        for user_id in {*request.take, *request.renew}:
            slots = self._rows.slots[user_id]
            if user_id in request.take:
                for slot in self._turn(user_id, owner, request, now):
                    slots[slot] = owner, until
            own = frozenset(n for n, one in enumerate(slots) if one[0] == owner and one[1] > now)
            for slot in own:
                slots[slot] = owner, until
            held[user_id] = own
            wants = self._rows.wants[user_id]
            mine = wants.pop(owner, None)
            if user_id in request.wait_for and still_waits(request.take[user_id], own):
                since = mine.since if mine is not None and mine.until > now else now
                wants[owner] = Want(now + WANTED_FOR, since, request.take[user_id].urgent)
            contenders[user_id] = sum(
                self._count(user_id, one, now) < max(1, len(own))
                for one, want in wants.items() if one != owner and want.until > now
            )  # fmt: skip
        return SlotAnswer(held, contenders)

    async def close(self) -> None:
        return

    def _count(self, user_id: str, owner: str, now: int) -> int:
        return sum(one == owner and until > now for one, until in self._rows.slots[user_id])

    def _turn(self, user_id: str, owner: str, request: SlotRequest, now: int) -> list[int]:
        wanted = request.take[user_id]
        urgent = wanted.urgent
        slots = self._rows.slots[user_id]
        free = [slot for slot in range(wanted.lowest, SLOTS) if slots[slot][1] <= now]
        first = [slot for slot in free if slot < PARALLEL_SLOTS]
        last = free[len(first) :]
        valid = {one: w for one, w in self._rows.wants[user_id].items() if w.until > now}
        own = valid.pop(owner, None)
        since = own.since if own is not None and own.urgent == urgent else now
        queue = [one for one in valid.values() if one.urgent or not urgent]
        ahead = sum((one.urgent and not urgent) or one.since < since for one in queue)
        parts = fair_part(wanted, (len(first), len(last)), ahead, len(queue))
        return first[: parts[0]] + last[: parts[1]]
