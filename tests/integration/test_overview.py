"""The overview, and that changes which the service makes by itself are noticed."""

import asyncio
import re
from typing import Any

import pytest
from srhooks.domain.latency import latency
from srhooks.domain.models import Timing
from srhooks.incidents.overview import stages
from srhooks.web.live import connection
from srhooks.web.presentation.chart import round_up, stacked

from tests.support.harness import DEADLINE, Browser, World, eventually


async def with_traffic(world: World, ada: Browser) -> dict[str, Any]:
    created = await ada.subscribe("job.created", "application.created")
    await world.fire("job.created")
    await world.fire("application.created")
    await world.notify(created["hookId"], event_name="odd.one", smartrecruiters_signature="v1=00")
    return created


async def test_it_counts_by_family_and_leads_into_the_feed(world: World) -> None:
    async with world.logged_in() as ada:
        created = await with_traffic(world, ada)
        page = await ada.page("/overview")
        assert "3 notifications in the last 24 hours" in page
        for link in ("?event=job.&amp;since=24h", "?event=application.&amp;since=24h"):
            assert f'href="/notifications{link}"' in page
        assert "1 notification has a wrong signature" in page
        assert "/notifications?since=24h&amp;signature=invalid" in page
        assert f'href="/notifications?subscription={created["id"]}"' in page
        (bar,) = set(re.findall(r'/notifications\?(after=[^"]*?)"', page))
        assert len(await ada.notifications("?" + bar.replace("&amp;", "&"))) == 3
        assert len(await ada.notifications("?since=24h&signature=invalid")) == 1


async def test_programs_are_told_the_same_as_people(world: World) -> None:
    async with world.logged_in() as ada:
        created = await with_traffic(world, ada)
        told = await ada.json("GET", "/overview")
        assert told["byFamily"] == {"job": 1, "application": 1, "other": 1}
        assert (told["window"], told["total"], len(told["bars"])) == ("24h", 3, 48)
        assert told["latency"]["sent"]["count"] == 2
        assert [one["text"] for one in told["attention"]] == [
            "1 notification has a wrong signature"
        ]
        (one,) = told["subscriptions"]
        assert (one["id"], one["status"], one["count24h"]) == (created["id"], "active", 3)
        assert one["lastReceived"] == (await ada.notifications())[0]["receivedAt"]
        world.sandbox.add_fault("/webhooks-api/", status=503)
        assert (await ada.json("GET", "/overview"))["error"]
    async with world.nobody() as nobody:
        await nobody.json("GET", "/overview", status=401)


async def test_it_shows_only_what_is_ones_own(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        await with_traffic(world, ada)
        page = await grace.page("/overview")
        assert "0 notifications in the last 24 hours" in page
        assert "wrong signature" not in page


async def test_windows_and_their_limits(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as nobody:
        for window in ("1h", "7d", "30d"):
            assert 'aria-current="true"' in await ada.page(f"/overview?window={window}")
        await ada.page("/overview?window=1y", status=400)
        await ada.json("GET", "/notifications?since=1y", status=400)
        await nobody.page("/overview", status=303)


async def test_it_is_there_while_the_service_is_not(world: World) -> None:
    async with world.logged_in() as ada:
        await with_traffic(world, ada)
        world.sandbox.add_fault("/webhooks-api/", status=503)
        page = await ada.page("/overview")
        assert "is not responding" in page
        assert "3 notifications in the last 24 hours" in page


async def test_an_open_overview_follows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OVERVIEW_INTERVAL", 0.2)
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        async with ada.live("?view=overview&window=1h") as socket:
            await world.fire("job.created")
            text = ""
            async with asyncio.timeout(DEADLINE):
                while "1 notification in the last hour" not in text:
                    text = await socket.receive_str()
            for _ in range(20):
                await world.fire("job.created")
            pushes = 0
            async with asyncio.timeout(DEADLINE):
                while "21 notifications in the last hour" not in text:
                    text = await socket.receive_str()
                    pushes += 1
            assert pushes < 20  # gathered, not one for each


@pytest.mark.parametrize("view", ["?view=subscriptions", ""])
async def test_a_suspension_is_noticed_and_shown_live(world: World, view: str) -> None:
    watch = world.services.watch
    watch.interval, watch.first_pause = 0.1, 0.05
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await ada.page("/overview")  # what is known before
        async with ada.live(view) as socket:
            world.sandbox.subscriptions.by_id[created["id"]].status = "suspended"
            text = await asyncio.wait_for(socket.receive_str(), DEADLINE)
            assert "inactive" in text
            assert created["id"] in text
        assert "job.created is inactive" in await ada.page("/overview")


async def test_nobody_watching_means_no_polling(world: World) -> None:
    watch = world.services.watch
    watch.interval, watch.first_pause = 0.05, 0.01

    def asked() -> int:
        return sum(one.path.endswith("/subscriptions") for one in world.sandbox.requests)

    async with world.logged_in() as ada:
        async with ada.live():

            async def polled() -> bool:
                return asked() > 2

            await eventually(polled)

        async def left() -> bool:
            return not world.services.sockets

        async def nobody_polls() -> bool:
            return all(task.get_name() != "status-watch" for task in asyncio.all_tasks())

        await eventually(left)
        before = asked()
        await eventually(nobody_polls)
        assert asked() <= before + 1


def test_latency_of_nothing_and_of_something() -> None:
    assert latency([]) is None
    found = latency(range(1, 101))
    assert found is not None
    assert (found.median, found.p95, found.worst) == (51, 96, 100)
    assert stages([Timing(5000, None, None)]) == {"sent": None, "fetched": None}
    # A sender whose clock is ahead did not send before it was received.
    assert stages([Timing(5000, 6000, 5400)])["sent"] == latency([-1000])


def test_bars_add_up_and_fit() -> None:
    rows = [(0, "job.created", 3), (0, "new.family", 1), (100, "job.updated", 2), (999, "x", 50)]
    chart = stacked(rows, 0, 200, 100)
    assert chart.total == 6
    assert chart.totals == {"job": 5, "other": 1}
    assert chart.top == 4
    first, second = chart.bars
    assert sum(part.height for part in first.segments) == 120
    assert second.segments[0].y == 60
    assert [round_up(value) for value in (0, 3, 7, 11, 61)] == [1, 4, 10, 20, 100]
