"""What a live page must hear of however badly the moment is chosen."""

import asyncio
import contextlib
from typing import Any

import aiosqlite
import pytest
from aiohttp import WSMsgType
from srhooks.domain.ids import encode_id
from srhooks.domain.models import NewNotification
from srhooks.hub import Event
from srhooks.store import Store
from srhooks.web.live.connection import MAX_REPLAY

from tests.support.harness import DEADLINE, World, eventually
from tests.support.page_model import Page


async def test_a_page_that_comes_back_beside_another_hears_what_it_missed(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        async with ada.live("?view=overview"):
            async with ada.live("?cursor=0") as feed:
                await world.notify(hook, event_name="first", event_id="1")
                while "first" not in await feed.receive_str(timeout=DEADLINE):
                    pass
            (user_id,) = await world.services.store.user_ids()
            cursor = await world.services.store.last_rev(user_id)
            await world.notify(hook, event_name="missed", event_id="2")
            async with ada.live(f"?cursor={cursor}") as feed:
                assert "missed" in await feed.receive_str(timeout=DEADLINE)


async def test_what_is_being_committed_reaches_a_page_that_opens(world: World) -> None:
    """Somebody else holds the database while the page opens: the commit waits for that."""
    store = world.services.store
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        received = store.received
        path = world.settings.database_url.removeprefix("sqlite:///")
        async with aiosqlite.connect(path, isolation_level=None) as other:
            await other.execute("BEGIN IMMEDIATE")
            posting = asyncio.create_task(world.notify(hook, event_name="inflight", event_id="1"))

            async def begun() -> bool:
                return store.received > received

            await eventually(begun)
            async with ada.live() as socket:
                await other.execute("ROLLBACK")
                assert await posting == 202
                while "inflight" not in await socket.receive_str(timeout=DEADLINE):
                    pass


async def store_many(store: Store, user_id: str, count: int) -> list[int]:
    """The ids."""
    new = [
        NewNotification(
            id=store.next_id(), user_id=user_id, hook_id="h", subscription_id=None,
            event_id=None, event_name="job.created", event_version=None, link=None,
            headers="{}", body=b"{}", signature="valid", sent_at=None, entity_status="none",
        )
        for _ in range(count)
    ]  # fmt: skip
    await asyncio.gather(*(store.add_notification(one) for one in new))
    return [one.id for one in new]


async def test_a_page_that_missed_very_many_gets_the_list_anew(world: World) -> None:
    store = world.services.store
    async with world.logged_in() as ada:
        (user_id,) = await store.user_ids()
        ids = await store_many(store, user_id, 2 * MAX_REPLAY)
        async with ada.live("?cursor=0") as feed:
            frame = ""
            while 'id="list"' not in frame:
                frame = await feed.receive_str(timeout=DEADLINE)
    assert f'id="n-{encode_id(max(ids))}"' in frame
    assert f'id="n-{encode_id(min(ids))}"' not in frame, "older ones are loaded on request"
    assert f'id="cursor" value="{await store.last_rev(user_id)}"' in frame


async def storm(store: Store, world: World, user_id: str) -> None:
    while True:
        await store_many(store, user_id, 200)
        world.services.hub.publish(user_id, Event("notification"))


async def test_a_log_out_closes_pages_in_the_middle_of_a_storm(world: World) -> None:
    store = world.services.store
    async with world.logged_in() as ada, world.logged_in() as again:
        (user_id,) = await store.user_ids()
        async with ada.live() as mine, again.live():
            coming = asyncio.create_task(storm(store, world, user_id))
            try:
                for _ in range(3):
                    await mine.receive_str(timeout=DEADLINE)
                headers = {"Origin": world.base}
                async with ada.request("POST", "/logout", headers=headers, allow_redirects=False):
                    pass
                async with asyncio.timeout(DEADLINE):
                    while (await mine.receive()).type is WSMsgType.TEXT:
                        pass
                assert mine.close_code == 4401
            finally:
                coming.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await coming


async def test_a_cursor_beyond_all_numbers_is_refused(world: World) -> None:
    async with world.logged_in() as ada:
        headers = {"Origin": world.base, "Upgrade": "websocket", "Connection": "Upgrade"}
        path = "/live?cursor=9999999999999999999"
        async with ada.request("GET", path, headers=headers) as answer:
            assert answer.status == 400


async def test_what_was_not_there_is_not_remembered_as_deleted(world: World) -> None:
    async with world.logged_in() as ada:
        (user_id,) = await world.services.store.user_ids()
        ids = [encode_id(number) for number in range(1, 50)]
        headers = {"Origin": world.base}
        answer = await ada.json("POST", "/notifications/delete", json={"ids": ids}, headers=headers)
        assert answer == {"deleted": 0}
        assert await world.services.store.deleted_since(user_id, 0) == (0, [])


async def frame_with(socket: Any, text: str) -> str:
    async with asyncio.timeout(DEADLINE):
        while text not in (frame := await socket.receive_str()):
            pass
    found: str = frame
    return found


async def test_a_page_says_that_the_grant_died_and_is_closed(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        async with ada.live() as socket:
            world.sandbox.revoke_grants()
            await world.fire("job.created")
            assert "Log in again" in await frame_with(socket, "login has expired")
            while (message := await socket.receive(timeout=DEADLINE)).type is WSMsgType.TEXT:
                pass
            assert message.data == 4401


async def test_a_page_that_ends_in_the_past_gets_nothing_newer(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        page = await ada.page("/notifications?before=2020-01-01T00:00Z")
        assert "/live?before=2020-01-01T00%3A00Z&amp;cursor=" in page
        async with ada.live("?before=2020-01-01T00:00Z") as past, ada.live() as now:
            await world.notify(hook, event_name="new")
            await frame_with(now, "new")
            with pytest.raises(TimeoutError):
                await past.receive_str(timeout=0.3)


async def test_what_is_erased_leaves_a_page_that_was_filtered_by_its_text(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("candidate.created"))["hookId"]
        link = f"<{world.settings.api_url}/candidates/cand-4711>; rel=self"
        body = b'{"candidate": {"id": "cand-4711"}}'
        await world.notify(hook, body, event_name="candidate.created", event_id="1", link=link)
        (n,) = await ada.notifications()
        target = f"?link={n['link']}"
        async with ada.live("?q=cand-4711") as by_text, ada.live(target) as by_link:
            await ada.json(
                "POST", "/candidates/erase", json={"candidateId": "cand-4711", "confirm": True}
            )
            for socket in (by_text, by_link):
                frame = await frame_with(socket, f'id="n-{n["id"]}"')
                assert 'hx-swap-oob="delete"' in frame


async def shows(page: Page, count: int) -> None:
    """Go on when so many rows have come, and nothing else comes."""

    async def all_there() -> bool:
        while await page.read(0.1):
            pass
        return len(page.rows) == count

    await eventually(all_there)


async def test_what_changed_while_a_page_was_away_comes_whole_however_much_it_is(
    world: World,
) -> None:
    """More than one read: each notification changed after all of them had come."""
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        page = Page(ada)
        await page.load()
        for _ in range(2):  # the second time they are deliveries of the same
            sent = [
                world.notify(hook, event_name="job.created", event_id=f"{n}") for n in range(70)
            ]
            assert set(await asyncio.gather(*sent)) == {202}
        await page.connect()

        await shows(page, 70)
        assert page.complaints == []


async def test_a_page_that_is_cut_off_between_two_reads_misses_nothing(world: World) -> None:
    """What came first changed last: the second read has it, and the page never had it."""
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        page = Page(ada)
        await page.load()
        for number in (*range(70), *range(5)):
            await world.notify(hook, event_name="job.created", event_id=f"{number}")
        await page.connect()
        while len(page.rows) < 50:
            assert await page.read(5)
        assert (len(page.rows), page.frames) == (50, 1)
        assert page.whole == "0"
        page.drop()
        await page.connect()

        await shows(page, 70)
        assert (page.complaints, page.whole) == ([], "")
        await world.notify(hook, event_name="job.created", event_id="7")  # not new any more
        await page.read(5)
        assert page.complaints == []


async def test_where_the_second_read_shows_nothing_the_page_is_whole_again(world: World) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        page = Page(ada, "&event=job.created")
        await page.load()
        for number in range(70):
            name = "job.created" if number < 20 else "job.updated"
            await world.notify(hook, event_name=name, event_id=f"{number}")
        await page.connect()

        async def told() -> bool:
            return not await page.read(0.1) and page.frames == 2

        await eventually(told)
        assert (len(page.rows), page.whole) == (20, "")
