"""This process's place among those that serve the database, put together."""

import asyncio
from collections.abc import Callable

from srhooks.fleet.leadership import Leadership
from srhooks.fleet.leases import Leases, SharedLeases, SoleLeases
from srhooks.fleet.membership import Membership
from srhooks.fleet.rate_shares import RateShares
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters.limiter import Limiters
from srhooks.store import Store
from srhooks.store.process_table import ProcessTable


class Fleet:
    def __init__(self, table: ProcessTable | None, store: Store, metrics: Metrics) -> None:
        """`table` None: there is no other process, and nothing is asked of the database."""
        failed = metrics.renewals_failed.inc
        self.membership = None if table is None else Membership(table, store.use_process, failed)
        self.leases: Leases = (
            SoleLeases() if self.membership is None else SharedLeases(self.membership)
        )
        self.leadership = Leadership(self.leases)
        self._shares = None if self.membership is None else RateShares(self.membership)
        self.limiters = Limiters(None if self._shares is None else self._shares.share)
        self._sharing: asyncio.Task[None] | None = None
        self.on_change(self.leadership.look)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have it called when other processes came or left."""
        if self.membership is not None:
            self.membership.on_change(listener)

    @property
    def process_id(self) -> str:
        """The id of this process, as the owner of leases; empty where there is no other process."""
        return "" if self.membership is None else self.membership.process_id

    @property
    def size(self) -> int:
        """How many processes serve the database."""
        return 1 if self.membership is None else len(self.membership.others) + 1

    @property
    def rate_slots(self) -> int:
        """How many of all accounts' slots this process has; with SQLite it needs none."""
        return 0 if self._shares is None else self._shares.slots

    async def open(self) -> None:
        """Become one of them. Raises StoreUnavailableError."""
        if self.membership is not None and self._shares is not None:
            await self.membership.join()
            self._sharing = asyncio.create_task(self._shares.run(), name="rate-shares")

    async def close(self) -> None:
        """Leave: the others take over at once."""
        if self.membership is not None and self._sharing is not None:
            self._sharing.cancel()
            await asyncio.gather(self._sharing, return_exceptions=True)
            await self.membership.leave()
