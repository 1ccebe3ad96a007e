"""The watch, against the sandbox: what it opens and ends with no page open, and what not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from srhooks.config import DEFAULT_SCOPES
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import NewNotification
from srhooks.incidents.audit import CAUSES
from srhooks.sandbox import SandboxSettings

from tests.support.harness import Browser, World, application, eventually, free_port
from tests.support.harness import world as start_world

Made = dict[str, Any]
INTERVAL = 0.2  # seconds between two looks
SCOPES = f"{DEFAULT_SCOPES} audit_events_read"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[World]:
    sandbox = SandboxSettings(seed=1, speed=1e6, suspend_after=0)
    async with start_world(
        tmp_path, sandbox=sandbox, watch_interval=INTERVAL, scopes=SCOPES
    ) as running:
        yield running


@pytest.fixture
async def ada(town: World) -> AsyncIterator[Browser]:
    async with town.logged_in() as browser:
        yield browser


@pytest.fixture
async def made(ada: Browser) -> Made:
    return await ada.subscribe("job.created")


async def incidents(browser: Browser, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await browser.json("GET", f"/incidents{query}"))["incidents"]
    return found


async def incident(browser: Browser, kind: str, *, ended: bool = False) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        found = [one for one in await incidents(browser) if one["kind"] == kind]
        return found[0] if found and (found[0]["endedAt"] is not None) == ended else {}

    return await eventually(look)


async def looked(town: World) -> None:
    """Two more looks of every account: what was going to be noticed has been."""
    for _ in range(2):
        before = await looks(town)

        async def again(before: list[int | None] = before) -> bool:
            return all(now != then for now, then in zip(await looks(town), before, strict=True))

        await eventually(again)


async def looks(town: World) -> list[int | None]:
    store = town.services.store
    return [(await store.last_look(user_id)).looked_at for user_id in await store.user_ids()]


async def test_one_that_the_service_suspends(town: World, ada: Browser, made: Made) -> None:
    subscription = town.sandbox.subscriptions.by_id[made["id"]]
    subscription.status = "suspended"
    opened = await incident(ada, "suspended")
    assert opened["subscriptionId"] == made["id"]
    assert opened["details"]["status"] == "inactive"
    assert "job.created is inactive" in opened["title"]
    await looked(town)
    assert len(await incidents(ada)) == 1
    subscription.status = "active"
    ended = await incident(ada, "suspended", ended=True)
    assert ended["id"] == opened["id"]


async def test_it_is_known_across_a_restart_and_told_once(tmp_path: Path) -> None:
    async with start_world(tmp_path, watch_interval=0) as outer:  # its sandbox alone is used
        port = int(outer.sandbox.base_url.rpartition(":")[2])
        folder = tmp_path / "watched"
        folder.mkdir()
        ids = []
        settings: dict[str, Any] = {"watch_interval": INTERVAL, "port": free_port()}
        for turn in range(3):
            async with application(folder, port, **settings) as (app, used):
                town = World(used, outer.sandbox, app)
                if turn == 0:
                    async with town.logged_in() as ada:
                        made = await ada.subscribe("job.created")
                        await looked(town)
                else:
                    outer.sandbox.subscriptions.by_id[made["id"]].status = "suspended"
                    await looked(town)
                (user_id,) = await town.services.store.user_ids()
                found = await town.services.store.incidents(user_id, None, 10)
                ids.append([(one.kind, one.id) for one in found])
        assert ids[0] == []
        assert [kind for kind, _ in ids[1]] == ["suspended"]
        assert ids[2] == ids[1]


async def test_one_that_was_never_active_is_no_incident(town: World, ada: Browser) -> None:
    await ada.subscribe("job.created", active=False)
    await looked(town)
    assert await incidents(ada) == []


async def test_one_that_is_deleted_elsewhere(town: World, ada: Browser, made: Made) -> None:
    del town.sandbox.subscriptions.by_id[made["id"]]
    opened = await incident(ada, "gone")
    assert opened["subscriptionId"] == made["id"]
    await looked(town)
    assert len(await incidents(ada, "?open=1")) == 1
    await ada.json("POST", f"/incidents/{opened['id']}/acknowledge")
    await looked(town)
    assert await incidents(ada, "?open=1") == []


async def test_a_deletion_made_here_opens_nothing(town: World, ada: Browser, made: Made) -> None:
    others = [await ada.subscribe(event) for event in ("candidate.created", "offer.created")]
    town.sandbox.add_fault("^/webhooks-api/", delay=0.3)
    await asyncio.gather(
        *(ada.json("DELETE", f"/subscriptions/{one['id']}", status=204) for one in (made, *others)),
        *(ada.json("GET", "/subscriptions") for _ in range(3)),
    )
    await looked(town)
    assert await incidents(ada) == []


async def test_one_that_is_not_listed_but_there_is_not_gone(
    town: World, ada: Browser, made: Made
) -> None:
    await looked(town)
    path = "/webhooks-api/v201907/subscriptions"
    town.sandbox.add_fault(rf"^{path}$", status=200, body=[])
    await looked(town)
    assert await incidents(ada) == []


async def test_deliveries_that_fail_in_a_row(town: World, ada: Browser, made: Made) -> None:
    courier = town.sandbox.courier
    patient, courier.delivery_timeout = courier.delivery_timeout, 1e-6
    await town.sandbox.fire("job.created")
    opened = await incident(ada, "failing")
    assert opened["subscriptionId"] == made["id"]
    assert opened["details"]["failuresInARow"] >= 3
    courier.delivery_timeout = patient
    await town.fire("job.created")
    await incident(ada, "failing", ended=True)


async def test_five_forged_within_an_hour(town: World, ada: Browser, made: Made) -> None:
    async def forge(hook_id: str, *numbers: int) -> None:
        for number in numbers:
            signature = f"v1={number:064x}"
            await town.notify(hook_id, event_id=f"e{number}", smartrecruiters_signature=signature)

    other = await ada.subscribe("offer.created")
    await forge(made["hookId"], *range(4))
    await forge(other["hookId"], *range(5))
    opened = await incident(ada, "forged")  # by a look that found too few at the first one
    assert (opened["subscriptionId"], opened["details"]["lastHour"]) == (other["id"], 5)
    assert len(await incidents(ada)) == 1
    await forge(made["hookId"], 4)

    async def both() -> bool:
        return {one["subscriptionId"] for one in await incidents(ada)} == {made["id"], other["id"]}

    await eventually(both)


async def test_records_that_are_refused(town: World, ada: Browser, made: Made) -> None:
    town.sandbox.add_fault("^/jobs/", status=403, body={"code": "OAuthPermissionsException"})
    await town.fire("job.created")
    opened = await incident(ada, "unreadable")
    assert opened["subscriptionId"] is None
    assert opened["details"] == {"family": "job", "scope": "jobs_read"}
    town.sandbox.clear_faults()
    await town.fire("job.created")
    await incident(ada, "unreadable", ended=True)


async def test_a_dead_grant(town: World, ada: Browser, made: Made) -> None:
    town.sandbox.revoke_grants()
    opened = await incident(ada, "login")
    assert opened["subscriptionId"] is None
    await town.log_in(ada)
    await incident(ada, "login", ended=True)
    assert [one["kind"] for one in await incidents(ada)] == ["login"]


async def test_a_service_that_fails_is_asked_less_often(town: World, ada: Browser) -> None:
    await looked(town)
    town.sandbox.add_fault("^/webhooks-api/", status=503)
    (user_id,) = await town.services.store.user_ids()

    async def failed_often() -> bool:
        return (await town.services.store.last_look(user_id)).failures >= 3

    await eventually(failed_often)
    calls = [one for one in town.sandbox.requests if one.path.startswith("/webhooks-api/")]
    assert len(calls) < 40
    assert await incidents(ada) == []


async def test_switched_off_it_asks_nothing(tmp_path: Path) -> None:
    async with start_world(tmp_path, watch_interval=0) as town, town.logged_in() as ada:
        made = await ada.subscribe("job.created")
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert "watch-local" in names
        assert "watch" not in names
        town.sandbox.subscriptions.by_id[made["id"]].status = "suspended"
        await ada.json("GET", "/subscriptions")
        assert await incidents(ada) == []


async def test_nothing_comes_unlike_in_other_weeks(town: World, ada: Browser, made: Made) -> None:
    store = town.services.store
    (user_id,) = await store.user_ids()
    hour, now = 3_600_000, now_ms()
    await asyncio.gather(
        *(
            store.add_notification(
                NewNotification(
                    id=first_id_at(now - ago * hour - part * 600_000) + part, user_id=user_id,
                    hook_id=made["hookId"], subscription_id=made["id"], event_id=None,
                    event_name="job.created", event_version=None, link=None, headers="{}",
                    body=b"{}", signature="valid", sent_at=None, entity_status="none",
                )
            )
            for ago in reversed(range(9, 22 * 24))  # as they would have come
            for part in reversed(range(3))
        )
    )  # fmt: skip
    opened = await incident(ada, "silent")
    assert opened["subscriptionId"] == made["id"]
    assert opened["details"]["families"] == ["job"]
    await town.fire("job.created")
    await incident(ada, "silent", ended=True)


async def test_what_the_audit_log_says_stands_beside_it(
    town: World, ada: Browser, made: Made
) -> None:
    town.sandbox.audit.record("CREDENTIALS_REVOKED", "CREDENTIAL", "2")
    for number in range(150):  # what else happens fills more than a page
        town.sandbox.audit.record("CANDIDATE_PROFILE_OPENED", "CANDIDATE", str(number))
    town.sandbox.subscriptions.by_id[made["id"]].status = "suspended"

    async def explained() -> list[dict[str, str]]:
        found = await incidents(ada)
        return found[0]["details"].get("audit", []) if found else []

    causes = await eventually(explained)
    assert causes[0]["event"] == "CREDENTIALS_REVOKED"  # the newest first
    assert "CANDIDATE_PROFILE_OPENED" not in str(causes)
    assert town.sandbox.people[0].id not in str(await incidents(ada))
    await looked(town)
    assert await explained() == causes  # also when the incident's details are renewed
    assert "credential revoked" in await ada.page("/incidents")
    audits = [one for one in town.sandbox.requests if one.path.startswith("/audit-api/")]
    assert len(audits) == len(CAUSES)
