"""`/live` as the interface promises it: who may open it, and what it pushes."""

import asyncio
import re
from typing import Any

import aiohttp
import pytest

from tests.support.harness import DEADLINE, Browser, World, eventually


async def refusal(browser: Browser, headers: dict[str, str], query: str = "") -> int:
    """The status of the upgrade that is refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with browser.session.ws_connect(f"{browser.base}/live{query}", headers=headers):
            pass
    return refused.value.status


async def frames_until(socket: aiohttp.ClientWebSocketResponse, wanted: str) -> list[str]:
    """Every frame up to the one that holds `wanted`."""
    seen: list[str] = []
    async with asyncio.timeout(DEADLINE):
        while not seen or wanted not in seen[-1]:
            seen.append(await socket.receive_str())
    return seen


async def test_who_may_open_it(world: World) -> None:
    own = {"Origin": world.base}
    strange = [
        {}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "https://evil.example"},
        {"Origin": world.base + "0"}, {"Origin": world.base.replace("http", "https")},
    ]  # fmt: skip
    async with world.nobody() as nobody, world.logged_in() as ada:
        for headers in (own, *strange, {**own, "Accept": "text/html"}):
            assert await refusal(nobody, headers) in (
                {401} if "evil" not in str(headers) else {401, 403}
            )
        for headers in strange:
            assert await refusal(ada, headers) == 403, headers
        for query in ("?limit=x&cursor=x", "?signature=odd", "?after=never", "?view=odd"):
            assert await refusal(ada, own, query) == 400, query
        for accept in ("text/html", "application/json", "*/*"):
            headers = {"Accept": accept}
            async with nobody.request("GET", "/live", headers=headers) as answer:
                assert answer.status == 401
            async with ada.request("GET", "/live", headers=headers) as answer:
                assert answer.status == 403
            async with ada.request("GET", "/live", headers={**headers, **own}) as answer:
                assert answer.status == 400
        async with ada.session.ws_connect(f"{world.base}/live", headers=own) as socket:
            assert not socket.closed


async def test_without_parameters_everything_of_ones_own_is_pushed(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        mine = await ada.subscribe("job.created", "application.created")
        hers = await grace.subscribe("offer.created")
        async with ada.live() as socket, ada.live() as second, grace.live() as other:
            await world.notify(hers["hookId"], b'{"whose": "grace"}', event_name="offer.created")
            await world.fire("job.created")
            for number in range(3):
                await world.notify(mine["hookId"], b"{}", event_name=f"made.up.{number}")

            async def fetched() -> list[dict[str, Any]]:
                found = await ada.notifications()
                waiting = [one for one in found if one["entity"]["status"] == "pending"]
                return found if len(found) == 4 and not waiting else []

            found = await eventually(fetched)
            (real,) = (one for one in found if one["entity"]["status"] == "fetched")
            for viewer in (socket, second):
                text = "".join(await frames_until(viewer, real["entity"]["data"]["title"]))
                while not all(one["id"] in text for one in found):
                    text += await asyncio.wait_for(viewer.receive_str(), DEADLINE)
                assert "offer.created" not in text
            theirs = "".join(await frames_until(other, "offer.created"))
            assert not any(one["id"] in theirs for one in found)


async def test_parameters_filter_as_they_do_the_feed(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        queries = {
            "?event=job.": ["job.created"],
            "?event=offer.created&event=job.": ["job.created", "offer.created"],
            "?q=NEEDLE": ["offer.created"],
            "?signature=invalid": ["review.created"],
            f"?subscription={made['id']}": ["job.created", "offer.created", "review.created"],
            "?subscription=other": [],
        }
        sockets = {query: await ada.live(query) for query in queries}
        everything = await ada.live()
        await world.notify(made["hookId"], event_name="job.created")
        await world.notify(made["hookId"], b"a needle", event_name="offer.created")
        await world.notify(
            made["hookId"], event_name="review.created", smartrecruiters_signature="v1=00"
        )
        ids = {one["eventName"]: one["id"] for one in await ada.notifications()}
        await frames_until(everything, ids["review.created"])
        for query, wanted in queries.items():
            text = ""
            while any(ids[name] not in text for name in wanted):
                text += await asyncio.wait_for(sockets[query].receive_str(), DEADLINE)
            rows = set(re.findall(r'<li id="n-([0-9a-z]{13})"', text))
            assert rows == {ids[name] for name in wanted}, query
        for socket in (everything, *sockets.values()):
            await socket.close()
