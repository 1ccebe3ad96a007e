"""Work that one process at a time does, by name: `leader`, `entities:ID`, `token:ID`, `missed:ID`.

What a process has is its own until it gives it back or is taken for dead (membership.py). With
SQLite there is one process, and a lease costs nothing.
"""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Protocol

from srhooks.fleet.membership import Membership
from srhooks.store import StoreError
from srhooks.store.fencing import Fence

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.1  # seconds between two tries to get what another process has, on average


class Leases(Protocol):
    is_shared: bool  # whether there may be other processes

    async def acquire(self, name: str) -> "Lease | None":
        """None: somebody else has it, in this process or in another. Raises StoreError."""

    async def release(self, lease: "Lease") -> None:
        """Never raises: what cannot be given back now will be."""

    def exclusive(self, name: str) -> contextlib.AbstractAsyncContextManager[Fence | None]:
        """Wait until it is ours; the fence for what is done inside, where one is needed.

        Raises StoreError.
        """


class Lease:
    def __init__(self, name: str, membership: Membership | None) -> None:
        """`membership` None: there is no other process."""
        self.name = name
        self.owner = "" if membership is None else membership.process_id
        self._membership = membership
        self.is_lost = False  # the database does not know of it any more

    def lose(self) -> None:
        self.is_lost = True

    @property
    def fence(self) -> Fence | None:
        return None if self._membership is None else self

    def is_held(self) -> bool:
        """Whether nobody else can have it yet."""
        if self._membership is None:
            return True
        return not self.is_lost and self._membership.owns_as(self.owner)

    def is_over(self) -> bool:
        """Whether others have what this process had. False also while that is not known."""
        if self._membership is None:
            return False
        return self.is_lost or self._membership.process_id != self.owner


class _InProcess:
    """The leases that tasks of this process wait for."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._waiting[name] += 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[name] -= 1
            if not self._waiting[name]:
                del self._waiting[name], self._locks[name]


class SoleLeases:
    """Leases where there is only one process."""

    is_shared = False

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._turns = _InProcess()

    async def acquire(self, name: str) -> Lease | None:
        if name in self._held:
            return None
        self._held.add(name)
        return Lease(name, None)

    async def release(self, lease: Lease) -> None:
        self._held.discard(lease.name)

    @contextlib.asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[Fence | None]:
        async with self._turns.turn(name):
            yield None


class SharedLeases:
    is_shared = True

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._turns = _InProcess()

    async def acquire(self, name: str) -> Lease | None:
        membership = self._membership
        if name in membership.held:
            return None
        membership.held.add(name)  # first, or a beat would give it back
        lease = Lease(name, membership)
        try:
            if await membership.table.acquire_lease(name, lease.owner):
                if lease.owner == membership.process_id:
                    membership.acquired[name] = lease.lose
                return lease
        except BaseException:
            self._forget(lease)  # it may have been acquired: the next beat gives it back
            raise
        self._forget(lease)
        return None

    async def release(self, lease: Lease) -> None:
        if lease.is_lost:
            return  # it may be another one's in this process by now
        self._forget(lease)
        try:
            await self._membership.table.release_lease(lease.name, lease.owner)
        except StoreError as error:
            log.info("the lease %s is given back with the next beat: %s", lease.name, error)

    @contextlib.asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[Fence | None]:
        async with self._turns.turn(name):
            lease = await self._wait_for(name)
            try:
                yield lease.fence
            finally:
                await asyncio.shield(self.release(lease))

    async def _wait_for(self, name: str) -> Lease:
        while True:
            if lease := await self.acquire(name):
                return lease
            await asyncio.sleep(random.uniform(0.5, 1.5) * LOOK_INTERVAL)  # noqa: S311

    def _forget(self, lease: Lease) -> None:
        if lease.owner == self._membership.process_id:
            self._membership.held.discard(lease.name)
            self._membership.acquired.pop(lease.name, None)
