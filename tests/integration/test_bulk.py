"""The feed's time filter, and what is done to several notifications at once."""

import json
import re
from typing import Any

import pytest
from srhooks.protocol.signature import sign

from tests.integration.test_subscription import post
from tests.support.harness import Browser, World, eventually


async def some(world: World, ada: Browser, count: int = 3) -> list[str]:
    """That many unsigned notifications; their ids, newest first."""
    created = await ada.subscribe("job.created")
    for number in range(count):
        await world.notify(created["hookId"], event_id=str(number), event_name="job.created")
    return [one["id"] for one in await ada.notifications()]


async def test_a_window_of_time_is_part_of_the_address(world: World) -> None:
    async with world.logged_in() as ada:
        ids = await some(world, ada)
        for query in (
            "?since=1h",
            "?since=30d",
            "?after=2020-01-01T00:00",
            "?before=2999-01-01T00:00",
        ):
            assert len(await ada.notifications(query)) == len(ids)
        for query in ("?before=2020-01-01T00:00", "?since=1h&before=2020-01-01T00:00Z"):
            assert await ada.notifications(query) == []
        page = await ada.page("/notifications?since=24h&event=job.")
        assert '<option value="24h" selected>' in page
        assert f'href="/notifications/{ids[0]}?event=job.&amp;since=24h"' in page
        assert 'href="/notifications/export?event=job.&amp;since=24h"' in page
        page = await ada.page("/notifications?before=2999-01-01T00:00")
        assert " until 2999-01-01 00:00" in page
        assert "Back to the newest" not in page
        assert "Back to the newest" in await ada.page(f"/notifications?before={ids[0]}")
        await ada.json("GET", "/notifications?since=soon", status=400)


async def test_deleting_asks_first_and_then_deletes_these_alone(world: World) -> None:
    async with world.logged_in() as ada:
        ids = await some(world, ada)
        fields = {"id": ids[:2], "back": "?event=job."}
        status, page = await form(ada, "/notifications/delete", fields)
        assert status == 200
        assert "Delete 2 notifications?" in page
        assert (
            page.count('<span class="event" data-family="job"><bdi>job.created</bdi></span>') == 2
        )
        assert len(await ada.notifications()) == 3
        status, page = await form(ada, "/notifications/delete", {**fields, "confirm": "yes"})
        assert (status, page) == (303, "/notifications?event=job.")
        assert [one["id"] for one in await ada.notifications()] == ids[2:]
        assert "2 notifications were deleted." in await ada.page(page)
        assert "were deleted" not in await ada.page(page)
        answer = await ada.json("POST", "/notifications/delete", json={"ids": ids})
        assert answer == {"deleted": 1}


async def test_one_is_deleted_from_its_own_page(world: World) -> None:
    async with world.logged_in() as ada:
        ids = await some(world, ada)
        page = await ada.page(f"/notifications/{ids[0]}?event=job.")
        (asked,) = re.findall(
            r'<form[^>]*action="/notifications/delete">.*?</form>', page, re.DOTALL
        )
        sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
        _, question = await form(ada, "/notifications/delete", sent)
        assert f'href="/notifications/{ids[0]}?event=job."' in question  # Cancel
        status, there = await form(ada, "/notifications/delete", {**sent, "confirm": "yes"})
        assert (status, there) == (303, "/notifications?event=job.")
        assert [one["id"] for one in await ada.notifications()] == ids[1:]


async def test_the_question_names_what_is_to_be_deleted_and_how_many_more(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        ids = await some(world, ada, 7)
        _, page = await form(ada, "/notifications/delete", {"id": ids})
        assert page.count("<time") == 5
        assert "and 2 more" in page
        _, page = await form(grace, "/notifications/delete", {"id": ids[:2]})
        assert "<time" not in page  # nothing of somebody else's


async def form(browser: Browser, path: str, fields: dict[str, Any]) -> tuple[int, str]:
    data = {"csrf": await browser.csrf(), **fields}
    async with browser.request("POST", path, data=pairs(data)) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


def pairs(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, one)
        for name, value in data.items()
        for one in (value if isinstance(value, list) else [value])
    ]


async def test_nobody_touches_what_is_not_theirs(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        ids = await some(world, ada)
        for what in ("delete", "reprocess", "replay"):
            answer = await grace.json("POST", f"/notifications/{what}", json={"ids": ids})
            assert list(answer.values()) == [0]
        await grace.json("POST", f"/notifications/{ids[0]}/reprocess", status=404)
        assert len(await ada.notifications()) == 3
        async with world.nobody() as nobody:
            await nobody.json("POST", "/notifications/delete", json={"ids": ids}, status=401)
        async with ada.request("POST", "/notifications/delete", json={"ids": ids}) as answer:
            assert answer.status == 403  # neither our origin nor the token


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": "x"}, {"ids": [1]}, {"ids": ["x"] * 501}]
)
async def test_a_choice_that_is_none_is_refused(world: World, body: object) -> None:
    async with world.logged_in() as ada:
        for what in ("delete", "reprocess", "replay"):
            await ada.json("POST", f"/notifications/{what}", json=body, status=400)


async def test_the_way_back_never_leads_elsewhere(world: World) -> None:
    async with world.logged_in() as ada:
        ids = await some(world, ada, 1)
        for back in ("//evil.example", "https://evil.example", "/account", "?a\r\nX: y"):
            status, where = await form(ada, f"/notifications/{ids[0]}/reprocess", {"back": back})
            assert (status, where) == (303, f"/notifications/{ids[0]}#d-entity")


async def test_a_choice_is_exported_from_the_page(world: World) -> None:
    async with world.logged_in() as ada:
        ids = await some(world, ada)
        fields = {"id": ids[:2], "format": "ndjson"}
        status, text = await form(ada, "/notifications/export", fields)
        assert status == 200
        assert [json.loads(line)["id"] for line in text.splitlines()] == ids[:2]
        # Ids that name nothing are nothing, not everything.
        _, text = await form(ada, "/notifications/export", {"id": ["x"], "format": "ndjson"})
        assert text == ""
        status, _ = await form(ada, "/notifications/export", {"format": "csv"})
        assert status == 400


async def test_processing_again_fetches_the_entity_as_it_is_now(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        world.sandbox.add_fault("/jobs/", method="GET", status=403)
        await world.fire("job.created")
        (failed,) = await until(ada, "failed")
        world.sandbox.clear_faults()
        answer = await ada.json("POST", "/notifications/reprocess", json={"ids": [failed["id"]]})
        assert answer == {"processed": 1}
        (now,) = await until(ada, "fetched")
        assert now["entity"]["data"]
        assert now["signature"] == "valid"
        await world.services.store.check()
        status, _ = await post(ada, f"/notifications/{failed['id']}/reprocess")
        assert status == 303


async def until(browser: Browser, status: str) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        found = await browser.notifications()
        return found if all(one["entity"]["status"] == status for one in found) else []

    return await eventually(look)


async def test_processing_again_judges_by_the_keys_that_counted(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        hook_id = created["hookId"]
        services = world.services
        link = f"<{world.settings.api_url}/jobs/none>; rel=self"
        headers = {"event-id": "e1", "event-name": "job.created", "link": link}
        signed = {**headers, "smartrecruiters-signature": sign("a later key", headers, b"{}")}
        await world.notify(hook_id, b"{}", **signed)
        (n,) = await ada.notifications()
        assert (n["signature"], n["entity"]["status"]) == ("invalid", "refused")
        await ada.json("POST", f"/notifications/{n['id']}/reprocess")
        assert (await ada.notifications())[0]["signature"] == "invalid"
        await services.hooks.add_key(hook_id, "a later key")
        await ada.json("POST", f"/notifications/{n['id']}/reprocess")
        (n,) = await until(ada, "gone")
        assert n["signature"] == "valid"
        # A key that has expired since takes no verdict back.
        await services.store.add_key(hook_id, services.vault.seal("newest"), 1)
        services.hooks.forget(hook_id)
        await ada.json("POST", f"/notifications/{n['id']}/reprocess")
        assert (await ada.notifications())[0]["signature"] == "valid"


async def test_a_better_verdict_does_not_make_two_of_one_delivery(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        headers = {"event-id": "e1", "event-name": "job.created"}
        signature = sign("a later key", headers, b"{}")
        signed = {**headers, "smartrecruiters-signature": signature}
        await world.notify(created["hookId"], b"{}", **signed)
        await world.services.hooks.add_key(created["hookId"], "a later key")
        await world.notify(created["hookId"], b"{}", **signed)
        verdicts = [one["signature"] for one in await ada.notifications()]
        assert verdicts == ["valid", "invalid"]
        ids = [one["id"] for one in await ada.notifications()]
        assert await ada.json("POST", "/notifications/reprocess", json={"ids": ids})
        assert [one["signature"] for one in await ada.notifications()] == verdicts
