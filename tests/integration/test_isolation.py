"""One user sees, counts and guesses nothing of another."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from srhooks.protocol.signature import SIGNATURE_HEADER, sign

from tests.support.harness import DEADLINE, Browser, World, eventually

MARK = "only-hers-4711"


@dataclass
class Two:
    """Grace has a subscription, notifications and an entity; Ada has a quiet subscription."""

    ada: Browser
    grace: Browser
    hers: dict[str, Any]
    mine: dict[str, Any]
    ids: list[str]


@pytest.fixture
async def two(world: World) -> AsyncIterator[Two]:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        hers = await grace.subscribe("job.created")
        mine = await ada.subscribe("job.created")
        world.sandbox.add_fault(f"^/jobs/{MARK}$", status=200, body={"title": MARK})
        entry = await world.services.hooks.get(hers["hookId"])
        assert entry is not None
        for number in range(3):
            headers = {
                "event-id": f"{MARK}-{number}",
                "event-name": "job.created",
                "link": f"</jobs/{MARK}>; rel=self",
            }
            body = json.dumps({"id": MARK, "n": number}).encode()
            headers[SIGNATURE_HEADER] = sign(entry.live_keys()[0], headers, body)
            assert await world.notify(hers["hookId"], body, **headers) == 202

        async def fetched() -> bool:
            found = await grace.notifications("?status=fetched")
            return len(found) == 3

        await eventually(fetched)
        ids = [n["id"] for n in await grace.notifications()]
        yield Two(ada, grace, hers, mine, ids)


async def test_hers_is_there_for_her(two: Two) -> None:
    """So that what follows proves something."""
    assert MARK in await two.grace.page("/notifications")
    assert MARK in await two.grace.page(f"/notifications/{two.ids[1]}")


async def test_every_list_count_and_export_is_ones_own(world: World, two: Two) -> None:
    link = f"{world.settings.api_url}/jobs/{MARK}"
    queries = [
        "", f"q={MARK}", f"subscription={two.hers['id']}", f"link={link}", "event=job.created",
        "signature=valid", "status=fetched", f"before={two.ids[0]}", f"after={two.ids[2]}",
        f"after={two.ids[2]}&before={two.ids[0]}", "after=2000-01-01T00:00:00Z",
    ]  # fmt: skip
    for query in queries:
        answer = await two.ada.json("GET", f"/notifications?{query}")
        assert answer == {"notifications": [], "next": None}, query
        for form in ("ndjson", "csv", "har"):
            path = f"/notifications/export?format={form}&{query}"
            async with two.ada.request("GET", path) as got:
                assert two.ids[0] not in await got.text()
    for path in ("/notifications", "/overview", "/account", "/subscriptions", "/terminal"):
        for accept in ("text/html", "application/json"):
            async with two.ada.request("GET", path, headers={"Accept": accept}) as answer:
                text = await answer.text()
            for hers in (MARK, two.hers["hookId"], two.hers["id"], *two.ids):
                assert hers not in text, (path, accept, hers)
    page = await two.ada.page("/notifications")
    assert 'id="total" data-value="0"' in page
    assert "(3)" not in page  # events are counted in the filter


async def test_anothers_notification_is_as_unknown_as_none(world: World, two: Two) -> None:
    """Every route below /notifications/{id}, those to come included."""
    assert world.app.router is not None
    routes = {
        (route.method, route.resource.canonical)
        for route in world.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/notifications/{id}")
    }
    assert len(routes) >= 4  # GET and HEAD
    for method, pattern in sorted(routes):
        answers = []
        for number in (two.ids[1], "0" * 13):
            async with two.ada.request(
                method, pattern.replace("{id}", number),
                headers={"Accept": "application/json", "Origin": two.ada.base},
            ) as answer:  # fmt: skip
                answers.append((answer.status, await answer.text()))
        assert answers[0] == answers[1], pattern
        assert answers[0][0] == 404, pattern


async def test_anothers_subscription_is_as_unknown_as_none(world: World, two: Two) -> None:
    calls = [
        ("POST", "/subscriptions/{}/activation"),
        ("POST", "/subscriptions/{}/delete"),
        ("DELETE", "/subscriptions/{}"),
    ]
    for method, path in calls:
        answers = [
            await two.ada.json(method, path.format(number), status=404)
            for number in (two.hers["id"], "5f0000000000000000000000")
        ]
        assert answers[0] == answers[1], path
    assert two.hers["id"] in world.sandbox.subscriptions.by_id
    assert await world.notify(two.hers["hookId"], b"{}") == 202
    assert len(await two.grace.notifications()) == 4


async def test_no_push_of_hers_reaches_anothers_page(world: World, two: Two) -> None:
    async with two.ada.live("?cursor=0") as all_of_mine, two.ada.live() as mine:
        async with two.grace.live() as hers:
            await world.notify(two.hers["hookId"], b"{}", event_name=MARK)
            assert MARK in await asyncio.wait_for(hers.receive_str(), DEADLINE)
        await world.notify(two.mine["hookId"], b"{}", event_name="mine")
        for socket in (all_of_mine, mine):
            frame = await asyncio.wait_for(socket.receive_str(), DEADLINE)
            while "mine" not in frame:
                assert MARK not in frame
                frame = await asyncio.wait_for(socket.receive_str(), DEADLINE)
            assert MARK not in frame


async def test_the_same_event_id_and_link_stay_apart(world: World, two: Two) -> None:
    link = f"</jobs/{MARK}>; rel=self"
    await world.notify(two.mine["hookId"], b"{}", event_id=f"{MARK}-0", link=link)
    (n,) = await two.ada.notifications()
    assert (n["deliveries"], n["entity"]["data"]) == (1, None)
    assert [n["deliveries"] for n in await two.grace.notifications()] == [1, 1, 1]
    page = await two.ada.page(f"/notifications/{n['id']}")
    for other in two.ids:  # neighbours
        assert other not in page


async def test_erasing_and_deleting_touch_ones_own_alone(world: World, two: Two) -> None:
    body = b'{"candidate_id": "%s"}' % MARK.encode()
    assert await world.notify(two.hers["hookId"], body, event_id="named") == 202
    asked = {"candidateId": MARK, "confirm": True}
    await two.ada.json("POST", "/candidates/erase", json=asked, status=404)
    await two.ada.json("POST", "/account/delete", json={"confirm": True})
    assert len(await two.grace.notifications(f"?q={MARK}")) == 4
    assert await world.notify(two.hers["hookId"]) == 202


async def test_ids_tell_nothing_of_how_many_there_are(world: World) -> None:
    taken = [world.services.store.next_id() for _ in range(400)]
    steps = {after - before for before, after in pairwise(taken)}
    assert len(steps) > 5  # random ones within a millisecond
