"""Sessions: each ends for good, all can be ended, and none outlives its person's role."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType
from srhooks.crypto import RotatingFernet
from srhooks.domain.clock import now_ms
from yarl import URL

from tests.support.harness import DEADLINE, SECRET, Browser, World, eventually
from tests.support.harness import world as start_world


def cookies_of(browser: Browser) -> dict[str, str]:
    return {one.key: one.value for one in browser.session.cookie_jar}


async def is_alive(world: World, cookies: dict[str, str]) -> bool:
    async with world.nobody() as copy:
        copy.session.cookie_jar.update_cookies(cookies)
        async with copy.request("GET", "/subscriptions") as answer:
            return bool(answer.status == 200)


async def closed(socket: Any) -> int:
    """The code that a socket is closed with, whatever it is sent before."""
    while (message := await asyncio.wait_for(socket.receive(), DEADLINE)).type is WSMsgType.TEXT:
        pass
    assert message.type is WSMsgType.CLOSE
    return int(message.data)


async def test_logging_in_again_ends_the_session_before(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in() as elsewhere:
        first = cookies_of(ada)
        async with ada.live() as socket:
            await world.log_in(ada)
            assert await closed(socket) == 4401
        second = cookies_of(ada)
        assert not await is_alive(world, first)
        assert await is_alive(world, second)
        async with ada.request("POST", "/logout", headers={"Origin": ada.base}) as answer:
            assert answer.status == 303
        assert not await is_alive(world, first)
        assert not await is_alive(world, second)
        assert await is_alive(world, cookies_of(elsewhere))


async def test_the_list_of_sessions(world: World) -> None:
    agents = {"ada": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", "phone": "<b>odd"}
    async with (
        world.logged_in() as ada,
        world.logged_in() as phone,
    ):
        for browser, agent in ((ada, agents["ada"]), (phone, agents["phone"])):
            browser.session.headers["User-Agent"] = agent
            await world.log_in(browser)
        listed = (await ada.json("GET", "/account/sessions"))["sessions"]
        assert sorted(one["browser"] for one in listed) == ["Firefox on Windows", "Unknown browser"]
        assert [one["current"] for one in listed].count(True) == 1
        assert "Firefox on Windows" in await ada.page("/account/sessions")
        other = next(one["id"] for one in listed if not one["current"])
        async with world.logged_in("Grace") as her:
            await her.json("POST", f"/account/sessions/{other}/end", status=404)
        async with phone.live() as socket:
            await ada.json("POST", f"/account/sessions/{other}/end", status=204)
            assert await closed(socket) == 4401
        await phone.json("GET", "/subscriptions", status=401)
        await ada.json("POST", f"/account/sessions/{other}/end", status=404)


async def test_log_out_everywhere(world: World) -> None:
    async with (
        world.logged_in() as ada,
        world.logged_in() as phone,
        world.logged_in("Grace") as her,
    ):
        async with ada.live() as first, phone.live() as second:
            form = {"csrf": await ada.csrf()}
            async with ada.request("POST", "/account/sessions/end-all", data=form) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
            assert await closed(first) == 4401
            assert await closed(second) == 4401
        for browser in (ada, phone):
            await browser.json("GET", "/subscriptions", status=401)
        await her.json("GET", "/subscriptions")


async def test_a_session_has_an_absolute_end_and_its_socket_with_it(tmp_path: Path) -> None:
    async with start_world(tmp_path, session_lifetime=2) as world, world.logged_in() as ada:
        async with ada.live() as socket:
            assert await closed(socket) == 4401
        await ada.json("GET", "/account", status=401)  # though it was used all the time


async def test_a_socket_ends_with_a_session_that_is_not_used(tmp_path: Path) -> None:
    async with (
        start_world(tmp_path, session_max_age=1) as world,
        world.logged_in() as ada,
        ada.live() as socket,
    ):
        assert await closed(socket) == 4401


async def test_a_socket_of_a_session_in_use_stays(tmp_path: Path) -> None:
    async with (
        start_world(tmp_path, session_max_age=2) as world,
        world.logged_in() as ada,
        ada.live() as socket,
    ):
        end = now_ms() + 2 * 2000

        async def used_for_long() -> bool:
            await ada.json("GET", "/account")
            return now_ms() > end

        await eventually(used_for_long)
        await socket.ping()
        assert not socket.closed


async def test_who_is_no_administrator_any_more_is_out_at_the_next_renewal(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        bearer = {"Authorization": f"Bearer {made['token']}"}
        people = world.sandbox.people
        index = next(i for i, one in enumerate(people) if one.first_name == "Ada")
        people[index] = dataclasses.replace(people[index], role="BASIC")
        world.sandbox.expire_access_tokens()
        async with ada.live() as socket:
            await ada.json("GET", "/subscriptions", status=401)
            assert await closed(socket) == 4401
        await ada.json("GET", "/account", status=401)
        await ada.json("GET", "/notifications", status=401, headers=bearer)
        await grace.json("GET", "/subscriptions")
        answer = await world.log_in(ada)
        assert answer.status == 403


async def test_a_service_that_does_not_say_who_this_is_ends_nothing(world: World) -> None:
    async with world.logged_in() as ada:
        world.sandbox.add_fault("users/me", status=503)
        world.sandbox.expire_access_tokens()
        await ada.json("GET", "/subscriptions")


async def test_ended_sessions_are_dropped_from_the_store(tmp_path: Path) -> None:
    async with start_world(tmp_path, session_lifetime=1) as world, world.logged_in():
        store = world.services.store
        (user_id,) = await store.user_ids()
        began = now_ms() - 1000  # its end is still to come then
        assert len(await store.sessions(user_id, began)) == 1

        async def dropped() -> bool:
            await store.purge(0, now_ms(), 1)
            return not await store.sessions(user_id, began)

        await eventually(dropped)


async def test_a_session_of_a_clock_that_was_ahead_is_over_for_good(world: World) -> None:
    """How long it was unused cannot be told, so it would last longer than it may."""
    async with world.logged_in() as ada, world.logged_in() as before:
        session_id = await session_of(world, ada)
        later = now_ms() + 3_600_000
        sessions = world.services.store
        await sessions.touch_session(session_id, later, later + 60_000)
        cookie = cookies_of(ada)["srhooks"]
        fernet = RotatingFernet([SECRET], "cookie")
        ahead = fernet.encrypt_at_time(fernet.decrypt(cookie), later // 1000).decode()
        ada.session.cookie_jar.update_cookies({"srhooks": ahead}, URL(world.base))
        assert not await is_alive(world, {"srhooks": cookie})  # nor with the one from before
        refused = await ada.json("GET", "/subscriptions", status=401)
        assert "clock had been ahead" in refused["error"]["message"]
        ada.session.cookie_jar.update_cookies({"srhooks": ahead}, URL(world.base))
        assert "clock had been ahead" in await ada.page("/")
        listed = (await before.json("GET", "/account/sessions"))["sessions"]
        assert [one["current"] for one in listed] == [True]
        assert await sessions.end_sessions_of_later(now_ms()) == 1
        assert await sessions.session(session_id, later) is None  # nor when that time has come
        await before.json("GET", "/account")
        assert (await world.log_in(ada)).status == 303
        await ada.json("GET", "/account")


async def session_of(world: World, browser: Browser) -> str:
    """The id of the browser's session, from its cookie."""
    fernet = RotatingFernet([SECRET], "cookie")
    held = json.loads(fernet.decrypt(cookies_of(browser)["srhooks"]))
    return str(held["session"]["id"])
