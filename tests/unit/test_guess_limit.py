"""10 refused tries a minute from one address, 30 from all; whatever is under way counts too."""

import asyncio

import pytest
from srhooks.accounts.guess_limit import GuessLimit, TooManyTriesError

from tests.support.virtual_time import VirtualTime


async def attempt(limit: GuessLimit, address: str = "a", *, refused: bool = True) -> None:
    async with limit.attempt(address) as one:
        one.refused = refused


async def test_the_eleventh_from_one_address_waits_a_minute() -> None:
    limit = GuessLimit()
    for _ in range(10):
        await attempt(limit)
    with pytest.raises(TooManyTriesError) as many:
        await attempt(limit)
    assert 1 <= many.value.retry_after <= 60
    await attempt(limit, "b")  # another address is not affected


async def test_good_tries_do_not_count() -> None:
    limit = GuessLimit()
    for _ in range(100):
        await attempt(limit, refused=False)


async def test_the_thirty_first_of_all_waits() -> None:
    limit = GuessLimit()
    for number in range(30):
        await attempt(limit, f"a{number}")
    with pytest.raises(TooManyTriesError):
        await attempt(limit, "another")


async def test_after_a_minute_it_goes_on() -> None:
    time = VirtualTime()
    limit = GuessLimit(time.clock)
    for _ in range(10):
        await attempt(limit)
    time.now = 59.0
    with pytest.raises(TooManyTriesError) as many:
        await attempt(limit)
    assert many.value.retry_after == 1
    time.now = 60.0
    await attempt(limit)


async def test_many_at_a_time_are_no_way_round() -> None:
    limit = GuessLimit()
    asked = 0

    async def guess() -> None:
        nonlocal asked
        async with limit.attempt("a") as one:
            asked += 1
            await asyncio.sleep(0)
            one.refused = True

    results = await asyncio.gather(*(guess() for _ in range(50)), return_exceptions=True)
    assert asked == 10
    assert sum(isinstance(result, TooManyTriesError) for result in results) == 40


async def test_good_ones_at_a_time_all_come_through() -> None:
    limit = GuessLimit()

    async def log_in() -> None:
        async with limit.attempt("a"):
            await asyncio.sleep(0)

    await asyncio.gather(*(log_in() for _ in range(40)))
