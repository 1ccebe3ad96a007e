"""`srhooks demo --story outage`, from the loss to the click that brings everything back.

In one process, so that the minute in which a delivery may still be on its way need not be waited
for: the log's records are made that much older. tests/integration/test_demo.py runs the command.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from srhooks.commands.demo_setup import log_in, subscribe
from srhooks.commands.demo_traffic import LOST, DemoTraffic
from srhooks.domain.missed import YOUNG
from srhooks.sandbox.scopes import ALL_SCOPES

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path, watch_interval=1, scopes=ALL_SCOPES) as running:
        running.sandbox.limiter.rate = 0
        yield running


def grow_old(town: World, ms: int) -> None:
    for subscription in town.sandbox.subscriptions.by_id.values():
        for entry in subscription.log:
            object.__setattr__(entry, "at", round(entry.at - ms / 1000, 3))


async def incidents(ada: Browser, query: str = "?open=1") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ada.json("GET", f"/incidents{query}"))["incidents"]
    return [one for one in found if one["kind"] == "missed"]


async def test_three_are_lost_named_and_backfilled_with_a_click(town: World) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await log_in(session, town.base, town.person("Ada"))
        await subscribe(session, town.base)
        ada = Browser(town.base, session)
        story = asyncio.create_task(DemoTraffic(town.sandbox, session, 0, story="outage").run())
        try:
            await eventually(lambda: lost(town))
            assert await incidents(ada) == [], "they may still be on their way"
            grow_old(town, YOUNG - 1000)  # they are a minute old in a second

            async def all_named() -> list[dict[str, Any]]:  # they are not lost in one moment
                found = await incidents(ada)
                return [one for one in found if one["details"]["byEvent"] == dict.fromkeys(LOST, 1)]

            (opened,) = await eventually(all_named)
            assert "3 notifications" in opened["title"]
            page = await ada.page("/missed")
            for event in LOST:
                assert f">{event}<" in page or event in page
            button = re.search(r'name="all" value="1" class="primary">([^<]+)<', page)
            assert button is not None
            assert button[1] == "Backfill all 3"
            data = {"csrf": await ada.csrf(), "all": "1"}
            async with ada.request("POST", "/missed/backfill", data=data) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/missed")
            found = await ada.notifications("?limit=200")
            back = [one for one in found if one["origin"] == "backfilled"]
            assert sorted(one["eventName"] for one in back) == sorted(LOST)
            assert {one["signature"] for one in back} == {"valid"}
            assert await incidents(ada) == []
            (ended,) = await incidents(ada, "")
            assert ended["endedAt"] > ended["openedAt"]
            assert "No missed notifications" in await ada.page("/missed")
        finally:
            story.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await story


async def lost(town: World) -> bool:
    newest = list(town.sandbox.deliveries)[-len(LOST) :]  # the log has them as delivered
    return [(one.event_name, one.state) for one in newest] == [(e, "delivered") for e in LOST]
