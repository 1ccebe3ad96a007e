"""The short way of notifications: which take it, and that the outcome does not tell."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage
from srhooks.lane import LANE, Taken
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from srhooks.store import group_commit

from tests.support.harness import World, eventually
from tests.support.harness import world as started

LIMIT = 10_000  # bytes of a body
BODY = b'{"job_id": "1"}'


class Watched:
    """The application's lane, and what it takes."""

    def __init__(self) -> None:
        self.took: list[bool] = []

    def prepare(self, app: web.Application) -> None:
        app.on_startup.append(self.watch)

    async def watch(self, app: web.Application) -> None:
        lane = app[LANE]

        def take(message: RawRequestMessage, content: StreamReader) -> Taken | None:
            taken = lane(message, content)
            self.took.append(taken is not None)
            return taken

        app[LANE] = take


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
async def door(tmp_path: Path, watched: Watched) -> AsyncIterator[World]:
    async with started(tmp_path, max_body_bytes=LIMIT, prepare=watched.prepare) as world:
        yield world


async def send(world: World, *pieces: bytes) -> bytes:
    """The head of the answer and what follows it, without the date."""
    reader, line = await asyncio.open_connection("127.0.0.1", world.settings.port)
    for piece in pieces:
        if piece is not pieces[0]:
            await world.services.store.check()  # the server has seen the one before by then
        line.write(piece)
        await line.drain()
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        rest = await reader.readexactly(int(length[1])) if length else b""
    line.close()
    await line.wait_closed()
    return re.sub(rb"(?i)date: [^\r]*\r\n", b"", head) + rest


def head_of(hook: str, lines: dict[str, str], *, length: int | None) -> bytes:
    lines = {"Host": "x"} | ({} if length is None else {"Content-Length": str(length)}) | lines
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /hooks/{hook} HTTP/1.1\r\n{text}\r\n".encode()


async def key_of(world: World, hook: str) -> str:
    entry = await world.services.hooks.get(hook)
    assert entry is not None
    return entry.keys[0].text


def kept(one: dict[str, Any]) -> dict[str, Any]:
    """All of a notification but what differs between any two, of two subscriptions."""
    own = {"id", "receivedAt", "lastDeliveryAt", "hookId", "subscriptionId"}
    rest = {name: value for name, value in one.items() if name not in own}
    return rest | {
        "entity": one["entity"] | {"fetchedAt": None},
        "headers": {
            name: one["headers"][name] for name in one["headers"].keys() - {SIGNATURE_HEADER}
        },
    }


def lines_of(kind: str, key: str, body: bytes, api: str) -> dict[str, str]:
    lines = {"event-id": kind, "event-name": "job.created", "event-version": "v1"}
    if kind == "linked":
        lines["link"] = f"<{api}/jobs/none>; rel=self"
    if kind == "odd":
        lines |= {"event-name": "\u00e9", "link": "<<", "x-odd": '"'}
    if kind != "unsigned":
        lines[TIMESTAMP_HEADER] = "1700000000"
        lines[SIGNATURE_HEADER] = sign("other" if kind == "wrong" else key, lines, body)
    return lines


@pytest.mark.parametrize("kind", ["signed", "wrong", "unsigned", "linked", "odd", "empty", "again"])
async def test_both_ways_lead_to_the_same(door: World, watched: Watched, kind: str) -> None:
    body = b"" if kind == "empty" else BODY
    answers = []
    found = []
    async with door.logged_in() as ada:
        for whole in (True, False):
            created = await ada.subscribe("job.created")
            key = await key_of(door, created["hookId"])
            lines = lines_of(kind, key, body, door.settings.api_url)
            head = head_of(created["hookId"], lines, length=len(body))
            pieces = [head + body] if whole else [head[:-10], head[-10:] + body[:3], body[3:]]
            for _ in range(2 if kind == "again" else 1):
                answers.append(await send(door, *pieces))
                assert watched.took[-1] == (whole or not body)

            async def settled(subscription: str = created["id"]) -> list[dict[str, Any]]:
                listed = await ada.notifications(f"?subscription={subscription}")
                return [one for one in listed if one["entity"]["status"] != "pending"]

            found.append(await eventually(settled))
    assert set(answers) == {answers[0]}
    assert answers[0].startswith(b"HTTP/1.1 202 Accepted\r\n")
    (short,), (long,) = found
    assert kept(short) == kept(long)
    assert short["signature"] == {"wrong": "invalid", "unsigned": "unsigned"}.get(kind, "valid")
    assert short["deliveries"] == (2 if kind == "again" else 1)
    assert short["entity"]["status"] == ("gone" if kind == "linked" else "none")


@pytest.mark.parametrize(
    ("request_line", "lines", "body", "status", "short"),
    [
        ("POST /hooks/HOOK HTTP/1.1", {}, BODY, 202, True),
        ("POST /hooks/HOOK HTTP/1.1", {}, b"", 202, True),
        ("POST /hooks/HOOK HTTP/1.1", {}, b"x" * LIMIT, 202, True),
        ("POST /hooks/HOOK HTTP/1.1", {"content-encoding": "gzip"}, BODY, 202, True),
        ("POST /hooks/HOOK HTTP/1.1", {"x-hook-secret": "s"}, b"", 200, False),
        ("POST /hooks/HOOK HTTP/1.1", {"connection": "close"}, BODY, 202, False),
        ("POST /hooks/HOOK HTTP/1.0", {}, BODY, 202, False),
        ("POST /hooks/HOOK HTTP/1.1", {"expect": "100-continue"}, BODY, 100, False),
        ("POST /hooks/HOOK HTTP/1.1", {"transfer-encoding": "chunked"}, b"0\r\n\r\n", 202, False),
        ("POST /hooks/HOOK HTTP/1.1", {}, b"x" * (LIMIT + 1), 413, False),
        ("POST /hooks/HOOK?x=1 HTTP/1.1", {}, BODY, 202, False),
        ("POST /hooks/HOOKx HTTP/1.1", {}, BODY, 404, False),
        ("GET /hooks/HOOK HTTP/1.1", {}, b"", 405, False),
        ("PUT /hooks/HOOK HTTP/1.1", {}, BODY, 405, False),
        ("POST /HOOK HTTP/1.1", {}, BODY, 404, False),
    ],
)
async def test_plain_ones_take_the_short_way_and_others_the_usual_one(
    door: World, watched: Watched, request_line: str, lines: dict[str, str], body: bytes,
    status: int, *, short: bool,
) -> None:  # fmt: skip
    assert await ask(door, request_line, lines, body) == status
    assert watched.took[-1] is short


async def ask(world: World, request_line: str, lines: dict[str, str], body: bytes) -> int:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        assert await world.services.hooks.get(hook)  # known from now on
    head = head_of(hook, lines, length=None if "transfer-encoding" in lines else len(body))
    head = request_line.replace("HOOK", hook).encode() + head[head.index(b"\r\n") :]
    return int((await send(world, head + body))[9:12])


async def test_a_full_queue_is_told_as_ever(door: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with door.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        monkeypatch.setattr(group_commit, "MAX_WAITING", 0)
        got = await send(door, head_of(hook, {}, length=len(BODY)) + BODY)
        monkeypatch.undo()
        assert await ada.notifications() == []
    assert got.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1\r\n" in got
    assert b'{"error":' in got
