"""A candidate is erased from every place, and also after a crash."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from srhooks.domain.clock import now_ms
from srhooks.protocol.signature import SIGNATURE_HEADER, sign
from srhooks.server.heavy_work import VERY_LARGE, run_in_background
from srhooks.web.state.app_keys import STORE
from yarl import URL

from tests.support.erasing import (
    GRACE_HOPPER,
    SAID,
    carry_everywhere,
    files_of,
    hook_of,
    settled,
)
from tests.support.harness import DEADLINE, Browser, World, application, eventually
from tests.support.harness import world as start_world
from tests.support.loop_watch import calls_here

GONE = {"candidateId": GRACE_HOPPER, "confirm": True}


async def test_a_candidate_is_erased_from_every_place(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    carrying = await carry_everywhere(world, ada)
    while await world.services.store.index_some(100):
        pass
    assert SAID.encode() in files_of(tmp_path)
    async with ada.live() as socket:
        answer = await ada.json("POST", "/candidates/erase", json=GONE)
        assert answer == {"erased": len(carrying)}
        async with asyncio.timeout(DEADLINE):  # what was on its way before may come first
            while "Erased" not in (frame := await socket.receive_str()):
                pass
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


@pytest.mark.parametrize("confirm", ["yes", "true", "false", 1, [True], {}, None, False])
async def test_a_program_confirms_with_true_alone_what_cannot_be_undone(
    world: World, ada: Browser, confirm: object
) -> None:
    await carry_everywhere(world, ada)
    before = await ada.notifications()
    for path in ("/candidates/erase", "/account/delete"):
        asked = {"candidateId": GRACE_HOPPER, "confirm": confirm}
        answer = await ada.json("POST", path, json=asked, status=400)
        assert "true" in answer["error"]["message"]
    assert await ada.notifications() == before


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
    assert f"7 notifications about {SAID} ({GRACE_HOPPER}):" in question
    assert 'data-family="candidate"><bdi>candidate.created</bdi></span></td>' in question
    assert len(await ada.notifications(f"?q={GRACE_HOPPER}")) > 0
    form["confirm"] = "yes"
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
        assert '<p class="note good" role="status">Erased: 7 notifications' in page
    assert await ada.notifications(f"?q={GRACE_HOPPER}") == []
    form.pop("confirm")
    notes = await world.services.store.erasures()
    async with ada.request("POST", "/candidates/erase", data=form, headers=html) as answer:
        page = await answer.text()
        assert answer.status == 404
    assert f"nothing stored is about the candidate {GRACE_HOPPER}" in page
    assert [note.at for note in await world.services.store.erasures()] == [notes[0].at]
    async with world.nobody() as nobody:
        await nobody.json("POST", "/candidates/erase", json={"candidateId": "1"}, status=401)


async def test_what_is_fetched_while_erasing_goes_too(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    entity = {"candidate": {"id": GRACE_HOPPER, "firstName": SAID}}
    world.sandbox.add_fault("^/applications/a1$", status=200, body=entity, delay=1.0)
    await world.notify(hook, b'{"candidate_id": "%s"}' % GRACE_HOPPER.encode(), event_name="known")
    await world.notify(hook, b'{"id": 1}', event_name="slow", link="</applications/a1>")
    assert (await ada.notifications())[0]["entity"]["status"] == "pending"
    await ada.json("POST", "/candidates/erase", json=GONE)
    await settled(ada, 2)

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


async def test_a_large_deletion_is_read_beside_the_event_loop(tmp_path: Path) -> None:
    """Whoever knows the address of a hook without a key may send one."""
    async with (
        start_world(tmp_path, erase_deleted_candidates=True) as world,
        world.logged_in(),
    ):
        hook = await hook_of(world)
        body = b'{"id": "%s", "x": [%s1]}' % (GRACE_HOPPER.encode(), b"1," * VERY_LARGE)
        ended = threading.Event()
        slow = asyncio.create_task(run_in_background(ended.wait, 20))
        with calls_here() as here:
            assert await world.notify(hook, body, event_name="candidate.deleted") == 202
        assert not slow.done(), "it waited for what takes seconds"
        ended.set()
        await slow
        assert "receive" in here
        assert "parse_body" not in here
        assert len(await world.services.store.erasures()) == 1


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
            found = await app[STORE].last_rev(user_id)
            return found > 0 and await ada.notifications(f"?q={GRACE_HOPPER}") == []

        await eventually(gone)


async def test_the_search_index_keeps_no_trace_once_it_is_scrubbed(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    """Deletes leave the old segments of the index as they are: only merging ends them."""
    hook = await hook_of(world)
    for number in range(40):
        await world.notify(
            hook, b'{"candidateId": "%s", "n": %d}' % (GRACE_HOPPER.encode(), number)
        )
        await world.services.store.index_some(1)
    await ada.json("POST", "/candidates/erase", json=GONE)
    while await world.services.store.index_some(100):
        pass
    await eventually(lambda: world.services.store.scrub(index=True))  # beside the upkeep's own
    with sqlite3.connect(tmp_path / "srhooks.db") as database:
        segments = database.execute("SELECT count(DISTINCT segid) FROM search_idx").fetchone()
        blocks = database.execute("SELECT block FROM search_data").fetchall()
    assert segments <= (1,)
    assert not any(b"b1c" in block for (block,) in blocks)
