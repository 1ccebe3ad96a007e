"""What can be done with one notification: follow what is inside, fetch again, take it along."""

import json
import re
from typing import Any

from srhooks.protocol.link_header import resolve
from yarl import URL

from tests.integration.test_bulk import until
from tests.support.harness import Browser, World, eventually

API = "https://api.test"


async def fetched(world: World, ada: Browser, **changed: Any) -> dict[str, Any]:
    """A notification whose entity was fetched, with these fields in the entity."""
    await ada.subscribe("application.created")
    world.sandbox.add_fault("/candidates/", method="GET", status=200, body=changed)
    await world.fire("application.created")
    (n,) = await until(ada, "fetched")
    world.sandbox.clear_faults()
    return n


def asked(world: World, path: str) -> list[bool]:
    """Of the requests to a path at the service: whether each carried a token."""
    found = [one for one in world.sandbox.requests if one.path == path]
    return [one.authorization_present for one in found]


async def test_a_link_inside_is_followed_with_the_token_and_not_stored(world: World) -> None:
    async with world.logged_in() as ada:
        api = world.settings.api_url
        inside = {"actions": {"me": {"url": f"{api}/user-api/v201804/users/me"}}}
        n = await fetched(world, ada, **inside)
        page = await ada.page(f"/notifications/{n['id']}")
        (url,) = set(re.findall(r'href="(/notifications/\w+/follow[^"]*)"', page))
        assert asked(world, "/user-api/v201804/users/me") == [True]  # at the log-in
        shown = await ada.page(url.replace("&amp;", "&"))
        assert "Novak" in shown or "Ada" in shown
        assert asked(world, "/user-api/v201804/users/me") == [True, True]
        headers = {"HX-Request": "true"}
        async with ada.request("GET", url.replace("&amp;", "&"), headers=headers) as answer:
            part = await answer.text()
        assert part.lstrip().startswith('<p id="answered-')
        assert (await ada.json("GET", f"/notifications/{n['id']}"))["entity"] == n["entity"]


async def test_nothing_but_a_link_of_the_entity_at_the_api_is_followed(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        api = world.settings.api_url
        n = await fetched(
            world, ada, ok=f"{api}/ok", other="https://evil.example/x", odd=f"{api}@evil.example/",
            port="http://127.0.0.1:1/x", text="see /user-api", script="javascript:alert(1)",
        )  # fmt: skip
        page = await ada.page(f"/notifications/{n['id']}")
        assert page.count('hx-target="#followed-') == 1
        for path in ("other", "odd", "port", "text", "script", "ok.x", "nothing"):
            await ada.json("GET", f"/notifications/{n['id']}/follow?path={path}", status=404)
        await ada.json("GET", f"/notifications/{n['id']}/follow", status=400)
        await grace.json("GET", f"/notifications/{n['id']}/follow?path=ok", status=404)
        assert asked(world, "/ok") == []


async def test_where_a_link_leads_may_be_gone_or_hostile(world: World) -> None:
    async with world.logged_in() as ada:
        n = await fetched(world, ada, gone=f"{world.settings.api_url}/gone")
        path = f"/notifications/{n['id']}/follow?path=gone"
        assert ">404<" in await ada.page(path)
        world.sandbox.add_fault("/gone", status=302, headers={"Location": "https://evil.example"})
        assert ">302<" in await ada.page(path)
        world.sandbox.clear_faults()
        world.sandbox.add_fault("/gone", status=200, body="<script>alert(1)</script>")
        assert "<script>alert" not in await ada.page(path)


async def test_fetch_again_is_a_button(world: World) -> None:
    async with world.logged_in() as ada:
        n = await fetched(world, ada, title="Before")
        page = await ada.page(f"/notifications/{n['id']}")
        assert f'action="/notifications/{n["id"]}/reprocess"' in page
        await ada.json("POST", f"/notifications/{n['id']}/replay")

        async def changed() -> bool:
            (now,) = await until(ada, "fetched")
            return bool(now["entity"]["data"].get("title") != "Before")

        await eventually(changed)


def test_odd_addresses_are_not_for_tokens() -> None:
    for odd in ("https://api.test.evil.example/", "https://api.test:444/", "http://api.test/"):
        assert not resolve(odd, URL(API)).followable


async def test_one_as_har(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], b'{"id": "7"}')
        (n,) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        url = f"/notifications/export?id={n['id']}&amp;format=har"
        assert url in page
        async with ada.request("GET", url.replace("&amp;", "&")) as answer:
            (entry,) = json.loads(await answer.text())["log"]["entries"]
        assert entry["request"]["postData"]["text"] == '{"id": "7"}'
