"""The callbacks log's page: what of it arrived, what each call is about, by event and date."""

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from srhooks.domain.clock import iso
from srhooks.sandbox.deliveries import LogEntry

from tests.support.harness import Browser, World

NOON = int(time.time()) - 86_400  # yesterday


async def log_of(ada: Browser, made: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    path = f"/subscriptions/{made['id']}/callbacks-log{query}"
    calls: list[dict[str, Any]] = (await ada.json("GET", path))["callbacks"]
    return calls


def age(world: World, made: dict[str, Any], ms: int) -> None:
    for entry in world.sandbox.subscriptions.by_id[made["id"]].log:
        object.__setattr__(entry, "at", round(entry.at - ms / 1000, 3))


async def test_each_call_says_whether_it_arrived(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await world.fire("job.created")
        (arrived,) = await ada.notifications()
        world.sandbox.troubles.order("lose", 1, 0)
        await world.sandbox.fire("job.created")
        (lost, first) = await log_of(ada, made)
        assert (first["outcome"], first["notificationId"]) == ("arrived", arrived["id"])
        assert (lost["outcome"], lost["notificationId"]) == ("on its way", None)
        age(world, made, 61_000)
        assert (await log_of(ada, made))[0]["outcome"] == "not here"
        page = await ada.page(f"/subscriptions/{made['id']}/callbacks-log")
        assert f'<a href="/notifications/{arrived["id"]}">Arrived</a>' in page
        assert "not here" in page
        await ada.json("POST", "/notifications/delete", json={"ids": [arrived["id"]]})
        assert [one["outcome"] for one in await log_of(ada, made)] == ["not here", "deleted"]


async def test_a_failed_try_links_to_what_arrived_with_another(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        world.sandbox.troubles.order("refuse", 1, 0)
        await world.sandbox.fire("job.created")
        (delivery,) = world.sandbox.deliveries
        await world.sandbox.deliver_again(delivery)
        (arrived,) = await ada.notifications()
        calls = await log_of(ada, made)
        assert [one["status"] for one in calls] == ["successful", "failed"]
        assert [one["notificationId"] for one in calls] == [arrived["id"]] * 2
        page = await ada.page(f"/subscriptions/{made['id']}/callbacks-log")
        assert "Arrived with another try" in page


async def test_a_forged_one_is_no_arrival_and_one_without_id_is_known_by_its_body(
    world: World,
) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        body = '{"id": "j1"}'
        headers = {"event-name": "job.created", "smartrecruiters-timestamp": str(NOON)}
        forged = {**headers, "event-id": "9", "smartrecruiters-signature": "v1=" + "0" * 64}
        await world.notify(made["hookId"], body.encode(), **forged)
        await world.notify(made["hookId"], body.encode(), **headers)
        plain, _ = await ada.notifications()
        log = world.sandbox.subscriptions.by_id[made["id"]].log
        for given in (headers, {**headers, "event-id": "9"}):
            log.append(LogEntry(successful=True, at=NOON, url="u", body=body, headers=given))
        ids = {one["headers"].get("event-id"): one for one in await log_of(ada, made)}
        assert ids[None]["notificationId"] == plain["id"]
        # The stored one without an event-id has the same body, event and timestamp.
        assert ids["9"]["notificationId"] == plain["id"]
        await ada.json("POST", "/notifications/delete", json={"ids": [plain["id"]]})
        log.append(LogEntry(successful=True, at=NOON, url="u", body="{}", headers=forged))
        outcomes = [one["outcome"] for one in await log_of(ada, made) if one["body"] == "{}"]
        assert outcomes == ["not here"]


async def test_calls_are_named_by_what_they_are_about(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("application.created")
        world.sandbox.troubles.order("lose", 1, 0)
        await world.sandbox.fire("application.created")
        (call,) = await log_of(ada, made)
        kinds = {thing["kind"] for thing in call["about"]}
        assert {"application", "candidate", "job"} <= kinds
        candidate = next(one["id"] for one in call["about"] if one["kind"] == "candidate")
        path = f"/subscriptions/{made['id']}/callbacks-log"
        page = await ada.page(path)
        assert candidate in page
        assert f"/entities/candidate/{candidate}" not in page, "there is no timeline yet"
        await ada.json("POST", "/missed/check")
        age(world, made, 61_000)
        await world.fire("application.created")
        arrived = next(one for one in await log_of(ada, made) if one["notificationId"])
        thing = next(one for one in arrived["about"] if one["kind"] == "candidate")
        url = f"/entities/candidate/{thing['id']}"
        assert f'href="{url}"' in await ada.page(path)
        assert (await ada.json("GET", url))["id"] == thing["id"]


@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
@pytest.mark.parametrize("style", ["array", "content"])
async def test_it_filters_by_event_and_date(world: World, style: str, bounds: str) -> None:
    object.__setattr__(world.sandbox.settings, "list_style", style)
    object.__setattr__(world.sandbox.settings, "log_bounds", bounds)
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created", "offer.created")
        log = world.sandbox.subscriptions.by_id[made["id"]].log
        for number in range(300):
            name = "offer.created" if number % 100 == 0 else "job.created"
            headers = {"event-name": name, "event-id": str(number)}
            at = float(NOON + number)
            log.append(LogEntry(successful=True, at=at, url="u", body="{}", headers=headers))

        async def ids(query: str) -> list[int]:
            found: list[int] = []
            following = f"/subscriptions/{made['id']}/callbacks-log?{query}"
            while following:
                answer = await ada.json("GET", following)
                found += [int(one["headers"]["event-id"]) for one in answer["callbacks"]]
                following = answer["next"]
            return found

        assert await ids("event=offer.created") == [200, 100, 0]
        assert await ids("event=offer.") == [200, 100, 0]
        late, early, from_100, to_200 = (
            iso(NOON * 1000 + ms) for ms in (297_000, 2000, 99_999, 200_001)
        )
        assert await ids(f"after={late}") == [299, 298]
        assert await ids(f"before={early}") == [1, 0]
        between = f"after={from_100}&before={to_200}"
        assert await ids(between) == list(range(200, 99, -1))
        assert await ids(f"{between}&event=offer.created&status=successful") == [200, 100]
        there = datetime.fromtimestamp(NOON + 297, ZoneInfo("Europe/Berlin")).isoformat()[:19]
        assert await ids(f"after={there}&zone=Europe/Berlin") == [299, 298]
        for wrong in ("after=odd", "before=odd", "since=2y", f"event={'x' * 501}"):
            path = f"/subscriptions/{made['id']}/callbacks-log?{wrong}"
            await ada.json("GET", path, status=400)
        page = await ada.page(f"/subscriptions/{made['id']}/callbacks-log?event=offer.&{between}")
        assert '<option value="offer." selected>' in page
        assert f'name="after" value="{from_100[:-1]}"' in page
        assert "status=failed&amp;" in page or "&amp;status=failed" in page
