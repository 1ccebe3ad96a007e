"""Each process has its turn at one account's rate limit: any number of them, in virtual time."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from srhooks.fleet.membership import Membership
from srhooks.fleet.rate_shares import RateShares, UserShare
from srhooks.smartrecruiters.limiter import CONCURRENT, RATE, Limiter, Limiters

from tests.support.memory_processes import MemoryProcesses, Rows
from tests.support.virtual_loop import run_virtually

TTL = 12.0  # seconds
LONGEST_WAIT = 15.0  # seconds, with sixteen processes that all have something to call for
ONE_CALL = 0.4  # seconds at most
# Each example is a minute of sixteen processes: a smaller one would say no more.
NO_SHRINKING = (Phase.explicit, Phase.generate)


class Fleet:
    """So many processes that call for one account, and what they called."""

    def __init__(self) -> None:
        self.rows = Rows(slowest=0.05)
        self.limiters: list[Limiter] = []
        self.began: list[tuple[float, int]] = []  # loop time, process
        self._running = 0
        self.most = 0

    @contextlib.asynccontextmanager
    async def running(self, count: int) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            tasks: list[asyncio.Task[None]] = []
            for _ in range(count):
                member = Membership(
                    MemoryProcesses(self.rows), lambda _: None, ttl=TTL, clock=self.rows.clock
                )
                await member.join()
                stack.push_async_callback(member.leave)
                shares = RateShares(member, self.rows.clock)
                self.limiters.append(Limiters(shares.share).of("ada"))
                tasks.append(asyncio.create_task(shares.run()))
            for member_task in tasks:
                stack.callback(member_task.cancel)
            yield
            self.rows.is_away = False

    async def call(self, process: int, *, foreground: bool, takes: float | None = None) -> None:
        async with self.limiters[process].slot(foreground=foreground):
            self.began.append((asyncio.get_running_loop().time(), process))
            self._running += 1
            self.most = max(self.most, self._running)
            await asyncio.sleep(random.uniform(0, ONE_CALL) if takes is None else takes)  # noqa: S311
            self._running -= 1

    async def keep_calling(self, process: int, *, foreground: bool, at_once: int) -> None:
        async def again() -> None:
            while True:
                await self.call(process, foreground=foreground)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(again())

    def longest_wait(self, process: int, begin: float, end: float) -> float:
        times = [at for at, one in self.began if one == process and begin <= at <= end]
        return max(late - early for early, late in zip([begin, *times], [*times, end], strict=True))

    def densest_second(self) -> int:
        times = [at for at, _ in self.began]
        return max(sum(start <= at < start + 1.0 for at in times) for start in times)


async def everybody_calls(
    count: int, at_once: list[int], *, foreground: bool, outages: list[tuple[float, float]]
) -> None:
    fleet = Fleet()
    async with fleet.running(count):
        calling = [
            asyncio.create_task(
                fleet.keep_calling(number, foreground=foreground, at_once=at_once[number])
            )
            for number in range(count)
        ]
        loop = asyncio.get_running_loop()
        for healthy, away in outages:
            await asyncio.sleep(healthy)
            fleet.rows.is_away = True
            await asyncio.sleep(away)
            fleet.rows.is_away = False
        began = loop.time()
        await asyncio.sleep(60)
        waits = [fleet.longest_wait(number, began, loop.time()) for number in range(count)]
        for task in calling:
            task.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
    assert max(waits) < LONGEST_WAIT, [round(wait, 1) for wait in waits]
    assert fleet.densest_second() <= RATE
    assert fleet.most <= CONCURRENT


@given(
    at_once=st.lists(st.integers(1, 12), min_size=16, max_size=16), foreground=st.booleans(),
    seed=st.randoms(),
)  # fmt: skip
@settings(max_examples=4, phases=NO_SHRINKING)
def test_sixteen_processes_have_their_turns(
    at_once: list[int], foreground: bool, seed: random.Random
) -> None:
    random.seed(seed.random())
    run_virtually(everybody_calls(16, at_once, foreground=foreground, outages=[]))


@given(
    count=st.integers(2, 6), at_once=st.lists(st.integers(1, 12), min_size=6, max_size=6),
    outages=st.lists(st.tuples(st.floats(0, 12), st.floats(0.1, 8)), max_size=3),
    foreground=st.booleans(), seed=st.randoms(),
)  # fmt: skip
@settings(max_examples=10, phases=NO_SHRINKING)
def test_nobody_is_left_out_after_the_database_was_away(
    count: int, at_once: list[int], outages: list[tuple[float, float]], foreground: bool,
    seed: random.Random,
) -> None:  # fmt: skip
    """Slots lapse meanwhile, also those that were just being given to others."""
    random.seed(seed.random())
    run_virtually(everybody_calls(count, at_once, foreground=foreground, outages=outages))


async def call_in_the_first_moment() -> None:
    fleet = Fleet()
    fleet.rows.slowest = 0.0
    async with fleet.running(1), asyncio.timeout(1):
        await asyncio.create_task(fleet.call(0, foreground=True))  # while the process waits for one


def test_a_call_in_the_first_moment_of_the_clock_is_let_through() -> None:
    run_virtually(call_in_the_first_moment())


async def slots_lapse_while_a_part_is_given_away() -> None:
    fleet = Fleet()
    async with fleet.running(2):
        long = [
            asyncio.create_task(fleet.call(0, foreground=False, takes=12))
            for _ in range(2 * CONCURRENT)
        ]
        await asyncio.sleep(2)  # process 0 has all that background work may have
        short = [asyncio.create_task(fleet.call(1, foreground=False)) for _ in range(4)]
        share = fleet.limiters[0].share
        assert isinstance(share, UserShare)
        async with asyncio.timeout(5):
            while share.kept is None:  # it waits until its calls have ended  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        fleet.rows.is_away = True
        await asyncio.sleep(5)
        fleet.rows.is_away = False
        async with asyncio.timeout(4 * LONGEST_WAIT):
            await asyncio.gather(*long, *short)
            await asyncio.gather(*(fleet.call(0, foreground=False) for _ in range(4)))


def test_slots_that_lapse_while_a_part_is_given_away_are_taken_anew() -> None:
    run_virtually(slots_lapse_while_a_part_is_given_away())
