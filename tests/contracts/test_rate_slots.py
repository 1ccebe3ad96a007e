"""What processes that serve one PostgreSQL database share of an account's rate limit."""

import asyncio

from srhooks.fleet.membership import Membership
from srhooks.fleet.rate_shares import RateShares, spread
from srhooks.smartrecruiters.limiter import CONCURRENT, RATE, Limiters
from srhooks.store.process_table import ProcessTable, SlotRequest, Wanted

from tests.support.harness import DEADLINE, eventually
from tests.support.memberships import Memberships


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


async def test_the_limit_holds_over_all_and_nobody_starves(memberships: Memberships) -> None:
    callers = Callers([await memberships.join(ttl=30) for _ in range(3)])
    calls = [
        asyncio.create_task(callers.call(process, foreground=False, takes=0.3))
        for process in (0, 1, 2)
        for _ in range(12)
    ]

    async def slots_are_given_away() -> bool:
        return len(callers.began) >= CONCURRENT

    await eventually(slots_are_given_away)
    await callers.call(2, foreground=True)  # what a person waits for finds a free one
    assert len(callers.began) < len(calls)  # while others wait that came before
    await asyncio.gather(*calls)
    await callers.close()
    assert callers.densest_second() <= RATE
    assert callers.most <= CONCURRENT
    in_time = [process for _, process in callers.began[:30]]
    assert {0, 1, 2} == set(in_time)


async def test_an_idle_share_goes_to_who_needs_it(memberships: Memberships) -> None:
    callers = Callers([await memberships.join(ttl=30) for _ in range(2)])
    for process in (0, 1):
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(callers.call(process, foreground=True) for _ in range(RATE)))
        took = asyncio.get_running_loop().time() - began
        assert took < RATE - 1  # by one slot, that many seconds
    await callers.close()
    assert callers.densest_second() <= RATE


async def test_slots_of_a_process_that_died_lapse(memberships: Memberships) -> None:
    members = [await memberships.join(ttl=30) for _ in range(2)]
    callers = Callers(members)
    await asyncio.gather(*(callers.call(0, foreground=True) for _ in range(RATE)))
    callers.tasks[0].cancel()  # it gives nothing back
    await asyncio.wait_for(callers.call(1, foreground=True), DEADLINE)
    await callers.close()


async def test_slots_that_the_database_lost_are_made_anew(memberships: Memberships) -> None:
    store, member = await memberships.store(), await memberships.join(ttl=30)
    callers = Callers([member])
    await callers.call(0, foreground=True)
    await store._write("DELETE FROM rate_slots")
    await store._write(
        "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid(); END $$"
    )
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*(callers.call(0, foreground=True) for _ in range(2 * RATE)))
    await callers.close()


async def test_who_waits_longest_is_served_first_and_people_before_all(
    memberships: Memberships,
) -> None:
    """As the tests in virtual time take it to be."""
    store = await memberships.store()
    members = [await memberships.join(ttl=30) for _ in range(4)]
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
