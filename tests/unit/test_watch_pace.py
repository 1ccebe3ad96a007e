"""The watch's pace: five calls a second in all, however many accounts and whoever calls."""

import asyncio
import random

from srhooks.incidents.watch import AT_A_TIME, CALLS_A_SECOND, Pace
from srhooks.smartrecruiters.pacing import paced_by, take_turn

from tests.support.virtual_time import VirtualTime

ACCOUNTS = 1000


async def test_a_thousand_accounts_cost_five_calls_a_second() -> None:
    """As many at a time as the watch has, each look with its calls, in virtual seconds."""
    time = VirtualTime()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    source = random.Random(5)  # noqa: S311 - the same in each run
    left = [source.randrange(3, 9) for _ in range(ACCOUNTS)]  # calls of each account's look
    total = sum(left)
    called: list[float] = []

    async def watcher() -> None:
        while left:
            calls = left.pop()
            with paced_by(pace.turn):
                for _ in range(calls):
                    await take_turn()
                    called.append(time.now)

    async def every() -> None:
        await asyncio.gather(*(watcher() for _ in range(AT_A_TIME)))

    await time.run(asyncio.ensure_future(every()))
    assert len(called) == total
    seconds = called[-1] - called[0]
    assert abs(seconds - (total - 1) / CALLS_A_SECOND) < 1e-6, "nor is time wasted"
    most = int(CALLS_A_SECOND)
    spans = [later - earlier for earlier, later in zip(called, called[most:], strict=False)]
    assert min(spans) >= 1 - 1e-9, "no second has more"


async def test_an_idle_pace_saves_nothing_up() -> None:
    time = VirtualTime()
    pace = Pace(2.0, clock=time.clock, sleep=time.sleep)

    async def after_a_rest() -> list[float]:
        times = []
        await pace.turn()
        await time.sleep(60)
        for _ in range(3):
            await pace.turn()
            times.append(time.now)
        return times

    work = asyncio.ensure_future(after_a_rest())
    await time.run(work)  # type: ignore[arg-type]
    assert work.result() == [60, 60.5, 61]


async def test_what_is_called_outside_is_not_paced() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        turns += 1

    await take_turn()
    with paced_by(turn):
        await take_turn()
        await asyncio.create_task(take_turn())
        with paced_by(None):
            await take_turn()
    await take_turn()
    assert turns == 2
