"""What one process does for all: retention, indexing, erasure, watching, alerts.

Each process tries to get the lease whenever another one has left. Who has it runs the jobs, fenced
by it, until it has lost it or ends.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping

from srhooks.fleet.leases import Lease, Leases
from srhooks.store import StoreError
from srhooks.store.fencing import fenced

log = logging.getLogger(__name__)

NAME = "leader"
LOOK_INTERVAL = 2.0  # seconds between two looks, in any case


class Leadership:
    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._changed = asyncio.Event()
        self._lease: Lease | None = None

    @property
    def is_leader(self) -> bool:
        return self._lease is not None and self._lease.is_held()

    def look(self) -> None:
        """Other processes came or left, or this one's leases are lost. Never waits."""
        self._changed.set()

    async def run(self, jobs: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Until cancelled: run the jobs, none of which ends, while this process leads."""
        while True:
            lease = await self._elected()
            self._lease = lease
            with fenced(lease.fence):
                tasks = [asyncio.create_task(_job(job), name=name) for name, job in jobs.items()]
            try:
                await self._over(lease)
            finally:
                self._lease = None
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.shield(self._leases.release(lease))
            log.warning("this process does not lead any more")

    async def _elected(self) -> Lease:
        while True:
            self._changed.clear()
            with contextlib.suppress(StoreError):
                if lease := await self._leases.acquire(NAME):
                    if self._leases.is_shared:
                        log.info("this process leads: it does what one does for all")
                    return lease
            await self._pause()

    async def _over(self, lease: Lease) -> None:
        if not self._leases.is_shared:
            await asyncio.Event().wait()
        while not lease.is_over():
            self._changed.clear()
            await self._pause()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_INTERVAL):
                await self._changed.wait()


async def _job(run: Callable[[], Awaitable[None]]) -> None:
    await run()
