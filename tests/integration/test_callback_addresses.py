"""Where callback addresses lead: orphaned ones are told and tried, other systems' never called."""

from typing import Any

from aiohttp import web
from srhooks.server.runner import served

from tests.support.harness import Browser, World

UNKNOWN = "A" * 32


async def moved(world: World, made: dict[str, Any], url: str) -> None:
    world.sandbox.subscriptions.by_id[made["id"]].callback_url = url


async def card(ada: Browser) -> str:
    return " ".join((await ada.page("/subscriptions?wait=1")).split())


async def test_an_orphaned_address_is_told_and_tried(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        path = f"/subscriptions/{made['id']}"
        mine = await ada.json("POST", f"{path}/address-check")
        assert mine["ok"] is True
        assert "The address answers" in mine["text"]
        await moved(world, made, f"{world.base}/hooks/{UNKNOWN}")
        assert "is answered 404 and lost" in await card(ada)
        tried = await ada.json("POST", f"{path}/address-check")
        assert tried["ok"] is False
        assert "404" in tried["text"]
        data = {"csrf": await ada.csrf()}
        async with ada.request("POST", f"{path}/address-check", data=data) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == f"{path}#address-title"
        page = await ada.page(path)
        assert "The address does not answer correctly" in page
        assert "Try the address" in page
        await ada.json("POST", "/subscriptions/unknown/address-check", status=404)


async def test_another_system_is_never_called(world: World) -> None:
    called: list[str] = []

    async def count(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", count)
    async with served(app, "127.0.0.1", 0) as port, world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        path = f"/subscriptions/{made['id']}"
        elsewhere = f"http://127.0.0.1:{port}"
        for url in (
            f"{elsewhere}/hooks/{made['hookId']}", f"{elsewhere}/other", f"{world.base}/other",
            f"{world.base}/hooks/../account/delete", f"{world.base}.evil.example/hooks/{UNKNOWN}",
        ):  # fmt: skip
            await moved(world, made, url)
            error = (await ada.json("POST", f"{path}/address-check", status=409))["error"]
            assert "not called from here" in error["message"]
            assert "Try the address" not in await ada.page(path)
        assert called == []


async def test_earlier_addresses_and_those_of_other_accounts_are_told_apart(
    world: World,
) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        made = await ada.subscribe("job.created")
        theirs = await grace.subscribe("job.created")
        await moved(world, made, f"https://old.example/hooks/{made['hookId']}")
        assert "one of ours under an earlier APP_URL" in await card(ada)
        await moved(world, made, f"{world.base}/hooks/{theirs['hookId']}")
        assert "Another account of this srhooks receives it." in await card(ada)


async def test_the_health_of_others_says_what_the_log_cannot_tell(world: World) -> None:
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await moved(world, made, "http://127.0.0.1:9/other")
        world.sandbox.troubles.order("refuse", 2, 0)
        await world.sandbox.fire("job.created")
        await world.sandbox.fire("job.created")
        page = await card(ada)
        assert "another system receives it" in page
        assert "The last 2 deliveries failed" in page
        assert "2 failures in a row, since" in page
        assert "Next try (number 2 of 11)" in page
        assert "The log has no answers, causes of failures or durations." in page
        listed = (await ada.json("GET", "/subscriptions"))["subscriptions"]
        assert "health" not in listed[0], "of ours alone"
