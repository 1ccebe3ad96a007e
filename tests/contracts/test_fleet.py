"""What processes that serve one PostgreSQL database promise each other: leases and fences."""

import asyncio
import contextlib

import asyncpg
import pytest
from srhooks.fleet.leadership import Leadership
from srhooks.fleet.leases import Lease, SharedLeases
from srhooks.fleet.membership import Membership
from srhooks.store import StoreUnavailableError
from srhooks.store.fencing import LeaseLostError, fenced, require_leases, unfenced

from tests.support.clock import ManualClock
from tests.support.harness import eventually
from tests.support.memberships import TTL, Memberships


async def freeze(member: Membership) -> None:
    """It renews nothing any more, as if it were stopped (SIGSTOP)."""
    assert member._task is not None
    member._task.cancel()
    await asyncio.gather(member._task, return_exceptions=True)


async def thaw(member: Membership) -> None:
    member._task = asyncio.create_task(member._beat_forever())


async def test_a_lease_has_one_owner_until_it_is_given_back(memberships: Memberships) -> None:
    first, second = [SharedLeases(await memberships.join(ttl=60)) for _ in range(2)]
    lease = await first.acquire("leader")
    assert lease is not None
    assert lease.is_held()
    assert await second.acquire("leader") is None
    assert await first.acquire("leader") is None  # not twice in one process either
    assert await second.acquire("another") is not None
    await first.release(lease)
    assert await second.acquire("leader") is not None


async def test_what_a_dead_process_had_goes_to_others_and_it_notices(
    memberships: Memberships,
) -> None:
    store = await memberships.store()
    clock = ManualClock()
    frozen, other = await memberships.join(clock=clock), await memberships.join()
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
    memberships: Memberships,
) -> None:
    """The row decides, in the transaction of the write: a clock can stand still."""
    store = await memberships.store()
    frozen, other = await memberships.join(), await memberships.join()  # their clocks stand still
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


async def test_a_database_that_was_away_gives_nothing_to_others(memberships: Memberships) -> None:
    """All are overdue then: who comes back first must not take the others for dead."""
    first, second = await memberships.join(), await memberships.join()
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


async def test_a_release_that_failed_is_made_up_for(memberships: Memberships) -> None:
    first, second = await memberships.join(), await memberships.join()
    lease = await SharedLeases(first).acquire("leader")
    assert lease is not None
    first.held.discard("leader")  # as after a release whose connection broke

    async def free() -> Lease | None:
        return await SharedLeases(second).acquire("leader")

    assert await eventually(free)


async def test_a_lease_that_the_database_lost_is_given_up_and_acquired_anew(
    memberships: Memberships,
) -> None:
    """A server that crashed may have lost what was committed in the last half second."""
    store, member = await memberships.store(), await memberships.join()
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
    assert await SharedLeases(await memberships.join()).acquire("leader") is None
    assert again.is_held()


async def test_who_leaves_is_replaced_at_once_and_numbers_are_unique(
    memberships: Memberships,
) -> None:
    members = [await memberships.join(ttl=60) for _ in range(3)]
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

    await eventually(another)
    for task in leading:
        task.cancel()
    await asyncio.gather(*leading, return_exceptions=True)


async def test_exclusive_is_exclusive_over_all_processes(memberships: Memberships) -> None:
    leases = [SharedLeases(await memberships.join(ttl=10)) for _ in range(3)]
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
    memberships: Memberships,
) -> None:
    """The driver prepares a statement and ends that with no Sync: the server waits for ever."""
    store = await memberships.store()
    await SharedLeases(await memberships.join(ttl=10)).acquire("leader")
    program = {"application_name": "srhooks"}
    frozen, idle = [
        await asyncpg.connect(memberships.url, server_settings=program) for _ in range(2)
    ]
    try:
        await frozen.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 500")
        await frozen.execute("SELECT 1 FROM leases FOR UPDATE")
        await frozen.prepare("SELECT 1")
        await idle.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 500")

        async def server_ended_it() -> bool:
            return bool(idle.is_closed())

        await eventually(server_ended_it)
        assert not frozen.is_closed()  # though it was idle for longer

        async def is_free() -> bool:
            with contextlib.suppress(StoreUnavailableError):
                return await store._write("UPDATE leases SET owner = owner") > 0
            return False

        await eventually(is_free)
    finally:
        for connection in (frozen, idle):
            connection.terminate()


async def test_a_process_that_is_unknown_gets_no_lease(memberships: Memberships) -> None:
    member = await memberships.join(ttl=10)
    await freeze(member)
    await member.table.leave(member.process_id)
    with pytest.raises(StoreUnavailableError):
        await SharedLeases(member).acquire("leader")
