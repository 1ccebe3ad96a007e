"""Log in and out, and every way in which logging in fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from yarl import URL

from tests.support.harness import (
    DEADLINE,
    SECRET,
    Browser,
    World,
    application,
    eventually,
    free_port,
)
from tests.support.harness import world as start_world
from tests.support.odd_service import FAMOUS, OddService, odd_world

ME = ("GET", "/user-api/v201804/users/me")
TOKEN = ("POST", "/identity/oauth/token")


@pytest.fixture
async def nobody(world: World) -> AsyncIterator[Browser]:
    async with world.nobody() as browser:
        yield browser


async def is_logged_in(browser: Browser, cookies: dict[str, str] | None = None) -> bool:
    headers = {"Accept": "application/json"}
    if cookies is not None:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as fresh,
            fresh.get(f"{browser.base}/notifications", headers=headers) as answer,
        ):
            return bool(answer.status == 200)
    async with browser.request("GET", "/notifications", headers=headers) as answer:
        assert answer.status in {200, 401}
        return bool(answer.status == 200)


def cookies_of(browser: Browser) -> dict[str, str]:
    return {one.key: one.value for one in browser.session.cookie_jar}


async def state_of(browser: Browser) -> str:
    async with browser.request("GET", "/auth") as start:
        assert start.status == 302
        return URL(start.headers["Location"]).query["state"]


async def test_the_login_page_and_the_way_to_the_service(world: World, nobody: Browser) -> None:
    page = await nobody.page("/")
    assert ">Log in with SmartRecruiters</a>" in page
    states = set()
    for _ in range(3):
        async with nobody.request("GET", "/auth") as start:
            assert start.status == 302
            target = URL(start.headers["Location"])
        assert str(target.with_query(None)) == f"{world.sandbox.base_url}/identity/oauth/allow"
        query = dict(target.query)
        states.add(query.pop("state"))
        assert query == {
            "client_id": "sandbox-client",
            "redirect_uri": f"{world.base}/auth/callback",
            "response_type": "code",
            "scope": world.settings.scopes,
        }
    assert len(states) == 3


async def test_an_administrator_gets_in(world: World, nobody: Browser) -> None:
    answer = await world.log_in(nobody)
    assert (answer.status, answer.headers["Location"]) == (303, "/notifications")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    async with nobody.request("GET", "/") as home:
        assert (home.status, home.headers["Location"]) == (303, "/notifications")
    async with nobody.request("GET", "/auth") as start:
        assert start.status == 302


@pytest.mark.parametrize("wanted", ["/subscriptions", "/notifications?event=job.&q=a%20%26b"])
async def test_one_gets_where_one_wanted_to_go(world: World, nobody: Browser, wanted: str) -> None:
    async with nobody.request("GET", wanted, headers={"Accept": "text/html"}) as sent_away:
        assert (sent_away.status, sent_away.headers["Location"]) == (303, "/")
    answer = await world.log_in(nobody)
    assert (answer.status, answer.headers["Location"]) == (303, wanted)


@pytest.mark.parametrize("trick", ["//evil.example", "/\\evil.example", "//evil.example/%2e%2e"])
async def test_nobody_is_led_elsewhere(world: World, nobody: Browser, trick: str) -> None:
    url = URL(f"{world.base}{trick}", encoded=True)
    for target in (url, URL(f"{world.base}/notifications?next={trick}", encoded=True)):
        async with nobody.session.get(target, allow_redirects=False) as response:
            assert response.status in {303, 404}
    answer = await world.log_in(nobody)
    assert URL(answer.headers["Location"]).host is None
    assert answer.headers["Location"].startswith("/notifications")


async def test_a_non_administrator_is_turned_away(world: World, nobody: Browser) -> None:
    for name in ("Omar", "Lena"):
        answer = await world.log_in(nobody, name)
        page = await answer.text()
        assert answer.status == 403
        assert "<h1>Only administrators of SmartRecruiters may manage webhooks here</h1>" in page
        assert f"You are logged in there as {name} " in page
        assert "Ask an administrator, or log in there as another person." in page
        assert "try again" not in page.lower()
        assert not await is_logged_in(nobody)


async def test_who_turns_out_to_be_no_administrator_is_logged_out(world: World) -> None:
    async with world.logged_in() as ada:
        await world.log_in(ada, decision="deny")
        assert await is_logged_in(ada)  # nobody has changed
        async with ada.live() as socket:
            answer = await world.log_in(ada, "Omar")
            assert answer.status == 403
            assert "Log out" not in await answer.text()
            async with asyncio.timeout(DEADLINE):
                while (await socket.receive()).type != WSMsgType.CLOSE:
                    pass
        assert not await is_logged_in(ada)


async def test_a_denial_is_told(world: World, nobody: Browser) -> None:
    answer = await world.log_in(nobody, decision="deny")
    assert (answer.status, answer.content_type) == (403, "text/html")
    assert "<h1>You declined access</h1>" in await answer.text()
    assert not await is_logged_in(nobody)


@pytest.mark.parametrize(
    "query", ["", "?code=c", "?state=", "?state=wrong&code=c", "?state=wrong&error=access_denied"]
)
async def test_a_wrong_or_missing_state_is_refused(
    world: World, nobody: Browser, query: str
) -> None:
    await state_of(nobody)
    for accept, kind in (("text/html", "text/html"), ("application/json", "application/json")):
        async with nobody.request(
            "GET", f"/auth/callback{query}", headers={"Accept": accept}
        ) as answer:
            assert (answer.status, answer.content_type) == (400, kind)
            assert "Accept" in answer.headers["Vary"]
    assert not await is_logged_in(nobody)


async def test_a_state_is_good_once_and_in_its_own_browser(world: World) -> None:
    async with world.nobody() as mine, world.nobody() as other:
        state = await state_of(mine)
        denial = f"/auth/callback?state={state}&error=access_denied"
        copied = cookies_of(mine)
        async with other.request("GET", denial) as answer:
            assert answer.status == 400
        async with mine.request("GET", denial) as answer:
            assert answer.status == 403
        async with mine.request("GET", denial) as answer:
            assert answer.status == 400
        async with mine.request("GET", denial, cookies=copied) as answer:
            assert answer.status == 400


async def test_two_tabs_can_log_in_at_once(world: World, nobody: Browser) -> None:
    first, second = await state_of(nobody), await state_of(nobody)
    for state in (first, second):
        query = f"?state={state}&error=access_denied"
        async with nobody.request("GET", f"/auth/callback{query}") as answer:
            assert answer.status == 403


STRANGE_IDS: tuple[Any, ...] = ("", " ", {}, [1], True, 1.5)
STRANGE: tuple[Any, ...] = (b"<html>", b"", [], "text", None, {}, {"id": None})
ODD: list[tuple[tuple[str, str], tuple[int, Any]]] = [
    *((TOKEN, (status, {"message": "no"})) for status in (302, 400, 401, 403, 429, 500, 503)),
    *((TOKEN, (200, value)) for value in STRANGE),
    *((TOKEN, (200, {"access_token": value})) for value in (5, "", "two\r\nlines", "a b")),
    *((ME, (status, {"message": "no"})) for status in (302, 401, 403, 404, 429, 500)),
    *((ME, (200, value)) for value in STRANGE),
    *((ME, (200, {**FAMOUS, "id": value})) for value in STRANGE_IDS),
]


@pytest.mark.slow
async def test_a_failing_or_odd_token_call_and_users_me_are_502(tmp_path: Path) -> None:
    async with odd_world(tmp_path) as world, world.nobody() as nobody:
        for call, (status, value) in ODD:
            world.service.replies = {call: [(status, value, {"Location": "/elsewhere"})]}
            answer = await world.log_in(nobody)
            assert answer.status == 502, (call, status, value)
            assert not await is_logged_in(nobody)
        assert not [path for _, _, path in world.service.seen if path == "/elsewhere"]


@pytest.mark.parametrize(
    "role", [None, {}, "ADMINISTRATOR", {"id": "administrator"}, {"id": ["ADMINISTRATOR"]}]
)
async def test_only_the_administrators_role_counts(tmp_path: Path, role: Any) -> None:
    service = OddService(profile={**FAMOUS, "systemRole": role})
    async with odd_world(tmp_path, service) as world, world.nobody() as nobody:
        assert (await world.log_in(nobody)).status == 403
        assert not await is_logged_in(nobody)
        service.profile = FAMOUS
        assert (await world.log_in(nobody)).status == 303


async def test_logging_out_ends_the_session_for_good(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in() as same, world.logged_in("Grace") as her:
        await ada.subscribe(active=False)
        copied = cookies_of(ada)
        async with ada.live() as socket, same.live() as kept, her.live() as hers:
            async with ada.request("POST", "/logout", headers={"Origin": ada.base}) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
            closed = await asyncio.wait_for(socket.receive(), DEADLINE)
            assert closed.type is WSMsgType.CLOSE
            assert not kept.closed
            assert not hers.closed
            await kept.ping()
        assert not await is_logged_in(ada)
        assert not await is_logged_in(ada, copied)
        assert await is_logged_in(same)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in copied.items())}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with world.nobody() as nobody, nobody.live(**headers):
                pass
        assert refused.value.status == 401
        assert len((await same.json("GET", "/subscriptions"))["subscriptions"]) == 1
    async with world.nobody() as nobody, nobody.request("POST", "/logout") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_a_session_with_a_dead_grant_can_be_ended_too(tmp_path: Path) -> None:
    async with odd_world(tmp_path) as world, world.logged_in() as zoe:
        world.service.revoke()
        await zoe.json("GET", "/subscriptions", status=401)
        copied = cookies_of(zoe)
        async with zoe.request("POST", "/logout", headers={"Origin": zoe.base}) as answer:
            assert answer.status == 303
        assert (await world.log_in(zoe)).status == 303
        assert await is_logged_in(zoe)
        assert not await is_logged_in(zoe, copied)


@pytest.mark.slow
async def test_a_session_lasts_while_it_is_used(tmp_path: Path) -> None:
    async with start_world(tmp_path, session_max_age=3) as world, world.logged_in() as ada:
        first = cookies_of(ada)

        async def is_over() -> bool:
            assert await is_logged_in(ada)  # which renews it
            return not await is_logged_in(ada, first)

        await eventually(is_over)
        assert await is_logged_in(ada)
        last = cookies_of(ada)

        async def last_is_over() -> bool:
            return not await is_logged_in(ada, last)

        await eventually(last_is_over)


async def test_secrets_rotate_and_end(world: World, tmp_path: Path) -> None:
    port = free_port()
    sandbox_port = URL(world.sandbox.base_url).port or 0
    new = "another session secret, as long as it has to be"
    folder = tmp_path / "rotation"
    folder.mkdir()
    async with world.nobody() as browser:
        changed: dict[str, Any] = {"port": port}
        async with application(folder, sandbox_port, **changed) as (_, settings):
            browser.base = settings.app_url
            assert (await world.log_in(browser)).status == 303
            token = await browser.csrf()
        secrets = {"session_secrets": (new, SECRET)}
        async with application(folder, sandbox_port, **changed, **secrets):
            form = {"events": "job.created", "csrf": token}  # of a page that was open meanwhile
            async with browser.request("POST", "/subscriptions", data=form) as answer:
                assert answer.status == 303
            assert await is_logged_in(browser)
        async with application(folder, sandbox_port, **changed, session_secrets=(new,)):
            assert await is_logged_in(browser)  # its cookie was made anew under the new secret
            (one,) = (await browser.json("GET", "/subscriptions"))["subscriptions"]
            assert one["mine"]
        async with application(folder, sandbox_port, **changed):
            assert not await is_logged_in(browser)


async def test_a_garbled_cookie_is_no_session(world: World) -> None:
    async with world.logged_in() as ada:
        (name,) = cookies_of(ada)
        good = cookies_of(ada)[name].encode()
        cut, changed = good[:-1], good[:-4] + b"AAAA"
        garbled = [b"", b"x", b"\xff\xfe", "é".encode(), cut, changed, b'"', good[:40]]
        for value in garbled:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
            head = f"GET /subscriptions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {name}="
            writer.write(head.encode() + value + b"\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 303 "), value
            writer.close()
