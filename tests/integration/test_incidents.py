"""`/incidents`: page and JSON, whose they are, and what acknowledging does."""

import re
from typing import Any

import pytest
from srhooks.domain.incidents import Incident, NewIncident

from tests.support.harness import Browser, World

JSON = {"Accept": "application/json"}


@pytest.fixture
async def user_id(world: World, ada: Browser) -> str:
    (user_id,) = await world.services.store.user_ids()
    return user_id


@pytest.fixture
async def ada(world: World) -> Any:
    async with world.logged_in() as browser:
        yield browser


async def opened(world: World, user_id: str, kind: Any = "suspended", **more: Any) -> Incident:
    given = {"subject": "s1", "subscription_id": "s1", "title": "It <stopped>"} | more
    incident = await world.services.incidents.open(
        NewIncident(user_id=user_id, kind=kind, details={"status": "inactive"}, **given)
    )
    assert incident is not None
    return incident


async def test_incidents_are_listed_newest_first(world: World, ada: Browser, user_id: str) -> None:
    assert await ada.json("GET", "/incidents") == {"incidents": [], "next": None}
    first = await opened(world, user_id)
    second = await opened(world, user_id, "login", subject="", subscription_id=None)
    await world.services.incidents.end(user_id, "suspended", "s1")
    listed = (await ada.json("GET", "/incidents"))["incidents"]
    assert [one["kind"] for one in listed] == ["login", "suspended"]
    assert listed[1]["endedAt"] is not None
    assert listed[0] == {
        "id": second.public_id, "kind": "login", "subscriptionId": None, "title": "It <stopped>",
        "details": {"status": "inactive"}, "openedAt": listed[0]["openedAt"], "endedAt": None,
    }  # fmt: skip
    only = (await ada.json("GET", "/incidents?open=1"))["incidents"]
    assert [one["id"] for one in only] == [second.public_id]
    page = await ada.json("GET", "/incidents?limit=1&open=0")
    assert [one["id"] for one in page["incidents"]] == [second.public_id]
    rest = await ada.json("GET", page["next"])
    assert ([one["id"] for one in rest["incidents"]], rest["next"]) == ([first.public_id], None)
    text = await ada.page("/incidents")
    assert "It &lt;stopped&gt;" in text
    for query in ("limit=0", "limit=201", "limit=x", "before=x", "open=perhaps"):
        await ada.json("GET", f"/incidents?{query}", status=400)


async def test_acknowledging_ends_only_what_was_deleted_elsewhere(
    world: World, ada: Browser, user_id: str
) -> None:
    failing = await opened(world, user_id, "failing")
    gone = await opened(world, user_id, "gone")
    known = await ada.json("POST", f"/incidents/{failing.public_id}/acknowledge")
    assert (known["endedAt"], known["details"]["acknowledgedAt"] is None) == (None, False)
    known = await ada.json("POST", f"/incidents/{gone.public_id}/acknowledge")
    assert known["endedAt"] is not None
    token = re.search(r'name="csrf" value="([^"]+)"', await ada.page("/incidents"))
    assert token is not None
    for path in ("unknown", "0000000000000"):
        await ada.json("POST", f"/incidents/{path}/acknowledge", status=404)
    form = {"csrf": token[1]}
    path = f"/incidents/{failing.public_id}/acknowledge"
    async with ada.request("POST", path, data=form, headers={"Accept": "text/html"}) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/incidents")
    async with ada.request("POST", path, headers={"Accept": "text/html"}) as answer:
        assert answer.status == 403


async def test_nobody_and_others_see_nothing(world: World, ada: Browser, user_id: str) -> None:
    incident = await opened(world, user_id)
    path = f"/incidents/{incident.public_id}/acknowledge"
    async with world.nobody() as nobody:
        await nobody.json("GET", "/incidents", status=401)
        await nobody.json("POST", path, status=401)
        async with nobody.request("GET", "/incidents") as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
    async with world.logged_in("Grace") as grace:
        assert (await grace.json("GET", "/incidents"))["incidents"] == []
        await grace.json("POST", path, status=404)


async def test_they_can_be_read_with_a_dead_grant(world: World, ada: Browser, user_id: str) -> None:
    tokens = await world.services.store.credential(user_id)
    assert tokens is not None
    await world.services.store.mark_grant_dead(user_id, tokens.access)
    incident = await opened(world, user_id, "login", subject="", subscription_id=None)
    await ada.json("GET", "/notifications", status=401)
    (one,) = (await ada.json("GET", "/incidents"))["incidents"]
    assert one["id"] == incident.public_id
    assert "It &lt;stopped&gt;" in await ada.page("/incidents")
    await ada.json("POST", f"/incidents/{incident.public_id}/acknowledge")


async def test_open_ones_are_counted(world: World, ada: Browser, user_id: str) -> None:
    await opened(world, user_id)
    async with ada.request("GET", "/metrics") as answer:
        text = await answer.text()
    assert 'srhooks_incidents_open{kind="suspended"} 1.0' in text
    assert 'srhooks_incidents_open{kind="login"} 0.0' in text
