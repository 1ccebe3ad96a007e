"""What processes that serve one PostgreSQL database promise each other: leases, fences, slots."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from srhooks.fleet.leadership import Leadership
from srhooks.fleet.leases import Lease, SharedLeases
from srhooks.fleet.membership import Membership
from srhooks.fleet.rate_shares import RateShares, spread
from srhooks.smartrecruiters.limiter import CONCURRENT, RATE, Limiters
from srhooks.store import StoreUnavailableError, make_process_table, make_store
from srhooks.store.fencing import LeaseLostError, fenced, require_leases, unfenced
from srhooks.store.process_table import ProcessTable, SlotRequest, Wanted
from srhooks.store.sql_store import SqlStore

from tests.support.clock import ManualClock
from tests.support.harness import eventually

TTL = 0.5  # seconds


class Processes:
    """Several of them in this one, each with its own store, connection and clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._stack = contextlib.AsyncExitStack()

    async def store(self) -> SqlStore:
        store = make_store(self.url)
        assert isinstance(store, SqlStore)
        await store.open()
        self._stack.push_async_callback(store.close)
        return store

    async def member(self, *, ttl: float = TTL, clock: ManualClock | None = None) -> Membership:
        table = make_process_table(self.url)
        assert table is not None
        numbers: list[int] = []
        member = Membership(table, numbers.append, ttl=ttl, clock=clock or ManualClock())
        await member.join()
        self._stack.push_async_callback(member.leave)
        return member

    async def close(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def processes(postgres_url: str) -> AsyncIterator[Processes]:
    made = Processes(postgres_url)
    await made.store()
    try:
        yield made
    finally:
        await made.close()


async def freeze(member: Membership) -> None:
    """It renews nothing any more, as if it were stopped (SIGSTOP)."""
    assert member._task is not None
    member._task.cancel()
    await asyncio.gather(member._task, return_exceptions=True)


async def thaw(member: Membership) -> None:
    member._task = asyncio.create_task(member._beat_forever())


async def test_a_lease_has_one_owner_until_it_is_given_back(processes: Processes) -> None:
    first, second = [SharedLeases(await processes.member()) for _ in range(2)]
    lease = await first.acquire("leader")
    assert lease is not None
    assert lease.is_held()
    assert await second.acquire("leader") is None
    assert await first.acquire("leader") is None  # not twice in one process either
    assert await second.acquire("another") is not None
    await first.release(lease)
    assert await second.acquire("leader") is not None


async def test_what_a_dead_process_had_goes_to_others_and_it_notices(
    processes: Processes,
) -> None:
    store = await processes.store()
    clock = ManualClock()
    frozen, other = await processes.member(clock=clock), await processes.member()
    lease = await SharedLeases(frozen).acquire("leader")
    assert lease is not None
    await freeze(frozen)
    clock.passes(round(TTL * 1000))
    assert not lease.is_held()  # by its own clock, before anybody tells it

    async def taken() -> Lease | None:
        return await SharedLeases(other).acquire("leader")

    assert await eventually(taken)
    with fenced(lease), pytest.raises(LeaseLostError):
        require_leases()
    await thaw(frozen)

    async def back() -> bool:
        return lease.is_over()

    await eventually(back)
    assert await SharedLeases(frozen).acquire("leader") is None
    assert await SharedLeases(frozen).acquire("free") is not None
    with fenced(lease), pytest.raises(LeaseLostError):
        await store.save_maintenance_state("x", 1)


async def test_a_write_holds_while_the_lease_does_also_when_the_clock_says_nothing(
    processes: Processes,
) -> None:
    """The row decides, in the transaction of the write: a clock can stand still."""
    store = await processes.store()
    frozen, other = await processes.member(), await processes.member()  # their clocks stand still
    lease = await SharedLeases(frozen).acquire("leader")
    assert lease is not None
    with fenced(lease):
        await store.save_maintenance_state("x", 1)
    await freeze(frozen)

    async def taken() -> Lease | None:
        return await SharedLeases(other).acquire("leader")

    assert await eventually(taken)
    assert lease.is_held()
    others_write = asyncio.create_task(store.save_maintenance_state("y", 7))
    with fenced(lease), pytest.raises(LeaseLostError):
        await store.save_maintenance_state("x", 2)
    await others_write  # that shares the transaction
    assert await store.maintenance_state("x") == 1
    assert await store.maintenance_state("y") == 7
    with fenced(lease), unfenced():
        await store.save_maintenance_state("x", 3)
    assert await store.maintenance_state("x") == 3


async def test_a_database_that_was_away_gives_nothing_to_others(processes: Processes) -> None:
    """All are overdue then: who comes back first must not take the others for dead."""
    first, second = await processes.member(), await processes.member()
    lease = await SharedLeases(first).acquire("leader")
    assert lease is not None
    for member in (first, second):
        await freeze(member)
    # What is tested is that this time passes, by the database's clock, which cannot be set.
    await asyncio.sleep(TTL * 1.2)
    await second._beat()
    await first._beat()
    await second._beat()
    assert not lease.is_over()
    assert lease.is_held()


async def test_a_release_that_failed_is_made_up_for(processes: Processes) -> None:
    first, second = await processes.member(), await processes.member()
    lease = await SharedLeases(first).acquire("leader")
    assert lease is not None
    first.held.discard("leader")  # as after a release whose connection broke

    async def free() -> Lease | None:
        return await SharedLeases(second).acquire("leader")

    assert await eventually(free)


async def test_a_lease_that_the_database_lost_is_given_up_and_acquired_anew(
    processes: Processes,
) -> None:
    """A server that crashed may have lost what was committed in the last half second."""
    store, member = await processes.store(), await processes.member()
    leases = SharedLeases(member)
    lost, kept = await leases.acquire("leader"), await leases.acquire("kept")
    assert lost is not None
    assert kept is not None
    await store._write("DELETE FROM leases WHERE name = 'leader'")

    async def noticed() -> bool:
        return lost.is_over()

    await eventually(noticed)
    assert not lost.is_held()
    assert kept.is_held()
    again = await leases.acquire("leader")
    assert again is not None
    await leases.release(lost)  # is another one's by now
    assert await SharedLeases(await processes.member()).acquire("leader") is None
    assert again.is_held()


async def test_who_leaves_is_replaced_at_once_and_numbers_are_unique(
    processes: Processes,
) -> None:
    members = [await processes.member(ttl=60) for _ in range(3)]
    assert len({member.process_id for member in members}) == 3
    ran: list[int] = []

    async def job(number: int) -> None:
        ran.append(number)
        await asyncio.Event().wait()

    async def lead(number: int) -> None:
        leadership = Leadership(SharedLeases(members[number]))
        await leadership.run({"job": lambda: job(number)})

    leading = [asyncio.create_task(lead(number)) for number in range(3)]

    async def somebody() -> bool:
        return len(ran) == 1

    await eventually(somebody)
    leading[ran[0]].cancel()
    await asyncio.gather(leading[ran[0]], return_exceptions=True)

    async def another() -> bool:
        return len(ran) == 2 and ran[1] != ran[0]

    await eventually(another, within=5)
    for task in leading:
        task.cancel()
    await asyncio.gather(*leading, return_exceptions=True)


async def test_exclusive_is_exclusive_over_all_processes(processes: Processes) -> None:
    leases = [SharedLeases(await processes.member(ttl=10)) for _ in range(3)]
    inside = most = 0

    async def work(number: int) -> None:
        nonlocal inside, most
        async with leases[number % 3].exclusive("token:ada"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work(number) for number in range(12)))
    assert most == 1


async def test_what_a_process_locked_that_froze_between_two_messages_is_free_again(
    processes: Processes,
) -> None:
    """The driver prepares a statement and ends that with no Sync: the server waits for ever."""
    store = await processes.store()
    await SharedLeases(await processes.member(ttl=10)).acquire("leader")
    frozen = await asyncpg.connect(processes.url, server_settings={"application_name": "srhooks"})
    try:
        await frozen.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 500")
        await frozen.execute("SELECT 1 FROM leases FOR UPDATE")
        await frozen.prepare("SELECT 1")
        await asyncio.sleep(1)  # the server ends who is idle
        assert not frozen.is_closed()

        async def is_free() -> bool:
            with contextlib.suppress(StoreUnavailableError):
                return await store._write("UPDATE leases SET owner = owner") > 0
            return False

        await eventually(is_free, within=30)
    finally:
        frozen.terminate()


async def test_a_process_that_is_unknown_gets_no_lease(processes: Processes) -> None:
    member = await processes.member(ttl=10)
    await freeze(member)
    await member.table.leave(member.process_id)
    with pytest.raises(StoreUnavailableError):
        await SharedLeases(member).acquire("leader")


# --- the rate limit -----------------------------------------------------------------------------


class Callers:
    """Limiters of several processes for the same user, and how much they let through."""

    def __init__(self, members: list[Membership]) -> None:
        shares = [RateShares(member) for member in members]
        self.limiters = [Limiters(share.share) for share in shares]
        self.tasks = [asyncio.create_task(share.run()) for share in shares]
        self.began: list[tuple[float, int]] = []
        self.running = self.most = 0

    async def call(self, process: int, *, foreground: bool, takes: float = 0.0) -> None:
        async with self.limiters[process].of("ada").slot(foreground=foreground):
            self.began.append((asyncio.get_running_loop().time(), process))
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(takes)
            self.running -= 1

    def densest_second(self) -> int:
        times = [time for time, _ in self.began]
        return max(sum(start <= time < start + 1.0 for time in times) for start in times)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_the_limit_holds_over_all_and_nobody_starves(processes: Processes) -> None:
    callers = Callers([await processes.member(ttl=30) for _ in range(3)])
    calls = [
        asyncio.create_task(callers.call(process, foreground=False, takes=0.3))
        for process in (0, 1, 2)
        for _ in range(12)
    ]

    async def slots_are_given_away() -> bool:
        return len(callers.began) >= CONCURRENT

    await eventually(slots_are_given_away)
    began = asyncio.get_running_loop().time()
    await callers.call(2, foreground=True)  # what a person waits for finds a free one
    assert callers.began[-1][0] - began < 2.0
    await asyncio.gather(*calls)
    await callers.close()
    assert callers.densest_second() <= RATE
    assert callers.most <= CONCURRENT
    in_time = [process for _, process in callers.began[:30]]
    assert {0, 1, 2} == set(in_time)


async def test_an_idle_share_goes_to_who_needs_it(processes: Processes) -> None:
    callers = Callers([await processes.member(ttl=30) for _ in range(2)])
    for process in (0, 1):
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(callers.call(process, foreground=True) for _ in range(RATE)))
        assert asyncio.get_running_loop().time() - began < 6.0
    await callers.close()
    assert callers.densest_second() <= RATE


async def test_slots_of_a_process_that_died_lapse(processes: Processes) -> None:
    members = [await processes.member(ttl=30) for _ in range(2)]
    callers = Callers(members)
    await asyncio.gather(*(callers.call(0, foreground=True) for _ in range(RATE)))
    callers.tasks[0].cancel()  # it gives nothing back
    await asyncio.wait_for(callers.call(1, foreground=True), 8)
    await callers.close()


async def test_slots_that_the_database_lost_are_made_anew(processes: Processes) -> None:
    store, member = await processes.store(), await processes.member(ttl=30)
    callers = Callers([member])
    await callers.call(0, foreground=True)
    await store._write("DELETE FROM rate_slots")
    await store._write(
        "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid(); END $$"
    )
    await asyncio.sleep(0)
    async with asyncio.timeout(15):
        await asyncio.gather(*(callers.call(0, foreground=True) for _ in range(2 * RATE)))
    await callers.close()


async def test_who_waits_longest_is_served_first_and_people_before_all(
    processes: Processes,
) -> None:
    """As the tests in virtual time take it to be."""
    store = await processes.store()
    members = [await processes.member(ttl=30) for _ in range(4)]
    holder, first, second, person = [(one.table, one.process_id) for one in members]

    async def ask(
        one: tuple[ProcessTable, str], most: int, *, lowest: int = 2, back: tuple[int, ...] = ()
    ) -> tuple[set[int], int]:
        table, owner = one
        gives = [("ada", slot) for slot in back]
        request = SlotRequest({"ada": Wanted(lowest, most, has_place=False)}, [], gives, ["ada"])
        answer = await table.share_slots(owner, request, 30)
        await store._write("UPDATE rate_wants SET until = until + 60000")  # however busy we are
        return set(answer.held["ada"]), answer.contenders["ada"]

    assert await ask(holder, 10, lowest=0) == (set(range(10)), 0)
    assert (await ask(first, 3))[0] == set()
    assert (await ask(second, 3))[0] == set()
    assert (await ask(person, 1, lowest=0))[0] == set()
    holds, contenders = await ask(holder, 0, back=(4,))
    assert holds == set(range(10)) - {4}
    assert contenders == 3
    assert (await ask(second, 3))[0] == set()
    assert (await ask(first, 3))[0] == set()
    assert (await ask(person, 1, lowest=0))[0] == {4}
    await ask(holder, 0, back=(5,))
    assert (await ask(second, 3))[0] == set()
    assert (await ask(first, 3))[0] == {5}
    await ask(holder, 0, back=(0, 8, 9))
    assert (await ask(second, 3))[0] == set()  # the last two alone are of no use to it
    assert (await ask(first, 3))[0] == {5}
    request = SlotRequest({"ada": Wanted(2, 3, has_place=True)}, [], [], [])
    held = (await first[0].share_slots(first[1], request, 30)).held
    assert held["ada"] == {5, 8, 9}


def test_slots_are_shared_evenly() -> None:
    assert spread(frozenset(range(2, 10)), 4) == {2, 4, 6, 8}
    assert spread(frozenset({9}), 1) == {9}
    assert spread(frozenset(range(10)), 3) == {0, 3, 6}
