"""The retention, and a clock that leaps."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from srhooks.accounts.personal_tokens import ClockAheadError, PersonalTokens
from srhooks.domain.clock import DAY
from srhooks.domain.feed_filter import Filter
from srhooks.maintenance.retention import LONG, PURGE_BATCH, Retention
from srhooks.maintenance.trusted_time import CONFIRMED, SLACK, TrustedTime
from srhooks.observability.metrics import Metrics
from srhooks.store import Store, make_store

from tests.support.clock import ManualClock
from tests.support.stored import TOKENS, notification, person

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_790_000_000_000


class Installation:
    """A database, a clock, and what deletes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = ManualClock(START)
        self.metrics = Metrics()

    async def start(self) -> None:
        self.store: Store = make_store(self.url, self.metrics, self.clock)
        await self.store.open()
        self.time = TrustedTime(self.store, self.clock, self.metrics)
        self.retention = Retention(self.store, self.time, self.clock, 30)
        self.tokens = PersonalTokens(self.store, self.clock, self.time)

    async def restart(self) -> None:
        await self.store.close()
        await self.start()

    async def add(self, **changes: Any) -> int:
        stamp = self.store.next_stamp()
        new = notification(
            self.store, id=stamp.id, received_at=stamp.received_at, signature="unsigned", **changes
        )
        return (await self.store.add_notification(new)).id

    async def left(self) -> int:
        """How many are left after the retention has done what it would."""
        while await self.retention.step() < 1:
            pass
        return len(await self.store.notifications("u1", Filter(), 999))

    async def days(self, count: int) -> None:
        """One notification a day."""
        for _ in range(count):
            await self.add()
            await self.retention.step()
            self.clock.passes(DAY)
        await self.retention.step()

    @property
    def ahead(self) -> float:
        value = self.metrics.registry.get_sample_value("srhooks_clock_ahead_seconds")
        assert value is not None
        return value


@pytest.fixture(params=["sqlite", "postgres"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    installation = Installation(url)
    await installation.start()
    await installation.store.save_user(person(1), TOKENS)
    yield installation
    await installation.store.close()


async def test_what_is_old_goes_and_nothing_else(here: Installation) -> None:
    await here.days(40)
    assert await here.left() == 30
    here.clock.passes(DAY)
    assert await here.left() == 29
    assert here.ahead == 0


async def test_more_than_a_batch_goes_in_steps(here: Installation) -> None:
    for _ in range(PURGE_BATCH + 5):
        here.clock.passes(1)
        await here.add()
    await here.left()
    here.clock.passes(31 * DAY)
    assert await here.left() == 0


async def test_a_leap_deletes_nothing_is_told_and_ends_when_the_clock_is_back(
    here: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    await here.days(20)
    caplog.set_level(logging.WARNING)
    here.clock.leap(31 * DAY)
    for _ in range(100):  # a leap is not believed bit by bit either
        assert await here.left() == 20
        here.clock.passes(MINUTE)
    assert here.ahead == pytest.approx(31 * 86400, abs=1)
    assert here.time.ahead == 31 * DAY
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2  # once an hour
    assert "srhooks confirm-clock" in told[0]
    here.clock.leap(-31 * DAY)
    assert await here.left() == 20
    assert (here.ahead, here.time.ahead) == (0, 0)
    assert "plausible again" in caplog.records[-1].getMessage()


async def test_time_goes_on_evenly_meanwhile(here: Installation) -> None:
    await here.days(20)
    here.clock.leap(31 * DAY)
    await here.days(15)
    assert await here.left() == 30  # 35 are there, 5 of them older than 30 days


async def test_a_leap_is_not_believed_after_a_restart_either(here: Installation) -> None:
    await here.days(20)
    here.clock.leap(31 * DAY)
    await here.add()  # and this one's time proves nothing
    await here.restart()
    assert await here.left() == 21
    assert here.ahead > 0


async def test_a_leap_of_hours_deletes_at_most_by_the_slack(here: Installation) -> None:
    await here.days(29)
    here.clock.leap(23 * HOUR + SLACK)
    assert await here.left() == 29
    here.clock.passes(2 * HOUR)
    assert await here.left() == 29


@pytest.mark.parametrize("days_off", [0.9, 5])
async def test_a_machine_that_was_off_goes_on(here: Installation, days_off: float) -> None:
    await here.days(30)
    here.clock.leap(int(days_off * DAY))  # no time passed for the process that starts
    await here.restart()
    assert (here.ahead, await here.left()) == (0, 29 if days_off < 1 else 30)
    # A sender's time that cannot be forged agrees.
    await here.store.add_notification(
        notification(here.store, sent_at=here.clock.now_ms() - 2000, event_id="signed")
    )
    assert await here.left() == (30 if days_off < 1 else 26)
    assert here.ahead == 0


Confirming = Callable[[Installation], Awaitable[None]]


async def _by_operator(here: Installation) -> None:
    await here.store.save_maintenance_state(CONFIRMED, here.clock.now_ms())


async def _by_forger(here: Installation) -> None:
    await here.add(sent_at=here.clock.now_ms())


@pytest.mark.parametrize(("confirm", "left"), [(_by_operator, 0), (_by_forger, 21)])
async def test_an_operator_confirms_the_clock_and_a_stranger_does_not(
    here: Installation, confirm: Confirming, left: int
) -> None:
    await here.days(20)
    here.clock.leap(60 * DAY)
    assert await here.left() == 20
    await confirm(here)
    assert await here.left() == left


async def test_a_batch_that_takes_long_is_followed_by_smaller_ones(
    here: Installation,
) -> None:
    purge = here.store.purge
    sizes: list[int] = []
    slow = True

    async def observed(received_before: int, now: int, limit: int) -> int:
        sizes.append(limit)
        if slow:
            here.clock.passes(LONG + 1)
        return await purge(received_before, now, limit)

    here.store.purge = observed  # type: ignore[method-assign]
    for _ in range(6):
        await here.retention.step()
    assert sizes == [200, 100, 50, 25, 12, 10]
    slow = False
    await here.retention.step()
    assert sizes[-1] == 10


async def test_a_token_made_while_the_clock_was_ahead_lasts_as_chosen(here: Installation) -> None:
    await here.left()
    here.clock.leap(31 * DAY)
    token, text = await here.tokens.make("u1", "Laptop", 90)
    assert (token.created_at, token.expires_at) == (START, START + 90 * DAY)
    assert await here.tokens.find(text) is not None
    here.clock.leap(-31 * DAY)
    await here.left()
    for days, is_valid in ((89, True), (1, False), (31, False)):
        here.clock.passes(days * DAY)
        assert (await here.tokens.find(text) is not None) == is_valid
    await here.left()
    assert (await here.tokens.find(text)) is None


async def test_no_token_is_made_that_the_clock_says_has_ended(here: Installation) -> None:
    await here.left()
    here.clock.leap(31 * DAY)
    with pytest.raises(ClockAheadError, match="srhooks confirm-clock"):
        await here.tokens.make("u1", "Laptop", 30)
    assert await here.tokens.all("u1") == []
    await here.store.save_maintenance_state(CONFIRMED, here.clock.now_ms())
    token, _ = await here.tokens.make("u1", "Laptop", 30)
    assert token.expires_at == here.clock.now_ms() + 30 * DAY


async def test_the_last_use_is_told_by_the_clock_that_was_set_back(here: Installation) -> None:
    _, text = await here.tokens.make("u1", "Laptop", 90)
    here.clock.leap(31 * DAY)
    assert await here.tokens.find(text) is not None
    here.clock.leap(-31 * DAY)
    assert await here.tokens.find(text) is not None
    (token,) = await here.tokens.all("u1")
    assert token.used_at == here.clock.now_ms()
