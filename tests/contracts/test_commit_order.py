"""Several processes write: whatever the order of their commits, no reader misses a row.

A trigger that waits holds the commits of each store until the test lets it go.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import asyncpg
import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import EntityJob, NamedSubjects
from srhooks.observability.metrics import Metrics
from srhooks.store import Store
from srhooks.store.postgres import PostgresStore

from tests.support.clock import ManualClock
from tests.support.harness import eventually
from tests.support.stored import TOKENS, add, person

LINK = "https://api.test/jobs/1"
HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext(current_setting('application_name')));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE ON notifications DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hold();
CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON recent_deletions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hold();
"""


@dataclass
class Gate:
    """Holds the commits of stores, by name, as long as it is closed to them."""

    connection: "asyncpg.Connection[Any]"

    async def close(self, name: str) -> None:
        await self.connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)

    async def open(self, name: str) -> None:
        await self.connection.execute("SELECT pg_advisory_unlock(hashtext($1))", name)

    async def waiting(self) -> int:
        """How many wait: for the gate, or for one who does."""
        count: int = await self.connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        )
        return count


@dataclass
class Follower:
    """Reads as a page does, by `rev`, and as a program does, by ids."""

    store: Store
    cursor: int = 0
    newest: int = 0
    changes: set[tuple[int, int]] = field(default_factory=set)  # id and rev
    deleted: set[int] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)

    async def read(self) -> None:
        after = self.cursor
        rows = await self.store.changed_since("u1", after, 50)
        _, deleted = await self.store.deleted_since("u1", after)
        self.changes |= {(n.id, n.rev) for n in rows}
        self.deleted |= set(deleted)
        self.cursor = max(after, *(n.rev for n in rows), *(await self._deletions(after)))
        found = await self.store.notifications("u1", Filter(after=self.newest), 50)
        self.ids += [n.id for n in reversed(found)]
        self.newest = max([self.newest, *self.ids])

    async def _deletions(self, after: int) -> tuple[int, ...]:
        return ((await self.store.deleted_since("u1", after))[0],)

    async def check(self) -> None:
        """All that is there now was read, as it is."""
        await self.read()
        rows = await self.store.notifications("u1", Filter(), 500)
        assert {(n.id, n.rev) for n in rows} <= self.changes
        assert sorted(self.ids) == self.ids
        assert {n.id for n in rows} <= set(self.ids)
        assert len(set(self.ids)) == len(self.ids)


@dataclass
class Fleet:
    stores: dict[str, PostgresStore]
    gate: Gate
    reader: PostgresStore


@pytest.fixture
async def fleet(postgres_url: str) -> AsyncIterator[Fleet]:
    """Two writers, the clock of the second a minute behind, and a reader."""
    stores = {}
    for name, behind in (("one", 0), ("two", 60_000), ("reader", 0)):
        clock = ManualClock()
        clock.leap(-behind)
        stores[name] = PostgresStore(f"{postgres_url}&application_name={name}", Metrics(), clock)
        await stores[name].open()
    await stores["one"].save_user(person(1), TOKENS)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(HOLD)
    reader = stores.pop("reader")
    yield Fleet(stores, Gate(connection), reader)
    await connection.close()  # it lets go of what is held
    for store in [*stores.values(), reader]:
        await store.close()


async def insert(store: Store, target: int) -> None:
    await add(store, event_id=f"{target}-{id(store)}")


async def insert_several(store: Store, target: int) -> None:
    await asyncio.gather(*(insert(store, target * 10 + n) for n in range(5)))


async def deliver_again(store: Store, target: int) -> None:
    (n,) = await store.by_ids("u1", [target])
    assert await add(store, event_id=n.event_id) == target


async def fetch_entity(store: Store, target: int) -> None:
    job = EntityJob("u1", LINK, target, 0)
    await store.finish_entity(job, "fetched", 1, entity=b"{}")


async def fail_entity(store: Store, target: int) -> None:
    await store.postpone_entity(EntityJob("u1", LINK, target, 0), 1, 1, "failed", 0)


async def process_again(store: Store, target: int) -> None:
    await store.process_again("u1", target, "valid", LINK, "pending", 1)


async def give_title(store: Store, target: int) -> None:
    (n,) = await store.by_ids("u1", [target])
    entry = NamedSubjects(n.id, n.rev, frozenset(), "A title")
    await store.save_subjects("u1", [entry], n.rev)


async def erase(store: Store, target: int) -> None:
    assert await store.erase_notifications("u1", [target]) == 1


async def delete(store: Store, target: int) -> None:
    assert await store.delete_notifications("u1", [target]) == [target]


Write = Callable[[Store, int], Awaitable[None]]
WRITES: list[Write] = [
    insert, insert_several, deliver_again, fetch_entity, fail_entity, process_again, give_title,
    erase, delete,
]  # fmt: skip


@pytest.mark.parametrize("first", ["one", "two"])
async def test_no_order_of_commits_hides_a_change(fleet: Fleet, first: str) -> None:
    """Both begin, `first` before the other, and are let go in every order; readers look between."""
    names = [first, "two" if first == "one" else "one"]
    follower = Follower(fleet.reader)
    deleted = set()
    for write in WRITES:
        for order in permutations(names):
            targets = [
                await add(fleet.stores[name], event_id=f"old {write.__name__} {order} {name}")
                for name in names
            ]
            await follower.read()
            for name in names:
                await fleet.gate.close(name)
            writing: list[asyncio.Task[None]] = []
            for name, kind, target in zip(names, (write, insert), targets, strict=True):
                writing.append(asyncio.create_task(_run(kind(fleet.stores[name], target))))
                await _wait_for(fleet.gate, len(writing))
                await follower.read()
            for name in order:
                await fleet.gate.open(name)
                await asyncio.wait(writing, timeout=0.05)  # those that may end now do
                await follower.read()
            await asyncio.gather(*writing)
            if write is delete:
                deleted.add(targets[0])
            await follower.check()
            assert deleted <= follower.deleted


async def _run(writing: Coroutine[Any, Any, None] | Awaitable[None]) -> None:
    await writing


async def _wait_for(gate: Gate, count: int) -> None:
    async def waiting() -> bool:
        return await gate.waiting() >= count

    await eventually(waiting)


async def test_other_accounts_need_not_wait(fleet: Fleet) -> None:
    await fleet.gate.close("one")
    held = asyncio.create_task(add(fleet.stores["one"]))
    await _wait_for(fleet.gate, 1)
    await add(fleet.stores["two"], user_id="u2")
    await fleet.gate.open("one")
    await held


async def test_times_of_receipt_stay_what_they_were(fleet: Fleet) -> None:
    """Ids of a process whose clock is behind go on above those that are there."""
    ahead, behind = fleet.stores["one"], fleet.stores["two"]
    first = await add(ahead)
    stamp = behind.next_stamp()
    second = await add(behind, id=stamp.id, received_at=stamp.received_at)
    third = await add(ahead)
    assert first < second
    assert first < third
    (found,) = await behind.by_ids("u1", [second])
    assert found.received_at == stamp.received_at
    # It goes on above what it stored, and needs no help of the database's any more.
    assert await add(behind) > second


async def test_a_change_whose_account_is_not_named_is_refused(fleet: Fleet) -> None:
    store = fleet.stores["one"]
    sql = "UPDATE notifications SET rev = nextval('change_rev')"
    with pytest.raises(RuntimeError, match="name their accounts"):
        await store._work(lambda tx: tx.execute(sql))
    await store._work(lambda tx: tx.execute(sql), user_ids=["u1"])


async def test_numbers_go_on_above_those_of_a_copied_database(fleet: Fleet) -> None:
    one = fleet.stores["one"]
    number = await add(one)
    await fleet.gate.connection.execute("UPDATE notifications SET rev = $1", 1 << 61)
    again = PostgresStore(one._server._url, Metrics())
    await again.open()
    assert await again.last_rev("u1") == 1 << 61
    await add(one)
    await process_again(again, number)
    assert await one.last_rev("u1") == (1 << 61) + 2
    await again.close()


async def test_a_state_that_comes_while_another_process_indexes_is_found(fleet: Fleet) -> None:
    one, two = fleet.stores["one"], fleet.stores["two"]
    target = await add(one, link=LINK)
    job = EntityJob("u1", LINK, target, 0)
    await one.finish_entity(job, "fetched", 1, entity=b'{"title": "earlier"}')
    await process_again(one, target)
    await fleet.gate.close("two")
    storing = asyncio.create_task(
        two.finish_entity(job, "fetched", 2, entity=b'{"title": "laterstate"}')
    )
    await _wait_for(fleet.gate, 1)
    indexing = asyncio.create_task(one.index_some(20))
    await asyncio.wait([indexing], timeout=0.3)  # it may end, or wait for the other
    await fleet.gate.open("two")
    await asyncio.gather(storing, indexing)
    while await one.index_some(20):
        pass
    assert [n.id for n in await one.notifications("u1", Filter(q="laterstate"), 5)] == [target]
