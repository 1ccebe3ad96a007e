"""The health of subscriptions, from what the service's log says."""

import re
from typing import Any

import pytest
from srhooks.domain.clock import read_time
from srhooks.subscriptions import health

from tests.support.harness import Browser, World


async def health_of(person: Browser, subscription_id: str) -> dict[str, Any]:
    listed = (await person.json("GET", "/subscriptions"))["subscriptions"]
    found: dict[str, Any] = next(one["health"] for one in listed if one["id"] == subscription_id)
    return found


@pytest.fixture(autouse=True)
def _read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", -1)


async def test_it_follows_what_happens(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        asked = await health_of(ada, created["id"])
        assert asked["verdict"] == "inactive"
        async with ada.request(
            "POST", f"/subscriptions/{created['id']}/activation",
            headers={"Accept": "application/json", "Origin": ada.base},
        ) as answer:  # fmt: skip
            assert answer.status == 204
        assert await health_of(ada, created["id"]) == {
            "verdict": "unknown",
            "reason": "SmartRecruiters has not sent anything yet.",
            "lastReceivedAt": None,
            "failuresInARow": 0,
            "nextAttemptAt": None,
        }
        await world.fire("job.created")
        (n,) = await ada.notifications()
        fine = await health_of(ada, created["id"])
        assert (fine["verdict"], fine["lastReceivedAt"]) == ("healthy", n["receivedAt"])
        record = world.sandbox.subscriptions.by_id[created["id"]]
        address = record.callback_url
        record.callback_url = f"{world.base}/hooks/nobody-is-there"  # SmartRecruiters gets a 404
        await world.sandbox.fire("job.created")
        record.callback_url = address
        failing = await health_of(ada, created["id"])
        assert (failing["verdict"], failing["failuresInARow"]) == ("failing", 1)
        assert read_time(failing["nextAttemptAt"]) > read_time(n["receivedAt"])


async def test_pages_show_it_with_times_by_event(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.fire("job.created")
        page = await ada.page("/subscriptions")
        assert re.search(r">healthy</span>\s+<bdi>The last delivery succeeded", page)
        page = await ada.page(f"/subscriptions/{created['id']}")
        assert "Delivery times" in page
        assert "95th percentile" in page
        told = await ada.json("GET", f"/subscriptions/{created['id']}")
        assert told["health"]["verdict"] == "healthy"


async def test_a_log_that_cannot_be_read_is_told_as_that(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        world.sandbox.add_fault("/callbacks-log", status=403)
        found = await health_of(ada, created["id"])
        assert (found["verdict"], found["failuresInARow"]) == ("unknown", None)
        assert "(403)" in found["reason"]


async def test_a_slow_log_holds_up_no_page(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        world.sandbox.add_fault("/callbacks-log", delay=30)
        page = await ada.page("/subscriptions")
        assert "has not been read yet" in page
