"""Two processes on one PostgreSQL database behave as one, whichever of them a request reaches."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType
from srhooks.accounts.guess_limit import PER_ADDRESS, TooManyTriesError
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at
from srhooks.protocol.notification_headers import notification_headers
from srhooks.subscriptions.status_watcher import StatusWatch
from srhooks.web.pages.log_in import GUESSES

from tests.support.fleet import Processes, processes
from tests.support.harness import DEADLINE, eventually
from tests.support.stored import notification


@pytest.fixture
async def two(tmp_path: Path, postgres_url: str) -> AsyncIterator[Processes]:
    async with processes(tmp_path, postgres_url) as running:
        yield running


async def frame_with(socket: Any, text: str) -> str:
    async with asyncio.timeout(DEADLINE):
        while text not in (frame := await socket.receive_str()):
            """Frames about other things."""
    found: str = frame
    return found


async def closed(socket: Any) -> int:
    async with asyncio.timeout(DEADLINE):
        while (await socket.receive()).type is WSMsgType.TEXT:
            """What it was sent before."""
    code: int = socket.close_code
    return code


async def user_of(two: Processes) -> str:
    (user_id,) = await two.worlds[0].services.store.user_ids()
    return user_id


async def notify(two: Processes, number: int, hook: str, key: str | None, event_id: str) -> str:
    """Deliver a notification to a process; the verdict that is shown."""
    body = json.dumps({"id": event_id}).encode()
    headers = notification_headers(
        body, event="job.created", version="v201910", event_id=event_id, timestamp="1790000000",
        key=key,
    )  # fmt: skip
    world = two.worlds[number]
    async with world.nobody() as browser:
        base = f"http://127.0.0.1:{world.settings.port}"
        sending = browser.session.post(f"{base}/hooks/{hook}", data=body, headers=headers)
        async with sending as answer:
            assert answer.status == 202
    rows = await world.services.store.notifications(await user_of(two), Filter(), 50)
    return next(n.signature for n in rows if n.event_id == event_id)


async def test_pages_live_over_both(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        there = two.at(here, 1)
        hook = (await here.subscribe("job.created"))["hookId"]
        async with here.live() as mine, there.live() as other:
            await two.hear(await user_of(two))
            await notify(two, 0, hook, None, "first")
            first = await frame_with(other, "job.created")
            await frame_with(mine, "job.created")
            await notify(two, 1, hook, None, "second")
            await frame_with(mine, "job.created")
            ids = [one["id"] for one in await there.notifications()]
            assert ids[-1] in first
            answer = await there.json("POST", "/notifications/delete", json={"ids": ids[-1:]})
            assert answer == {"deleted": 1}
            await frame_with(mine, ids[-1])  # it is taken off the page
        # And off one that was away meanwhile, wherever it comes back.
        async with here.live("?cursor=1") as back:
            await frame_with(back, ids[-1])


async def test_a_session_that_ends_at_one_closes_what_is_open_at_the_other(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        await here.subscribe("job.created")
        there = two.at(here, 1)
        async with there.live() as socket:
            await two.hear(await user_of(two))
            form = {"csrf": await here.csrf()}
            headers = {"Origin": here.origin}
            async with here.request("POST", "/logout", data=form, headers=headers) as answer:
                assert answer.status == 303
            assert await closed(socket) == 4401
        await there.json("GET", "/notifications", status=401)


async def test_a_key_rotated_at_one_verifies_at_the_other_at_once(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        created = await here.subscribe("job.created")
        hook, subscription = created["hookId"], created["id"]
        for number in (0, 1):  # both know the hook and its key
            await notify(two, number, hook, None, f"warm {number}")
        user_id = await user_of(two)
        hub = two.worlds[0].services.hub
        for number, told in enumerate([True, False]):
            if not told:  # as if the message were lost
                await hub.close()
            key = await two.worlds[0].services.subscriptions.rotate_key(user_id, subscription)
            assert await notify(two, 1, hook, key, f"rotated {number}") == "valid"


async def test_a_hook_changed_at_one_is_read_again_at_the_other(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        created = await here.subscribe("job.created")
        hooks = two.worlds[1].services.hooks
        entry = await hooks.get(created["hookId"])
        assert entry is not None
        assert entry.hook.deleted_at is None
        await here.json("DELETE", f"/subscriptions/{created['id']}", status=204)

        async def is_known() -> bool:
            again = await hooks.get(created["hookId"])
            return again is entry and again.hook.deleted_at is not None

        await eventually(is_known)


async def test_a_closed_account_is_closed_at_the_other(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        created = await here.subscribe("job.created")
        hooks = two.worlds[1].services.hooks
        assert await hooks.get(created["hookId"]) is not None
        await two.worlds[0].services.account_deletion.run(await user_of(two))

        async def is_gone() -> bool:
            return await hooks.get(created["hookId"]) is None

        await eventually(is_gone)


async def test_a_handshake_may_reach_another_process_than_the_one_that_asks(
    two: Processes,
) -> None:
    """The service calls the first; a person activates, and looks, at the second."""
    async with two.worlds[0].logged_in() as here:
        there = two.at(here, 1)
        created = await there.subscribe("job.created", active=False)
        path = f"/subscriptions/{created['id']}"
        await there.json("POST", f"{path}/activation", status=204)
        for browser in (there, here):
            page = await browser.page(path)
            assert page.count("Handshake received from") == 1  # the check of the address is none
            assert page.index("was asked to activate") < page.index("Handshake received from")
            assert page.index("Handshake received from") < page.index("activated it")
        user_id, subscription = await user_of(two), created["id"]
        first, second = (world.services.activations for world in two.worlds)
        steps = await second.of(user_id, subscription)
        assert [step.elapsed is not None for step in steps] == [False, True, True, True]
        for arrives in (True, False):  # whose fault it is, where the service then refuses
            second.begin(user_id, subscription)
            await second.asked(user_id, subscription)
            if arrives:
                await first.handshake(user_id, subscription, "192.0.2.1")
            assert await second.finish(user_id, subscription) == arrives


async def test_what_a_form_says_is_shown_by_whoever_answers_next(two: Processes) -> None:
    async with two.worlds[0].logged_in() as here:
        there = two.at(here, 1)
        form = {"csrf": await here.csrf(), "name": "laptop"}
        headers = {"Origin": here.origin, "Accept": "text/html"}
        async with here.request("POST", "/terminal/tokens", data=form, headers=headers) as answer:
            assert answer.status == 303
        page = await there.page("/terminal")
        assert "laptop" in page
        token = page.split("SRHOOKS_TOKEN=")[1].split()[0].strip("'\"")
        assert token not in await here.page("/terminal")  # once
        connection = two.worlds[0].services.store
        assert await connection._read("SELECT * FROM flashes") == []  # type: ignore[attr-defined]


async def test_what_is_deleted_at_one_is_not_counted_at_the_other(two: Processes) -> None:
    async with two.worlds[0].logged_in():
        first, second = (world.services.store for world in two.worlds)
        user_id = await user_of(two)
        old = first_id_at(now_ms() - 24 * 3_600_000)
        new = notification(first, id=old + 1, user_id=user_id)
        stored = await first.add_notification(new)
        since = first_id_at(now_ms() - 48 * 3_600_000)
        assert await second.counts_by_event(user_id, since) == {"job.created": 1}
        await first.delete_notifications(user_id, [stored.id])
        assert await second.counts_by_event(user_id, since) == {}


async def test_guesses_at_one_count_at_the_other(tmp_path: Path, postgres_url: str) -> None:
    async with processes(tmp_path, postgres_url, login_methods=("api-key",)) as two:
        first, second = (world.app[GUESSES] for world in two.worlds)
        for _ in range(PER_ADDRESS):
            async with first.attempt("192.0.2.1") as attempt:
                attempt.refused = True

        async def is_slowed_down() -> bool:
            try:
                async with second.attempt("192.0.2.1"):
                    return False
            except TooManyTriesError:
                return True

        await eventually(is_slowed_down)


async def test_a_look_at_the_subscriptions_counts_for_all_processes(two: Processes) -> None:
    """So they are asked for once a minute, however many processes have a page of the account."""
    loop = asyncio.get_running_loop()
    async with two.worlds[0].logged_in() as ada:
        await ada.subscribe("job.created")
        user_id = await user_of(two)
        here, there = (world.services for world in two.worlds)
        with there.watch.attended(user_id):
            watched = there.watch._users[user_id]
            began = loop.time()
            here.watch.observe(user_id, await here.subscriptions.all(user_id))

            async def heard_of() -> bool:
                return watched.looked_at >= began

            await eventually(heard_of)
        # One that has just started goes by what is stored.
        at = now_ms() - 20_000
        await here.store.record_look(user_id, at, at + 300_000, 0)
        fresh = StatusWatch(there.subscriptions, there.hub, there.store.last_look)
        with fresh.attended(user_id):

            async def recalled() -> bool:
                ago = loop.time() - fresh._users[user_id].looked_at
                return 19.0 < ago < (now_ms() - at) / 1000 + 1.0

            await eventually(recalled)
