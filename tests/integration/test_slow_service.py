"""What the subscriptions page gives while SmartRecruiters takes its time."""

from typing import Any

import pytest
from srhooks.subscriptions import service
from srhooks.subscriptions.slow_answers import ANSWER_TIMEOUT, MOST_LATE
from srhooks.web.pages import subscriptions

from tests.support.harness import Browser, World, eventually

LONG = 0.5  # seconds: longer than anybody waits here
NOT_YET = "SmartRecruiters has not answered yet"


async def test_the_frame_does_not_wait_for_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "FRAME_TIMEOUT", 0.05)
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated")
        world.sandbox.add_fault("/subscriptions$", method="GET", delay=0.5)
        frame = await ada.page("/subscriptions?events=job.created&events=offer.created")
        assert "Waiting for SmartRecruiters…" in frame
        assert 'hx-trigger="load"' in frame
        again = "/subscriptions?events=job.created&amp;events=offer.created&amp;wait=1"
        assert f'<noscript><meta http-equiv="refresh" content="0; url={again}"></noscript>' in frame
        whole = await ada.page("/subscriptions?wait=1")
        assert f'id="s-{created["id"]}"' in whole
        assert 'id="asking"' not in whole
        htmx: Any = {"HX-Request": "true"}
        fragment = await ada.page("/subscriptions", **htmx)
        assert f'id="s-{created["id"]}"' in fragment
        # What was seen before is shown meanwhile, and a copy of ours needs no list.
        frame = await ada.page(f"/subscriptions?clone={created['id']}")
        assert f'id="s-{created["id"]}"' in frame
        assert "This is the last known list." in frame
        assert 'value="job.updated" aria-describedby="sends-job.updated" checked' in frame


async def test_what_is_said_once_waits_for_the_whole_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "FRAME_TIMEOUT", 0.05)
    async with world.logged_in() as ada:
        world.sandbox.add_fault("/subscriptions$", method="GET", delay=0.5)
        form = {"events": "job.created", "csrf": await ada.csrf()}
        async with ada.request("POST", "/subscriptions", data=form) as answer:
            assert answer.status == 303
        for query in ("", "?wait=1"):
            page = await ada.page(f"/subscriptions{query}")
            assert "<div>The subscription was created." in page
            assert "Next: activate it." in page
        assert "<div>The subscription was created." not in await ada.page("/subscriptions?wait=1")


def wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody waits for a change."""
    monkeypatch.setattr(service, "CHANGE_TIMEOUT", 0.0)
    monkeypatch.setattr(service, "ACTIVATION_TIMEOUT", 0.0)


async def only_one(browser: Browser) -> dict[str, Any] | None:
    """The only subscription, once there is one."""
    listed = (await browser.json("GET", "/subscriptions"))["subscriptions"]
    assert len(listed) < 2
    return listed[0] if listed else None


async def create(browser: Browser, status: int) -> dict[str, Any]:
    asked = {"events": ["job.created"], "active": True}
    made: dict[str, Any] = await browser.json("POST", "/subscriptions", status=status, json=asked)
    return made


async def test_a_creation_that_takes_long_is_finished_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        wait_for_nothing(monkeypatch)
        world.sandbox.add_fault("/subscriptions$", method="POST", delay=LONG)
        refused = await create(ada, 502)
        assert refused["error"]["message"] == NOT_YET
        form = {"events": "job.updated", "csrf": await ada.csrf()}
        async with ada.request("POST", "/subscriptions", data=form) as answer:
            page = await answer.text()
        assert f"{NOT_YET}. It may have been done all the same: check the list" in page

        async def both() -> bool:
            listed = (await ada.json("GET", "/subscriptions"))["subscriptions"]
            states = {one["events"][0]["name"]: one["status"] for one in listed if one["mine"]}
            return states == {"job.created": "active", "job.updated": "inactive"}

        await eventually(both)
        await world.fire("job.created")
        (arrived,) = await eventually(ada.notifications)
        assert arrived["signature"] == "valid"  # it has its key


async def test_an_activation_that_takes_long_is_not_called_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        path = f"/subscriptions/{created['id']}"
        world.sandbox.add_fault("/activation$", method="PUT", delay=LONG)
        wait_for_nothing(monkeypatch)
        refused = await ada.json("POST", f"{path}/activation", status=502)
        assert refused["error"]["message"] == NOT_YET
        assert "SmartRecruiters refused" not in await ada.page(path)

        async def is_active() -> bool:
            one = await only_one(ada)
            return one is not None and one["status"] == "active"

        await eventually(is_active)

        async def is_told() -> bool:
            return "SmartRecruiters activated it" in await ada.page(path)

        await eventually(is_told)


async def test_what_is_created_but_not_yet_active_is_told_as_that(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        world.sandbox.add_fault("/activation$", method="PUT", delay=60)
        monkeypatch.setattr(service, "CHANGE_TIMEOUT", 2.0)
        monkeypatch.setattr(service, "ACTIVATION_TIMEOUT", 0.0)
        created = await create(ada, 201)
        assert (created["status"], created["activationError"]) == ("inactive", NOT_YET)
        assert created["hookId"]


async def test_a_deletion_that_takes_long_is_ours_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        world.sandbox.add_fault("/subscriptions/[^/]*$", method="DELETE", delay=LONG)
        wait_for_nothing(monkeypatch)
        refused = await ada.json("DELETE", f"/subscriptions/{created['id']}", status=502)
        assert refused["error"]["message"] == NOT_YET

        async def is_gone() -> bool:
            return await only_one(ada) is None

        await eventually(is_gone)
        store = world.services.store
        (user_id,) = await store.user_ids()

        async def is_retired() -> bool:
            (hook,) = await store.hooks(user_id)
            return hook.deleted_at is not None

        await eventually(is_retired)
        assert (await ada.json("GET", "/incidents"))["incidents"] == []  # nobody else deleted it


async def test_few_changes_may_be_without_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds one of the eight calls that may be under way."""
    async with world.logged_in() as ada:
        world.sandbox.add_fault("/subscriptions$", method="POST", delay=60)
        wait_for_nothing(monkeypatch)
        for _ in range(MOST_LATE):
            await create(ada, 502)
        refused = await create(ada, 502)
        assert f"has yet to answer {MOST_LATE} changes" in refused["error"]["message"]


def test_an_answer_is_waited_for_as_long_as_the_service_recommends() -> None:
    assert ANSWER_TIMEOUT >= 128
