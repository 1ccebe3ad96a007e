"""Personal tokens: a program reads with one what its person may read, and does nothing else."""

import asyncio
import re
from typing import Any

import pytest
from aiohttp import WSMsgType
from srhooks.accounts.personal_tokens import digest
from srhooks.domain.account import PersonalToken
from srhooks.domain.clock import now_ms, read_time

from tests.support.harness import DEADLINE, Browser, World

ODD_BODY = b'\xff\x00{"id": \xe2\x82\xac}\r\n'


async def make_token(browser: Browser, name: str = "Laptop") -> str:
    made = await browser.json("POST", "/terminal/tokens", status=201, data={"name": name})
    text: str = made["token"]
    return text


def shown(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def test_a_program_reads_what_its_person_may_read(world: World) -> None:
    async with world.logged_in("Ada") as ada, world.logged_in("Grace") as grace:
        hook = (await ada.subscribe("job.created"))["hookId"]
        for one in (hook, (await grace.subscribe("job.created"))["hookId"]):
            assert await world.notify(one, ODD_BODY) == 202
        token = await make_token(ada)
        (hers,) = await grace.notifications()
        async with world.nobody() as program:
            found = await program.json("GET", "/notifications?q=id", **shown(token))
            (mine,) = found["notifications"]
            assert mine["hookId"] == hook
            one = await program.json("GET", f"/notifications/{mine['id']}", **shown(token))
            assert one["id"] == mine["id"]
            raw = f"/notifications/{mine['id']}/raw"
            async with program.request("GET", raw, **shown(token)) as answer:
                assert answer.status == 200
                assert await answer.read() == ODD_BODY
                assert answer.headers["Content-Type"] == "application/octet-stream"
                assert answer.headers["Content-Disposition"].startswith("attachment;")
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Set-Cookie" not in answer.headers
            for path in (f"/notifications/{hers['id']}", f"/notifications/{hers['id']}/raw"):
                await program.json("GET", path, status=404, **shown(token))
            headers = shown(token)["headers"]
            async with program.session.ws_connect(f"{world.base}/live", headers=headers) as socket:
                await world.notify(hook, b"{}", event_id="9")
                frame = await asyncio.wait_for(socket.receive_str(), DEADLINE)
                assert "/notifications/" in frame


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/subscriptions"),
        ("POST", "/subscriptions"),
        ("DELETE", "/subscriptions/x"),
        ("GET", "/terminal"),
        ("POST", "/terminal/tokens"),
    ],
)
async def test_a_token_opens_nothing_else(world: World, method: str, path: str) -> None:
    async with world.logged_in() as ada, world.nobody() as program:
        await program.json(method, path, status=401, **shown(await make_token(ada)))


@pytest.mark.parametrize("token", ["", "srhooks_", "srhooks_wrong", "\xe4", "x" * 5000])
async def test_a_wrong_token_is_refused_also_beside_a_good_cookie(world: World, token: str) -> None:
    async with world.logged_in() as ada:
        for path in ("/notifications", "/notifications/0000000000000/raw", "/live"):
            await ada.json("GET", path, status=401, **shown(token))


async def test_a_person_is_asked_before_a_token_is_revoked(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        form = {"csrf": await ada.csrf()}
        for _ in range(3):
            async with ada.request("POST", "/terminal/tokens", data=form) as answer:
                assert answer.status == 303
        assert ">Your new token: <bdi>Terminal 3</bdi></h2>" in await ada.page("/terminal")
        tokens = (await ada.json("GET", "/terminal"))["tokens"]
        assert [one["name"] for one in tokens] == ["Terminal", "Terminal 2", "Terminal 3"]
        path = f"/terminal/tokens/{tokens[1]['id']}/revoke"
        assert f'<form method="get" action="{path}">' in await ada.page("/terminal")
        assert "Revoke the token Terminal 2?" in await ada.page(path)
        await grace.page(path, status=404)
        assert len((await ada.json("GET", "/terminal"))["tokens"]) == 3
        async with ada.request("POST", path, data=form, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/terminal")
        assert "The token was revoked." in await ada.page("/terminal")
        assert "The token was revoked." not in await ada.page("/terminal")  # said once
        async with ada.request("POST", "/terminal/tokens", data=form) as answer:
            assert answer.status == 303
        tokens = (await ada.json("GET", "/terminal"))["tokens"]
        assert [one["name"] for one in tokens] == ["Terminal", "Terminal 3", "Terminal 2"]


async def test_a_revoked_token_is_worth_nothing_at_once(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as program:
        token = await make_token(ada)
        (listed,) = (await ada.json("GET", "/terminal"))["tokens"]
        assert token not in str(listed)
        headers = shown(token)["headers"]
        async with program.session.ws_connect(f"{world.base}/live", headers=headers) as socket:
            async with world.logged_in("Grace") as grace:
                await grace.json("POST", f"/terminal/tokens/{listed['id']}/revoke", status=404)
            await ada.json("POST", f"/terminal/tokens/{listed['id']}/revoke", status=204)
            message = await asyncio.wait_for(socket.receive(), DEADLINE)
            assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
        await program.json("GET", "/notifications", status=401, **shown(token))


async def test_a_dead_grant_shuts_programs_out_too(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as program:
        token = await make_token(ada)
        world.sandbox.revoke_grants()
        await ada.json("GET", "/subscriptions", status=401)
        refused = await program.json("GET", "/notifications", status=401, **shown(token))
        assert "log in again" in refused["error"]["message"]


async def test_the_page_shows_a_token_once(world: World) -> None:
    async with world.logged_in() as ada:
        data = {"name": "<b>", "csrf": await ada.csrf()}
        async with ada.request("POST", "/terminal/tokens", data=data) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/terminal")
        async with ada.request("GET", "/terminal") as answer:
            page = await answer.text()
            assert answer.headers["Cache-Control"] == "no-store"
        token = re.search(r"srhooks_[\w-]{43}", page)
        assert token is not None
        again = await ada.page("/terminal")
        assert token[0] not in again
        assert "&lt;b&gt;" in again
        async with ada.request("POST", "/terminal/tokens", data={"name": "x"}) as answer:
            assert answer.status == 403  # neither token nor origin


async def test_a_person_has_a_bounded_number_of_tokens(world: World) -> None:
    async with world.logged_in() as ada:
        for _ in range(20):
            await make_token(ada)
        await ada.json("POST", "/terminal/tokens", status=400, data={"name": "one more"})
        await ada.json("POST", "/terminal/tokens", status=400, data={"name": "x" * 101})


async def test_a_token_ends(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as program:
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        lasts = read_time(made["expiresAt"]) - read_time(made["createdAt"])
        assert lasts.days == 90
        chosen = {"name": "y", "days": "7"}
        week = await ada.json("POST", "/terminal/tokens", status=201, data=chosen)
        assert (read_time(week["expiresAt"]) - read_time(week["createdAt"])).days == 7
        for days in ("0", "366", "-1", "soon", "1e3"):
            await ada.json("POST", "/terminal/tokens", status=400, data={"days": days})
        store = world.services.store
        (user_id,) = await store.user_ids()
        ended = PersonalToken("t", user_id, "ended", 1, None, now_ms() + 3000)
        await store.add_personal_token(ended, digest("srhooks_ended"), 20)
        await program.json("GET", "/notifications", **shown("srhooks_ended"))
        headers = shown("srhooks_ended")["headers"]
        async with program.session.ws_connect(f"{world.base}/live", headers=headers) as socket:
            message = await asyncio.wait_for(socket.receive(), DEADLINE)
            assert (message.type, message.data) == (WSMsgType.CLOSE, 4401)
        await program.json("GET", "/notifications", status=401, **shown("srhooks_ended"))
        assert ">expired<" in await ada.page("/terminal")
