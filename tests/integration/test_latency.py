"""How long notifications take, stage by stage, and what the pages tell of it."""

import json
from typing import Any

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import encode_id, first_id_at
from srhooks.domain.latency import NotificationTimes, latency, report
from srhooks.intake.answer_times import SAMPLE_INTERVAL, SLOW, AnswerTimes

from tests.support.firing import time_past
from tests.support.harness import Browser, World, eventually


async def latency_of(ada: Browser, query: str = "") -> dict[str, Any]:
    told: dict[str, Any] = await ada.json("GET", f"/latency{query}")
    return told


async def tell_shown(ada: Browser, shown: Any, status: int = 204, **options: Any) -> None:
    await ada.json("POST", "/latency/shown", status=status, json={"shown": shown}, **options)


async def test_every_stage_is_measured_by_day_and_event(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created", "job.updated")
        await world.fire("job.created")
        await world.fire("job.updated")
        found = await eventually(lambda: fetched(ada, 2))
        await world.services.answer_times.flush()
        await tell_shown(ada, [{"id": found[0]["id"], "ago": 0}])
        told = await latency_of(ada)
        stages = told["stages"]
        counts = {name: one and one["count"] for name, one in stages.items()}
        # Of those that came within a second one is measured.
        assert counts == {"sent": 2, "answered": 1, "fetched": 2, "shown": 1}
        assert all(one["longest"] >= 0 for one in stages.values())
        assert [one["event"] for one in told["events"]] == ["job.created", "job.updated"]
        assert told["days"][0]["stages"] == stages
        slowest = told["slowest"]
        assert [one["ms"] for one in slowest] == sorted(
            (one["ms"] for one in slowest), reverse=True
        )
        assert {one["id"] for one in slowest} == {one["id"] for one in found}
        page = await ada.page("/latency?window=24h")
        for text in ("Received → shown in a browser", f'href="/notifications/{slowest[0]["id"]}"'):
            assert text in page
        assert 'href="/latency"' in await ada.page("/overview")
        await ada.json("GET", "/latency?window=2y", status=400)
        async with world.logged_in("Grace") as grace:
            assert (await latency_of(grace))["slowest"] == []
            await tell_shown(grace, [{"id": found[1]["id"], "ago": 0}])
        assert (await latency_of(ada))["stages"]["shown"]["count"] == 1


async def fetched(ada: Browser, count: int) -> list[dict[str, Any]]:
    found = await ada.notifications()
    ready = [one for one in found if one["entity"]["status"] == "fetched"]
    return ready if len(ready) == count else []


async def test_the_first_showing_counts_and_goes_with_the_notification(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await world.notify(made["hookId"], event_name="job.created")
        (one,) = await ada.notifications()
        await time_past(now_ms() + 50)
        await tell_shown(ada, [{"id": one["id"], "ago": 0}, {"id": "0000000000000", "ago": 0}])
        first = (await latency_of(ada))["stages"]["shown"]
        assert first["count"] == 1
        assert first["median"] >= 50
        await time_past(now_ms() + 50)
        await tell_shown(ada, [{"id": one["id"], "ago": 0}])
        assert (await latency_of(ada))["stages"]["shown"] == first
        old = encode_id(first_id_at(now_ms() - 700_000))
        await tell_shown(ada, [{"id": old, "ago": 0}])
        await ada.json("POST", "/notifications/delete", json={"ids": [one["id"]]})
        rows = await world.services.store._read("SELECT count(*) FROM stage_times")  # type: ignore[attr-defined]
        assert rows[0][0] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'{"shown": 1}', b'{"shown": [1]}', b'{"shown": [{"id": 1, "ago": 0}]}',
        b'{"shown": [{"id": "x", "ago": -1}]}', b'{"shown": [{"id": "x", "ago": true}]}',
        b'{"shown": [{"id": "x", "ago": 600001}]}', b'{"shown": [{"id": "x", "ago": 1.5}]}',
        json.dumps({"shown": [{"id": "x", "ago": 0}] * 21}).encode(),
        b" " * 5000 + b'{"shown": []}', b"[" * 4000,
    ],
)  # fmt: skip
async def test_what_a_page_tells_is_small_and_well_formed(world: World, body: bytes) -> None:
    async with world.logged_in() as ada:
        await ada.json("POST", "/latency/shown", status=400, data=body)
        await tell_shown(ada, [])


async def test_only_the_account_s_own_pages_tell(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as nobody:
        await tell_shown(nobody, [], status=401)
        evil = {"Origin": "https://evil.example"}
        await tell_shown(ada, [], status=403, headers=evil)
        await tell_shown(ada, [], headers=evil | {"X-CSRF-Token": await ada.csrf()})


async def test_clocks_that_differ_are_told(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        store = world.services.store
        await world.fire("job.created")
        await eventually(lambda: fetched(ada, 1))
        ahead = now_ms() + 90_000
        await store._write("UPDATE notifications SET sent_at = $1", ahead)  # type: ignore[attr-defined]
        assert (await latency_of(ada))["stages"]["sent"]["median"] < -80_000
        for path in ("/latency", "/overview", f"/subscriptions/{made['id']}"):
            page = await ada.page(path)
            assert "(the clocks differ)" in page, path
            assert "\u221289 s" in page or "\u221290 s" in page, path


async def test_answers_are_sampled_and_slow_ones_kept(world: World) -> None:
    times = AnswerTimes(world.services.store)
    for number in range(100):
        times.measure("u1", number, 1_000_000 + number * SAMPLE_INTERVAL // 10, 1_000_001)
    assert len(times._waiting) == 10
    times.measure("u1", 100, 1_000_000, 1_000_000 + SLOW)
    times.measure("u2", 101, 1_000_000, 1_000_001)
    assert [one[1] for one in times._waiting][-2:] == [100, 101]
    await times.flush()  # none of them is stored: nothing is kept of them
    assert not times._waiting


def test_a_report_of_days_events_and_the_slowest() -> None:
    rows = [
        NotificationTimes(number, "job.created" if number % 3 else None, number * 1000,
                          number * 1000 - number, number * 1000 + 5, None, None)
        for number in range(1, 10)
    ]  # fmt: skip
    told = report(rows, lambda ms: f"day {ms // 5000}", events=1, slowest=2)
    assert told.whole["sent"] == latency(range(1, 10))
    assert told.whole["fetched"] is None
    assert [(day, stages["answered"] and stages["answered"].count) for day, stages in
            told.by_day] == [("day 1", 5), ("day 0", 4)]  # fmt: skip
    assert [name for name, _ in told.by_event] == ["job.created"]
    assert [(slow.ms, slow.stage, slow.times.id) for slow in told.slowest] == [
        (9, "sent", 9), (8, "sent", 8),
    ]  # fmt: skip
    assert report([], str, events=1, slowest=1).whole["sent"] is None
