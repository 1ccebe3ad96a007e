"""A notification is sent into running terminals again; what a target failed is tried again."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from srhooks.commands.listen import _target, _url_for

from tests.integration.test_listen import line, listen, receiver
from tests.support.harness import DEADLINE, World, application, eventually
from tests.support.harness import world as start_world


async def test_it_is_replayed_by_every_terminal_of_the_account_alone(world: World) -> None:
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(world.logged_in())
        grace = await stack.enter_async_context(world.logged_in("Grace"))
        hook = (await ada.subscribe("job.created"))["hookId"]
        await world.notify(hook, b'{"id":  1}', event_id="1", event_name="job.created")
        (n,) = await ada.notifications()
        path = f"/notifications/{n['id']}/resend"
        assert "srhooks listen" in str(await ada.json("POST", path, status=409))
        targets = []
        for _ in range(2):
            made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
            one, url = await stack.enter_async_context(receiver())
            # A filter that it does not fit: it is sent all the same.
            process = await stack.enter_async_context(
                listen(world.base, made["token"], "--forward-to", url, "--event", "offer.")
            )
            assert (await line(process)).startswith("TIME")
            targets.append((one, process))

        async def both_listen() -> bool:
            async with ada.request(
                "POST", path, headers={"Accept": "application/json", "Origin": world.base}
            ) as answer:
                return bool(answer.status == 200 and (await answer.json())["sentTo"] == 2)

        await eventually(both_listen)
        for one, process in targets:
            assert "job.created" in await line(process)
            headers, body = one.requests[0]
            assert (headers["event-id"], body) == ("1", b'{"id":  1}')
        await grace.json("POST", path, status=404)
        data = {"csrf": await ada.csrf()}
        async with ada.request("POST", path, data=data, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 303
        assert "Sent to 2 terminals." in await ada.page("/notifications")
        (again,) = await ada.notifications()
        assert again["deliveries"] == 1
        # What comes next is replayed as ever.
        await world.notify(hook, event_id="2", event_name="offer.created")

        async def came() -> bool:
            return all(one.ids[-1] == "2" for one, _ in targets)

        await eventually(came)


async def test_it_reaches_terminals_that_hang_on_another_process(
    tmp_path: Path, postgres_url: str
) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(start_world(tmp_path, database_url=postgres_url))
        _, second = await stack.enter_async_context(
            application(tmp_path, int(one.settings.api_url[-5:]), database_url=postgres_url)
        )
        ada = await stack.enter_async_context(one.logged_in())
        hook = (await ada.subscribe("job.created"))["hookId"]
        await one.notify(hook, b"{}", event_id="1", event_name="job.created")
        (n,) = await ada.notifications()
        path = f"/notifications/{n['id']}/resend"
        await ada.json("POST", path, status=409)
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        bearer = {"Authorization": f"Bearer {made['token']}"}
        sockets = [
            await stack.enter_async_context(ada.session.ws_connect(f"{url}/live", headers=bearer))
            for url in (one.base, second.app_url, second.app_url)
        ]

        async def sent_to_all() -> bool:
            async with ada.request(
                "POST", path, headers={"Accept": "application/json", "Origin": one.base}
            ) as answer:
                return bool(answer.status == 200 and (await answer.json())["sentTo"] == 3)

        await eventually(sent_to_all)
        for socket in sockets:
            async with asyncio.timeout(DEADLINE):
                while f'{{"resend": "{n["id"]}"}}' != await socket.receive_str():
                    pass


async def test_a_target_that_fails_is_tried_again(world: World) -> None:
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(world.logged_in())
        hook = (await ada.subscribe("job.created"))["hookId"]
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        one, url = await stack.enter_async_context(receiver())
        one.status = 503
        process = await stack.enter_async_context(
            listen(world.base, made["token"], "--forward-to", url, "--retries", "2")
        )
        assert (await line(process)).startswith("TIME")
        await world.notify(hook, event_id="1", event_name="job.created")
        assert (await line(process)).endswith("attempt 3")
        assert one.ids == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("event", "url"),
    [
        ("job.created", "http://a/"),
        ("job.updated", "http://b/"),
        ("offer.created", "http://c/?x=1"),
    ],
)
def test_each_event_has_its_target(event: str, url: str) -> None:
    given = ("http://c/?x=1", "job.created=http://a/", "job.=http://b/")
    assert _url_for([_target(text) for text in given], event) == url
    assert _url_for([_target("job.=http://b/")], "offer.created") is None
