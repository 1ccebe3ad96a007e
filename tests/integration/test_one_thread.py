"""The one thread through everything, without a browser."""

import asyncio
import json

from tests.support.harness import DEADLINE, World, eventually


async def test_from_log_in_to_a_live_notification(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("application.created")
        assert created["status"] == "active"
        async with ada.live() as socket:
            await world.fire("application.created")
            frame = await asyncio.wait_for(socket.receive_str(), DEADLINE)
        (notification,) = await ada.notifications()
        assert f"/notifications/{notification['id']}" in frame
        assert notification["signature"] == "valid"

        async def fetched() -> bool:
            (one,) = await ada.notifications()
            return bool(one["entity"]["status"] == "fetched")

        await eventually(fetched)
        detail = await ada.json("GET", f"/notifications/{notification['id']}")
        assert detail["entity"]["data"]
        page = await ada.page(f"/notifications/{notification['id']}")
        assert json.dumps(notification["eventId"])[1:-1] in page
