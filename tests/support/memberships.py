"""Several processes of one PostgreSQL database within the test's own."""

import contextlib

from srhooks.fleet.membership import Membership
from srhooks.store import make_process_table, make_store
from srhooks.store.sql_store import SqlStore

from tests.support.clock import ManualClock

TTL = 1.0  # seconds: a busy machine takes a part of it for one query


class Memberships:
    """Each has its own store, connection and clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._stack = contextlib.AsyncExitStack()

    async def store(self) -> SqlStore:
        store = make_store(self.url)
        assert isinstance(store, SqlStore)
        await store.open()
        self._stack.push_async_callback(store.close)
        return store

    async def join(self, *, ttl: float = TTL, clock: ManualClock | None = None) -> Membership:
        table = make_process_table(self.url)
        assert table is not None
        numbers: list[int] = []
        member = Membership(table, numbers.append, ttl=ttl, clock=clock or ManualClock())
        await member.join()
        self._stack.push_async_callback(member.leave)
        return member

    async def close(self) -> None:
        await self._stack.aclose()
