"""When srhooks itself was down: known afterwards, with what became of what was sent meanwhile."""

from typing import Any

import pytest
from srhooks.domain.clock import iso, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import NewNotification
from srhooks.incidents.down_times import DownTime, down_times

from tests.support.harness import World, eventually

MINUTE = 60_000


async def sent(world: World, made: dict[str, Any], sent_at: int, received_at: int) -> None:
    (user_id,) = await world.services.store.user_ids()
    await world.services.store.add_notification(
        NewNotification(
            id=first_id_at(received_at) + 1, user_id=user_id, hook_id=made["hookId"],
            subscription_id=made["id"], event_id=None, event_name="job.created",
            event_version=None, link=None, headers="{}", body=b"{}", signature="valid",
            sent_at=sent_at, entity_status="none",
        )
    )  # fmt: skip


@pytest.fixture
async def down(world: World) -> DownTime:
    """The program ran until an hour ago, and again from half an hour ago on."""
    now = now_ms()
    times = DownTime(now - 60 * MINUTE, now - 30 * MINUTE)
    store = world.services.store
    await store.record_run(now - 120 * MINUTE, times.began_at)
    await store.record_run(times.ended_at, times.ended_at + MINUTE)
    await store.record_run(times.ended_at + MINUTE + 1, now)  # a restart is no down time
    return times


async def test_a_gap_between_runs_is_a_down_time(world: World, down: DownTime) -> None:
    store = world.services.store
    assert await down_times(store, down.ended_at - 1) == [down]
    assert await down_times(store, down.ended_at) == []


async def test_the_overview_tells_of_it(world: World, down: DownTime) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await sent(world, made, down.began_at + MINUTE, down.ended_at + 2 * MINUTE)
        await sent(world, made, down.began_at - MINUTE, down.ended_at + 3 * MINUTE)
        (told,) = (await ada.json("GET", "/overview"))["downTimes"]
        assert told == {
            "began": iso(down.began_at), "ended": iso(down.ended_at),
            "redelivered": 1, "missing": 0,
        }  # fmt: skip
        page = await ada.page("/overview")
        assert 'class="down"' in page
        assert "1 notification of that time came later" in page


async def test_a_running_program_notes_that_it_runs(world: World) -> None:
    (run,) = await eventually(lambda: world.services.store.runs(0))
    assert run.started_at <= run.seen_at <= now_ms()
