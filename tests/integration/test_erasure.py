"""What has to go is gone: from pages, from the search, from the files, and also after a crash."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import WHOLE_ACCOUNT, Hook, NewNotification
from srhooks.intake.hook_cache import new_hook_id
from srhooks.privacy.candidate_erasure import Eraser
from srhooks.protocol.signature import SIGNATURE_HEADER, sign
from srhooks.web.state.app_keys import SERVICES
from yarl import URL

from tests.support.harness import Browser, World, application, eventually
from tests.support.harness import world as start_world

GRACE_HOPPER = "2b1c7e7a-candidate-of-the-test"
SAID = "Grace Murray Hopper, 1906"


def files_of(folder: Path) -> bytes:
    """The database with its log, as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("srhooks.db*")))


async def hook_of(world: World) -> str:
    """A hook without a key of the one user there is."""
    (user_id,) = await world.services.store.user_ids()
    hook = Hook(new_hook_id(), user_id, None, None, 1)
    await world.services.store.add_hook(hook)
    return hook.id


async def carry_everywhere(world: World, ada: Browser) -> set[str]:
    """The candidate in each place, and two notifications that do not; the ids of the former."""
    hook = await hook_of(world)
    entity = {"id": "a1", "candidate": {"id": GRACE_HOPPER, "firstName": SAID}}
    world.sandbox.add_fault("^/applications/a1$", status=200, body=entity)
    world.sandbox.add_fault(f"^/candidates/{GRACE_HOPPER}$", status=200, body={"firstName": SAID})
    world.sandbox.add_fault("^/jobs/j1$", times=1, status=200, body={"x": {"id": GRACE_HOPPER}})
    world.sandbox.add_fault("^/jobs/j1$", status=200, body={"x": "nobody"})
    post = world.notify
    await post(hook, b'{"id": "%s", "n": "%s"}' % (GRACE_HOPPER.encode(), SAID.encode()))
    await post(hook, b'{"id": 1}', event_name="by.link", link=f"</candidates/{GRACE_HOPPER}>")
    await post(hook, b'{"id": 2}', event_name="by.entity", link="</applications/a1>")
    await post(hook, f"not JSON {GRACE_HOPPER}; {SAID}".encode(), event_name="raw")
    await post(hook, b'{"id": "\\u0032b1c7e7a-candidate-of-the-test"}', event_name="escaped")
    await post(hook, b'{"job": 1}', event_name="job.updated", link="</jobs/j1>")
    await settled(ada, 6)
    await post(hook, b'{"job": 2}', event_name="job.changes", link="</jobs/j1>")
    await post(hook, b'{"id": "%s-not"}' % GRACE_HOPPER.encode()[:-1], event_name="other.kept")
    await post(hook, b'{"id": "someone else"}', event_name="kept")
    found = await settled(ada, 9)
    # The last fetch of the job says what changed: the candidate is in no entity of it any more.
    return {n["id"] for n in found if not str(n["eventName"]).endswith("kept")}


async def settled(ada: Browser, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        found = await ada.notifications()
        done = [n for n in found if n["entity"]["status"] != "pending"]
        return found if len(done) == count else []

    return await eventually(look)


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """With what the server ends it; what is pushed before does not matter."""
    async with asyncio.timeout(5):
        async for _ in socket:
            pass
    return socket.close_code


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    async with world.logged_in() as browser:
        yield browser


async def test_a_candidate_is_erased_from_every_place(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    carrying = await carry_everywhere(world, ada)
    while await world.services.store.index_some(100):
        pass
    assert SAID.encode() in files_of(tmp_path)
    async with ada.live() as socket:
        answer = await ada.json("POST", "/candidates/erase", json={"candidateId": GRACE_HOPPER})
        assert answer == {"candidateId": GRACE_HOPPER, "erased": len(carrying)}
        frame = await asyncio.wait_for(socket.receive_str(), 5)
        assert any(number in frame for number in carrying)
        assert SAID not in frame
    found = {n["id"]: n for n in await ada.notifications()}
    for number in carrying:
        left = found[number]
        assert (left["body"], left["link"], left["headers"]) == ("", None, {})
        assert (left["entity"]["status"], left["entity"]["data"]) == ("none", None)
        assert "Erased" in await ada.page(f"/notifications/{number}")
    assert {n["body"]["id"] for n in found.values() if n["body"]} >= {"someone else"}
    assert len([n for n in found.values() if n["body"]]) == 2
    for needle in (GRACE_HOPPER, SAID):
        assert (
            await ada.notifications(f"?q={URL.build(query={'q': needle}).raw_query_string[2:]}")
            == []
        )
    for page in ("/notifications", "/overview", "/account"):
        assert SAID not in await ada.page(page)

    async def gone() -> bool:
        raw = files_of(tmp_path)
        return SAID.encode() not in raw and SAID.casefold().encode() not in raw

    await eventually(gone)


async def test_only_a_deliberate_request_from_a_page_erases(world: World, ada: Browser) -> None:
    await carry_everywhere(world, ada)
    csrf = await ada.csrf()
    form = {"candidateId": GRACE_HOPPER}
    html = {"Accept": "text/html"}
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        assert answer.status == 403
    form["csrf"] = csrf
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        question = await answer.text()
        assert answer.status == 200
    assert GRACE_HOPPER in question
    assert "confirm" in question
    assert f"7 notifications carry the id {GRACE_HOPPER}:" in question
    assert len(await ada.notifications(f"?q={GRACE_HOPPER}")) > 0
    form["confirm"] = "yes"
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
        assert '<p class="note good" role="status">Erased: 7 notifications' in page
    assert await ada.notifications(f"?q={GRACE_HOPPER}") == []
    for wrong in ("", " ", "x" * 201, "a\nb"):
        await ada.json("POST", "/candidates/erase", json={"candidateId": wrong}, status=400)
    async with world.nobody() as nobody:
        await nobody.json("POST", "/candidates/erase", json={"candidateId": "1"}, status=401)


async def test_the_account_tells_since_when_as_a_date(ada: Browser) -> None:
    page = await ada.page("/account")
    assert re.search(r"Here since</dt><dd>\d{1,2} [A-Z][a-z]{2} \d{4}</dd>", page)


async def test_one_is_not_asked_about_a_candidate_whom_nothing_carries(
    world: World, ada: Browser
) -> None:
    hook = await hook_of(world)
    await world.notify(hook, b'{"id": "someone else"}')
    form = {"candidateId": GRACE_HOPPER, "csrf": await ada.csrf()}
    html = {"Accept": "text/html"}
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
    assert '<a href="/account" aria-current="page">' in page
    assert f"Nothing was erased: nothing received so far carries the id {GRACE_HOPPER}." in page
    assert await world.services.store.erasures() == []
    services = world.services
    (user_id,) = await services.store.user_ids()
    hasty = Eraser(services.store, services.hub, look_time=0)
    assert await hasty.carrying(user_id, GRACE_HOPPER) == (0, False)
    # What is still to be fetched may carry the candidate.
    world.sandbox.add_fault("^/jobs/j1$", status=503)
    await world.notify(hook, b'{"job": 1}', event_name="job.updated", link="</jobs/j1>")
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
    assert f"Whatever carries the id {GRACE_HOPPER}:" in page
    await world.notify(hook, b'{"id": "%s"}' % GRACE_HOPPER.encode())
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
    assert f"At least 1 notification carries the id {GRACE_HOPPER}:" in page


async def test_what_is_fetched_or_arrives_while_erasing_goes_too(
    world: World, ada: Browser
) -> None:
    hook = await hook_of(world)
    entity = {"candidate": {"id": GRACE_HOPPER, "firstName": SAID}}
    world.sandbox.add_fault("^/applications/a1$", status=200, body=entity, delay=1.0)
    await world.notify(hook, b'{"id": 1}', event_name="slow", link="</applications/a1>")
    assert (await ada.notifications())[0]["entity"]["status"] == "pending"
    await ada.json("POST", "/candidates/erase", json={"candidateId": GRACE_HOPPER})
    await world.notify(hook, b'{"id": "%s"}' % GRACE_HOPPER.encode(), event_name="late")
    await settled(ada, 2)
    world.services.eraser.wake()

    async def gone() -> bool:
        world.services.eraser.wake()
        found = await ada.notifications()
        return all((n["body"], n["entity"]["data"]) == ("", None) for n in found)

    await eventually(gone)


@pytest.mark.parametrize(
    ("signed", "keyed", "setting", "erased"),
    [
        ("right", True, True, True),
        ("right", True, False, False),
        ("wrong", True, True, False),
        ("not", True, True, False),
        ("not", False, True, True),
        ("wrong", False, True, False),
    ],
)
async def test_candidate_deleted_erases_when_it_can_be_trusted(
    tmp_path: Path, signed: str, keyed: bool, setting: bool, erased: bool
) -> None:
    async with (
        start_world(tmp_path, erase_deleted_candidates=setting) as world,
        world.logged_in() as ada,
    ):
        if keyed:
            created = await ada.subscribe("candidate.deleted")
            hook = created["hookId"]
            entry = await world.services.hooks.get(hook)
            assert entry is not None
            key = entry.live_keys()[0]
        else:
            hook, key = await hook_of(world), "no key"
        other = await hook_of(world)
        await world.notify(other, b'{"candidate_id": "%s"}' % GRACE_HOPPER.encode())
        body = b'{"id": "%s"}' % GRACE_HOPPER.encode()
        headers = {"event-id": "d1", "event-name": "candidate.deleted"}
        if signed != "not":
            made = sign(key if signed == "right" else "another", headers, body)
            headers[SIGNATURE_HEADER] = made
        assert await world.notify(hook, body, **headers) == 202
        if erased:

            async def gone() -> bool:
                return await ada.notifications(f"?q={GRACE_HOPPER}") == []

            await eventually(gone)
            names = [n["eventName"] for n in await ada.notifications()]
            assert names == ["candidate.deleted", None]
        else:
            assert await world.services.store.erasures() == []
            assert len(await ada.notifications(f"?q={GRACE_HOPPER}")) == 2


async def test_a_crash_between_the_note_and_the_erasing_loses_nothing(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    await carry_everywhere(world, ada)
    (user_id,) = await world.services.store.user_ids()
    # As a process that died right after the commit leaves it: the note is there, nothing is done.
    await world.services.store.add_erasure(user_id, GRACE_HOPPER, now_ms())
    port = URL(world.settings.api_url).port
    assert port is not None
    async with application(tmp_path, port) as (app, _):

        async def gone() -> bool:
            found = await app[SERVICES].store.last_rev(user_id)
            return found > 0 and await ada.notifications(f"?q={GRACE_HOPPER}") == []

        await eventually(gone)


async def test_deleting_the_account_takes_everything_and_everybody_out(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    created = await ada.subscribe("job.created")
    await carry_everywhere(world, ada)
    async with (
        world.logged_in("Grace") as grace,
        world.logged_in() as second,
        second.live() as socket,
    ):
        hers = await grace.subscribe("job.created")
        await world.notify(hers["hookId"], b'{"id": "hers"}')
        await ada.json("POST", "/account/delete", json={}, status=400)
        form = {"csrf": await ada.csrf()}
        html = {"Accept": "text/html"}
        async with ada.request("POST", "/account/delete", data=form, headers=html) as answer:
            question = await answer.text()
        assert "Delete your account?" in question
        assert "Your subscription is deleted at SmartRecruiters." in question
        assert "What is kept here is deleted: 9 notifications, the signing keys" in question
        form["confirm"] = "yes"
        async with ada.request("POST", "/account/delete", data=form, headers=html) as answer:
            page = await answer.text()
        assert '<p class="note good" role="status">Your account and everything in it' in page
        assert await close_code(socket) == 4401
        for browser in (ada, second):
            await browser.json("GET", "/notifications", status=401)
        assert created["id"] not in world.sandbox.subscriptions.by_id
        assert await world.notify(created["hookId"]) == 404
        assert len(await grace.notifications()) == 1
        assert await world.notify(hers["hookId"]) == 202

        async def gone() -> bool:
            raw = files_of(tmp_path)
            return not any(word.encode() in raw for word in (SAID, GRACE_HOPPER, "ada@"))

        await eventually(gone)
        with sqlite3.connect(tmp_path / "srhooks.db") as database:
            assert database.execute("SELECT count(*) FROM users").fetchone() == (1,)
            assert database.execute("SELECT count(*) FROM hooks").fetchone() == (1,)
        async with world.logged_in() as again:
            assert await again.notifications() == []


async def test_an_account_can_be_deleted_when_the_service_does_not_answer(
    world: World, ada: Browser
) -> None:
    created = await ada.subscribe("job.created")
    world.sandbox.add_fault("/subscriptions", status=503)
    answer = await ada.json("POST", "/account/delete", json={"confirm": True})
    assert answer == {"deleted": True, "subscriptionsLeft": [created["id"]]}
    await ada.json("GET", "/account", status=401)
    world.sandbox.clear_faults()
    async with world.logged_in() as again:  # the grant that is dead afterwards
        (user_id,) = await world.services.store.user_ids()
        tokens = await world.services.store.tokens(user_id)
        assert tokens is not None
        await world.services.store.mark_grant_dead(user_id, tokens.access)
        await again.json("GET", "/notifications", status=401)
        await again.json("POST", "/account/delete", json={"confirm": True})
        assert await world.services.store.user_ids() == []


async def test_a_request_that_was_under_way_leaves_nothing_of_a_deleted_account(
    world: World, ada: Browser
) -> None:
    services = world.services
    entry = await services.hooks.get(await hook_of(world))
    assert entry is not None
    (user_id,) = await services.store.user_ids()
    await ada.json("POST", "/account/delete", json={"confirm": True})
    await services.intake.receive(entry, {}, b"late")
    assert [note.candidate_id for note in await services.store.erasures()] == [WHOLE_ACCOUNT]
    # As the running one does after a minute.
    later = asyncio.create_task(Eraser(services.store, services.hub, grace=0).run())

    async def gone() -> bool:
        empty = await services.store.last_rev(user_id) == 0
        return empty and await services.store.erasures() == []

    await eventually(gone)
    later.cancel()
    await asyncio.gather(later, return_exceptions=True)


async def test_retention_leaves_nothing_in_rows_search_and_files(tmp_path: Path) -> None:
    needle = b"Old Applicant 4711"
    async with start_world(tmp_path) as world, world.logged_in() as ada:
        hook = await hook_of(world)
        (user_id,) = await world.services.store.user_ids()
        long_ago = first_id_at(now_ms() - 31 * 86_400_000)
        for number in range(3):
            for _ in range(2):
                await world.services.store.add_notification(
                    NewNotification(
                        id=long_ago + number, user_id=user_id, hook_id=hook, subscription_id=None,
                        event_id=f"e{number}", event_name="job.created", event_version=None,
                        link=None, headers="{}", body=b'{"name": "%s"}' % needle, signature="valid",
                        sent_at=None, entity_status="none",
                    )
                )  # fmt: skip
        await world.notify(hook, b"young")
        while await world.services.store.index_some(100):
            pass
        assert len(await ada.notifications()) == 4
        assert needle in files_of(tmp_path)
        port = URL(world.settings.api_url).port
        assert port is not None
        async with application(tmp_path, port):  # retention looks at once

            async def gone() -> bool:
                raw = files_of(tmp_path)
                return needle not in raw and needle.lower() not in raw

            await eventually(gone)
        assert [n["body"] for n in await ada.notifications()] == ["young"]
        assert await ada.notifications("?q=applicant") == []
        with sqlite3.connect(tmp_path / "srhooks.db") as database:
            for table, count in (("notifications", 1), ("deliveries", 0), ("search", 1)):
                found = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
                assert found == (count,), table


async def test_the_search_index_keeps_no_trace_once_it_is_scrubbed(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    """Deletes leave the old segments of the index as they are: only merging ends them."""
    hook = await hook_of(world)
    for number in range(40):
        await world.notify(hook, b'{"id": "%s", "n": %d}' % (GRACE_HOPPER.encode(), number))
        await world.services.store.index_some(1)
    await ada.json("POST", "/candidates/erase", json={"candidateId": GRACE_HOPPER})
    while await world.services.store.index_some(100):
        pass
    await eventually(lambda: world.services.store.scrub(index=True))  # beside the upkeep's own
    with sqlite3.connect(tmp_path / "srhooks.db") as database:
        segments = database.execute("SELECT count(DISTINCT segid) FROM search_idx").fetchone()
        blocks = database.execute("SELECT block FROM search_data").fetchall()
    assert segments <= (1,)
    assert not any(b"b1c" in block for (block,) in blocks)
