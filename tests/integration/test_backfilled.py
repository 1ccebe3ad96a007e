"""What was backfilled looks so wherever it is shown, and reaches programs like any other."""

import csv
import io
import json
from contextlib import AsyncExitStack
from typing import Any

from tests.integration.test_listen import line, listen, receiver
from tests.support.harness import Browser, World, eventually

MARK = '<span class="badge warn">backfilled</span>'


async def backfill_one(world: World, ada: Browser, event: str = "job.created") -> None:
    world.sandbox.troubles.order("refuse", 1, 0)
    await world.sandbox.fire(event)
    await ada.json("POST", "/missed/check")
    assert await ada.json("POST", "/missed/backfill", json={"all": True}) == {"stored": 1}


async def loaded(ada: Browser) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        found = await ada.notifications()
        return found if all(one["entity"]["status"] == "fetched" for one in found) else []

    return await eventually(look)


async def export(ada: Browser, name: str) -> str:
    async with ada.request("GET", f"/notifications/export?format={name}") as answer:
        assert answer.status == 200
        text: str = await answer.text("utf-8-sig")
        return text


async def test_it_is_marked_in_list_detail_timeline_and_exports(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await world.fire("job.created")
        await backfill_one(world, ada)
        newest, older = await loaded(ada)
        assert [newest["origin"], older["origin"]] == ["backfilled", "received"]
        page = await ada.page("/notifications")
        row = page.partition(f'id="n-{newest["id"]}"')[2].partition("</li>")[0]
        assert MARK in row
        assert page.count(MARK) == 1
        mine, other = [await ada.page(f"/notifications/{one['id']}") for one in (newest, older)]
        for text in (MARK, "not as they were then", "from its callbacks log"):
            assert text in mine
            assert text not in other.partition('id="detail"')[2]
        story = await ada.page(f"/entities/job/{newest['body']['id']}")
        assert MARK in story
        rows = csv.DictReader(io.StringIO(await export(ada, "csv"), newline=""))
        assert [row["origin"] for row in rows] == ["backfilled", "received"]
        lines = (await export(ada, "ndjson")).splitlines()
        assert [json.loads(one)["origin"] for one in lines] == ["backfilled", "received"]
        entries = json.loads(await export(ada, "har"))["log"]["entries"]
        assert [one["_origin"] for one in entries] == ["backfilled", "received"]
        assert entries[0]["comment"].endswith("backfilled")


async def test_programs_behind_listen_get_it_like_any_other(world: World) -> None:
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(world.logged_in())
        await ada.subscribe("job.created")
        token = (await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"}))[
            "token"
        ]
        program, url = await stack.enter_async_context(receiver())
        process = await stack.enter_async_context(
            listen(world.base, token, "--forward-to", url, "--event", "job.")
        )
        await line(process)
        await backfill_one(world, ada)
        assert "202 in" in await line(process)
        ((headers, body),) = program.requests
        (delivery,) = world.sandbox.deliveries
        assert body == delivery.body
        assert headers["event-id"] == delivery.event_id
        assert headers["smartrecruiters-signature"].startswith("v1=")
