"""A row tells who and what, also where its own entity does not."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.test_candidate_matching import signing_hook
from tests.support.erasing import hook_of, settled
from tests.support.harness import Browser, World, eventually

PERSON = {"id": "c1", "firstName": "Ada", "lastName": "Byron"}
JOB = {"id": "j1", "title": "Head Chef"}
BODY = {"candidate_id": "c1", "job_id": "j1", "application_id": "a1"}
LINK = "/candidates/c1/jobs/j1"


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    world.sandbox.add_fault("^/candidates/c1$", status=200, body=PERSON)
    world.sandbox.add_fault("^/jobs/j1$", status=200, body=JOB)
    world.sandbox.add_fault(f"^{LINK}$", status=200, body={"status": "IN_REVIEW"})
    async with world.logged_in() as browser:
        yield browser


async def post(world: World, hook: str, body: Any, event: str, link: str = "", **more: str) -> None:
    headers = {"event-name": event, **({"link": f"<{link}>"} if link else {}), **more}
    assert await world.notify(hook, json.dumps(body).encode(), **headers) == 202


async def titles(world: World) -> list[str | None]:
    """Oldest first."""
    store = world.services.store
    (user_id,) = await store.user_ids()
    return [n.title for n in await store.changed_since(user_id, 0, 100)]


async def test_an_application_is_headed_by_candidate_and_job(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    await post(world, hook, BODY, "application.status.updated", LINK)
    await post(world, hook, {"application_id": "a1", "review_id": "r1"}, "review.created")
    await settled(ada, 2)

    async def named() -> bool:
        return await titles(world) == ["Ada Byron · Head Chef"] * 2

    await eventually(named)
    text = " ".join(re.sub(r"<[^>]+>", "", await ada.page("/notifications")).split())
    assert "→ In review application.status.updated" in text
    assert text.count("Ada Byron · Head Chef") == 2
    erase = {"candidateId": "c1", "dryRun": True}
    assert (await ada.json("POST", "/candidates/erase", json=erase))["name"] == "Ada Byron"
    erase = {"candidateId": "c1", "confirm": True}
    await ada.json("POST", "/candidates/erase", json=erase)
    for path in ("/notifications", "/notifications?q=yron"):
        assert "Byron" not in await ada.page(path)
    assert await world.services.store.find_names((await world.services.store.user_ids())[0],
                                                 "Byron", 5) == []  # fmt: skip


async def test_what_is_deleted_bears_the_name_it_had(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    await post(world, hook, {"id": "c1"}, "candidate.created", "/candidates/c1")
    await settled(ada, 1)
    world.sandbox.clear_faults()
    world.sandbox.add_fault("^/candidates/c1$", status=410)
    world.sandbox.add_fault("^/offers/o1$", status=403)
    await post(world, hook, {"id": "c1"}, "candidate.deleted", "/candidates/c1")
    await post(world, hook, {"candidate_id": "c1", "offer_id": "o1"}, "offer.created", "/offers/o1")
    await settled(ada, 3)

    async def named() -> bool:
        return await titles(world) == ["Ada Byron"] * 3

    await eventually(named)


async def test_no_name_is_lent_to_a_forged_notification(world: World, ada: Browser) -> None:
    hook, _ = await signing_hook(world, ada)
    own = await hook_of(world)
    await post(world, own, {"id": "c1"}, "candidate.created", "/candidates/c1")
    await settled(ada, 1)
    await post(world, hook, BODY, "application.created")
    await post(world, hook, BODY, "application.created", LINK)
    (user_id,) = await world.services.store.user_ids()
    await world.services.indexer.catch_up(user_id)
    assert await titles(world) == ["Ada Byron", None, None]
    assert await world.services.store.due_name_requests(10**15, 10) == []


async def test_a_name_that_cannot_be_had_is_asked_for_once(world: World, ada: Browser) -> None:
    world.sandbox.clear_faults()
    world.sandbox.add_fault(f"^{LINK}$", status=200, body={"status": "NEW"})
    world.sandbox.add_fault("^/candidates/c1$", status=404)
    world.sandbox.add_fault("^/jobs/j1$", status=500)
    hook = await hook_of(world)
    await post(world, hook, BODY, "application.created", LINK)
    await settled(ada, 1)
    store = world.services.store

    async def asked() -> bool:
        waiting = await store.due_name_requests(10**15, 10)
        return [one.thing.id for one in waiting] == ["j1"] and not (
            await store.due_name_requests(1, 10)
        )

    await eventually(asked)
    assert "Application without a name" in await ada.page("/notifications")
