"""Incidents that end by the clock: forged after an hour without one, gone after seven days."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from srhooks.domain.incidents import Incident, NewIncident

from tests.support.harness import World
from tests.support.harness import world as start_world
from tests.support.simulation import DAY, HOUR, MINUTE, SimulatedTime, simulated_time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> object:
    with simulated_time(monkeypatch) as simulated:
        yield simulated


@pytest.fixture
async def town(tmp_path: Path, clock: SimulatedTime) -> AsyncIterator[World]:
    async with start_world(tmp_path, watch_interval=100_000) as running:
        yield running


async def check(town: World) -> list[Incident]:
    """What is open after a look at the store."""
    await town.services.account_watch.checks.run()
    (user_id,) = await town.services.store.user_ids()
    return await town.services.store.incidents(user_id, None, 100, open_only=True)


async def forge(town: World, hook_id: str, event_id: str) -> None:
    headers = {"smartrecruiters-signature": "v1=" + "0" * 64, "event-id": event_id}
    assert await town.notify(hook_id, b"{}", **headers) == 202


async def test_forged_ends_an_hour_after_the_last_one(town: World, clock: SimulatedTime) -> None:
    start = clock.ms()
    async with town.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        for number in range(5):
            await forge(town, hook_id, f"e{number}")
            clock.leap_to(start + number * 11 * MINUTE)
        (opened,) = await check(town)
        assert (opened.kind, opened.details["lastHour"]) == ("forged", 5)
        clock.leap_to(start + 80 * MINUTE)
        await forge(town, hook_id, "e0")  # the same again: it is no new notification
        clock.leap_to(start + 139 * MINUTE)
        assert [one.id for one in await check(town)] == [opened.id], "one came 59 minutes ago"
        clock.leap_to(start + 141 * MINUTE)
        assert await check(town) == []
        (ended,) = await town.services.store.incidents(opened.user_id, None, 10)
        assert ended.ended_at is not None


async def test_the_same_forged_one_again_and_again_is_as_many(
    town: World, clock: SimulatedTime
) -> None:
    start = clock.ms()
    async with town.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        await forge(town, hook_id, "e1")
        clock.leap_to(start + 2 * HOUR)
        for _ in range(4):
            await forge(town, hook_id, "e1")
        assert await check(town) == [], "four within the hour, and one long ago"
        await forge(town, hook_id, "e1")
        (opened,) = await check(town)
        assert opened.details["lastHour"] == 5


async def test_five_in_more_than_an_hour_are_none(town: World, clock: SimulatedTime) -> None:
    start = clock.ms()
    async with town.logged_in() as ada:
        made = [(await ada.subscribe("job.created"))["hookId"] for _ in range(2)]
        for number in range(8):
            clock.leap_to(start + number * 16 * MINUTE)
            await forge(town, made[0], f"e{number}")
            assert await check(town) == []
        for number in range(4):  # of two hooks together there are eight within the hour
            await forge(town, made[1], f"f{number}")
        assert await check(town) == []


async def test_what_was_backfilled_with_a_wrong_signature_is_not_forged(town: World) -> None:
    async with town.logged_in() as ada:
        made = await ada.subscribe("job.created")
        town.sandbox.troubles.order("refuse", 5, 0)
        for _ in range(5):
            await town.sandbox.fire("job.created")
        for entry in town.sandbox.subscriptions.by_id[made["id"]].log:
            entry.headers["smartrecruiters-signature"] = "v1=" + "0" * 64
        await ada.json("POST", "/missed/check")
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 5}
        assert {one["signature"] for one in await ada.notifications()} == {"invalid"}
        assert "forged" not in {one.kind for one in await check(town)}
        assert (await ada.json("GET", "/missed"))["missed"] == [], "whatever its verdict"


async def test_gone_ends_after_seven_days(town: World, clock: SimulatedTime) -> None:
    start = clock.ms()
    async with town.logged_in():
        (user_id,) = await town.services.store.user_ids()
        new = NewIncident(user_id=user_id, kind="gone", subject="s1", title="It was deleted")
        assert await town.services.incidents.open(new) is not None
        clock.leap_to(start + 7 * DAY - MINUTE)
        assert [one.kind for one in await check(town)] == ["gone"]
        clock.leap_to(start + 7 * DAY + MINUTE)
        assert await check(town) == []
