"""Missed notifications, for real: the sandbox loses and refuses deliveries, srhooks finds them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.missed import LogWalk
from srhooks.smartrecruiters.pacing import paced_by

from tests.support.firing import time_past
from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world


async def check(ada: Browser) -> list[dict[str, Any]]:
    found: dict[str, Any] = await ada.json("POST", "/missed/check")
    assert found["checkedAt"]
    missed: list[dict[str, Any]] = found["missed"]
    return missed


def age(world: World, subscription_id: str, ms: int) -> None:
    """Let the log's records be that much older, and no two of them of the same millisecond."""
    subscription = world.sandbox.subscriptions.by_id[subscription_id]
    for index, entry in enumerate(subscription.log):
        object.__setattr__(entry, "at", round(entry.at + (index - ms) / 1000, 3))


async def lose(world: World, kind: str, *events: str, count: int = 1) -> None:
    world.sandbox.troubles.order(kind, count * len(events), 0)
    for event in events * count:
        await world.sandbox.fire(event)


async def test_what_was_delivered_elsewhere_is_named_and_backfilled(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created", "job.updated")
        await world.fire("job.created")
        await lose(world, "lose", "job.updated", "job.created")
        assert await check(ada) == [], "it may still be on its way"
        age(world, made["id"], 120_000)
        await world.services.store.save_log_page(
            await user_id(world), made["id"], [], LogWalk(), 100
        )
        for one in await world.services.store.missed(await user_id(world)):
            await world.services.store.forget_missed(await user_id(world), [one.id])
        missed = await check(ada)
        assert [one["eventName"] for one in missed] == ["job.created", "job.updated"]
        assert {one["state"] for one in missed} == {"elsewhere"}
        assert {one["subscriptionId"] for one in missed} == {made["id"]}
        assert all(one["nextAttemptAt"] is None and one["eventId"] for one in missed)
        (incident,) = (await ada.json("GET", "/incidents?open=1"))["incidents"]
        assert (incident["kind"], incident["subscriptionId"]) == ("missed", None)
        assert incident["details"]["byEvent"] == {"job.created": 1, "job.updated": 1}

        page = await ada.page("/missed")
        assert "delivered, but not here" in page
        first = await ada.json("POST", "/missed/backfill", json={"ids": [missed[0]["id"]]})
        assert first == {"stored": 1}
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}
        assert (await ada.json("GET", "/missed"))["missed"] == []
        assert await check(ada) == []
        assert (await ada.json("GET", "/incidents?open=1"))["incidents"] == []

        async def fetched() -> list[dict[str, Any]]:
            found = await ada.notifications()
            return found if all(one["entity"]["status"] == "fetched" for one in found) else []

        found = await eventually(fetched)
        assert [one["origin"] for one in found] == ["backfilled", "backfilled", "received"]
        assert {one["signature"] for one in found} == {"valid"}
        back = next(one for one in found if one["eventId"] == missed[0]["eventId"])
        assert back["headers"]["smartrecruiters-signature"]
        assert back["deliveries"] == 1


async def user_id(world: World) -> str:
    (found,) = await world.services.store.user_ids()
    return found


async def test_what_fails_is_retrying_and_then_given_up(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await lose(world, "refuse", "job.created")
        (one,) = await check(ada)
        assert one["state"] == "retrying"
        assert one["nextAttemptAt"] > one["sentAt"]
        assert (await ada.json("GET", "/incidents?open=1"))["incidents"] == []
        world.sandbox.courier.forget(world.sandbox.subscriptions.by_id[made["id"]])
        for kept in await world.services.store.missed(await user_id(world)):
            await world.services.store.forget_missed(await user_id(world), [kept.id])
        age(world, made["id"], 300_000)  # due after 1 min, and 3 more are the next step
        store = world.services.store
        await store.save_log_page(await user_id(world), made["id"], [], LogWalk(), 100)
        (one,) = await check(ada)
        assert (one["state"], one["nextAttemptAt"]) == ("given-up", None)


async def test_what_arrives_later_is_not_missed(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await lose(world, "refuse", "job.created")
        assert len(await check(ada)) == 1
        (delivery,) = world.sandbox.deliveries
        await world.sandbox.deliver_again(delivery)
        assert (await ada.json("GET", "/missed"))["missed"] == []
        assert await check(ada) == []


async def test_a_re_delivery_of_what_was_backfilled_is_counted_on_it(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await lose(world, "refuse", "job.created")
        assert len(await check(ada)) == 1
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}
        (delivery,) = world.sandbox.deliveries
        await world.sandbox.deliver_again(delivery)
        (one,) = await ada.notifications()
        assert (one["origin"], one["deliveries"]) == ("backfilled", 2)


async def test_a_forged_one_of_the_same_id_does_not_count_as_arrived(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await lose(world, "refuse", "job.created")
        (delivery,) = world.sandbox.deliveries
        forged = {"smartrecruiters-signature": "v1=" + "0" * 64, "event-id": delivery.event_id}
        await world.notify(made["hookId"], b'{"id": "1"}', **forged)
        (one,) = await check(ada)
        assert one["eventId"] == delivery.event_id
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}
        assert {one["signature"] for one in await ada.notifications()} == {"valid", "invalid"}


async def test_what_was_deleted_here_is_not_missed(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await world.fire("job.created")
        (one,) = await ada.notifications()
        await ada.json("POST", "/notifications/delete", json={"ids": [one["id"]]})
        assert await ada.notifications() == []
        assert await check(ada) == []


async def test_an_erased_candidate_does_not_come_back(world: World) -> None:
    """Neither what names the candidate nor what is known to be theirs by an application."""
    async with world.logged_in() as ada:
        await ada.subscribe("candidate.updated", "application.status.updated", "review.created")
        person = world.sandbox.world.listed["candidate"][0]
        application = next(
            one
            for one in world.sandbox.world.listed["application"]
            if one.parents["candidate"] is person
        )
        await world.fire("candidate.updated", entity=person.id)
        world.sandbox.troubles.order("refuse", 2, 0)
        await world.sandbox.fire("application.status.updated", entity=application.id)
        await world.sandbox.fire("review.created", entity=application.id)
        assert len(await check(ada)) == 2
        await time_past(now_ms() + 1000)  # the service's timestamps are whole seconds
        erase = {"candidateId": person.id, "confirm": True}
        await ada.json("POST", "/candidates/erase", json=erase)
        assert (await ada.json("GET", "/missed"))["missed"] == []
        assert await check(ada) == []
        assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 0}
        (left,) = await ada.notifications()
        assert left["body"] == ""


async def test_by_itself_when_it_is_set_so(tmp_path: Path) -> None:
    async with start_world(tmp_path, backfill="auto") as world, world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await lose(world, "refuse", "job.created")
        assert [one["state"] for one in await check(ada)] == ["retrying"], "a person must ask"
        await lose(world, "lose", "job.created")
        age(world, made["id"], 120_000)
        assert [one["state"] for one in await check(ada)] == ["retrying"]
        assert [one["origin"] for one in await ada.notifications()] == ["backfilled"]


@pytest.mark.parametrize("style", ["array", "content"])
@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
async def test_long_logs_are_read_to_their_end(world: World, style: str, bounds: str) -> None:
    object.__setattr__(world.sandbox.settings, "list_style", style)
    object.__setattr__(world.sandbox.settings, "log_bounds", bounds)
    object.__setattr__(world.sandbox.settings, "suspend_after", 0)
    world.sandbox.courier.suspend_after = 0
    world.sandbox.limiter.rate = 0
    async with world.logged_in() as ada:
        await ada.subscribe("job.updated")
        world.sandbox.troubles.order("refuse", 1000, 0)
        await asyncio.gather(*(world.sandbox.fire("job.updated") for _ in range(230)))
        assert len((await ada.json("POST", "/missed/check?limit=200"))["missed"]) == 200
        first = await ada.json("GET", "/missed?limit=200")
        rest = await ada.json("GET", first["next"])
        ids = {one["id"] for one in first["missed"] + rest["missed"]}
        assert len(ids) == 230
        assert rest["next"] is None


async def test_a_walk_that_was_broken_off_goes_on(world: World) -> None:
    """As after kill -9: where it stands is in the store, with what it found."""
    world.sandbox.courier.suspend_after = 0
    world.sandbox.limiter.rate = 0
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.updated")
        world.sandbox.troubles.order("refuse", 1000, 0)
        await asyncio.gather(*(world.sandbox.fire("job.updated") for _ in range(250)))
        reconciler, store = world.services.reconciler, world.services.store
        turns = 0

        async def turn() -> None:
            nonlocal turns
            turns += 1
            if turns == 3:  # the list, the first page, the second
                raise ConnectionError

        with pytest.raises(ConnectionError), paced_by(turn):
            await reconciler.check(await user_id(world))
        walk = await store.log_walk(await user_id(world), made["id"])
        assert walk.top is not None
        assert walk.position
        assert 0 < len(await store.missed(await user_id(world))) < 250
        await reconciler.check(await user_id(world))
        assert len(await store.missed(await user_id(world))) == 250
        assert (await store.log_walk(await user_id(world), made["id"])).top is None


async def test_bad_requests_are_told(world: World) -> None:
    async with world.logged_in() as ada:
        bodies: tuple[object, ...] = ({}, {"ids": []}, {"ids": [1]}, {"all": False}, [])
        for body in bodies:
            answer = await ada.json("POST", "/missed/backfill", json=body, status=400)
            assert answer["error"]["message"]
        await ada.json("GET", "/missed?limit=0", status=400)
        await ada.json("GET", "/missed?before=odd", status=400)
        assert await ada.json("POST", "/missed/backfill", json={"ids": ["none"]}) == {"stored": 0}
        assert json.dumps((await ada.json("GET", "/missed"))["checkedAt"]) == "null"
