"""The one route that anybody may call: abused, it costs little and gives nothing away."""

import asyncio
import gzip
import resource
import sqlite3
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from srhooks.intake.hook_cache import new_hook_id

from tests.support.harness import DEADLINE, Browser, World
from tests.support.harness import world as start_world

MEGABYTE = 1024 * 1024


@dataclass
class Open:
    """A world with a hook, and somebody to look at what came in; on either database."""

    world: World
    ada: Browser
    hook: str

    async def post(self, head: bytes, body: bytes = b"") -> tuple[int, bytes]:
        """Bytes as they are, which no HTTP client would send; status and whole answer."""
        port = self.world.settings.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        start = f"POST /hooks/{self.hook} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        writer.write(start + head + length + body)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
        return int(answer.split(b" ", 2)[1]), answer


@pytest.fixture(params=["sqlite", "postgres"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    url = f"sqlite:///{tmp_path / 'srhooks.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    async with start_world(tmp_path, database_url=url) as world, world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        yield Open(world, ada, created["hookId"])


ODD_HEADERS = {
    "latin-1": b"event-name: caf\xe9\r\n",
    "utf-8": "event-name: h\u00e9llo \U0001f600\r\n".encode(),
    "a surrogate in utf-8": b"event-name: \xed\xa0\x80\r\n",
    "overlong utf-8": b"event-name: \xc0\xaf\r\n",
    "all upper bytes": b"x-odd: " + bytes(range(0x80, 0x100)) + b"\r\n",
    "a tab": b"event-name: a\tb\r\n",
    "empty": b"event-name:\r\nevent-id:\r\nlink:\r\n",
    "a huge timestamp": b"smartrecruiters-timestamp: 99999999999999999999999\r\n",
    "a negative timestamp": b"smartrecruiters-timestamp: -1\r\n",
    "digits that are not ascii": "smartrecruiters-timestamp: \u0661\u0662\r\n".encode(),
    "a signature of nonsense": b"smartrecruiters-signature: v1=;;;v1=\xff;v2=00;=\r\n",
    "a link of nonsense": b'link: <<<<>>>>;;;,,,"\xff\r\n',
    "a long run of spaces": b"link: <" + b" " * 7000 + b"\r\n",
    "many of a name": b"event-name: x\r\n" * 100,
    "a long name": b"x" * 4000 + b": y\r\n",
}
ODD_BODIES = {
    "NUL": b'{"id": "a\x00b"}',
    "NUL, escaped": b'{"id": "a\\u0000b", "\\u0000": 1}',
    "half a surrogate pair": b'{"id": "\\ud800", "\\udfff": "\\ud800\\ud800"}',
    "not utf-8": b"\xff\xfe\x00",
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "nested arrays": b"[" * 100_000,
    "nested and closed": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number without end": b"1" * 200_000,
    "an exponent without end": b"1e" + b"9" * 1000,
    "not a number": b"NaN",
    "a field twice": b'{"id": 1, "id": 2}',
    "a hundred thousand fields": b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
    "backslashes": b'"' + b"\\\\" * 300_000 + b'"',
}


async def test_odd_bytes_are_stored_and_shown(door: Open) -> None:
    for name, head in ODD_HEADERS.items():
        assert (await door.post(head, b"{}"))[0] == 202, name
    for name, body in ODD_BODIES.items():
        assert (await door.post(b"event-name: job.created\r\n", body))[0] == 202, name
    found = await door.ada.notifications("?limit=200")
    assert len(found) == len(ODD_HEADERS) + len(ODD_BODIES)
    await door.ada.page("/notifications")
    for n in found:
        path = f"/notifications/{n['id']}"
        async with door.ada.request("GET", path, headers={"HX-Request": "true"}) as answer:
            assert answer.status == 200
    while await door.world.services.store.index_some(100):
        pass
    assert len(await door.ada.notifications("?limit=200&q=job.created")) == len(ODD_BODIES)


async def test_odd_questions_of_a_feed_are_no_failures(door: Open) -> None:
    await door.post(b"event-name: job.created\r\n", b'{"id": "a\x00b"}')
    for value in ("%00", "a%00b", "%ED%A0%80", "%FF", "%C0%AF", "%F4%90%80%80", "%25", "'%22--"):
        for name in ("q", "event", "subscription", "link"):
            found = await door.ada.json("GET", f"/notifications?{name}={value}")
            assert isinstance(found["notifications"], list)
        for name in ("signature", "status", "after", "before", "limit"):
            await door.ada.json("GET", f"/notifications?{name}={value}", status=400)
        await door.ada.json("GET", f"/notifications/{value}", status=404)
        await door.ada.json("POST", f"/subscriptions/{value}/activation", status=404)


def folded(megabytes: int, *, gzip_too: bool) -> bytes:
    """So many spaces, compressed bit by bit: this process must not hold them either."""
    packer = zlib.compressobj(wbits=31 if gzip_too else 15)
    parts = [packer.compress(b" " * MEGABYTE) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


async def test_a_bomb_stays_folded(door: Open) -> None:
    bomb = folded(200, gzip_too=True)
    assert len(bomb) < MEGABYTE
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for encoding, body in (
        (b"gzip", bomb), (b"deflate", folded(50, gzip_too=False)),
        (b"gzip, gzip", gzip.compress(bomb)), (b"br", bomb), (b"zstd", bomb),
    ):  # fmt: skip
        head = b"Content-Encoding: " + encoding + b"\r\nContent-Type: application/json\r\n"
        assert (await door.post(head, body))[0] == 202
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 * 1024  # kB


async def test_headers_and_bodies_are_bounded(door: Open) -> None:
    assert (await door.post(b"x: y\r\n" * 1000, b"{}"))[0] in {400, 431}
    assert (await door.post(b"x: " + b"y" * 100_000 + b"\r\n", b"{}"))[0] in {400, 431}
    assert (await door.post(b"", b"x" * (2 * MEGABYTE)))[0] == 413
    assert (await door.post(b"", b"x" * MEGABYTE))[0] == 202
    # A length that is a lie: nothing is stored, and nobody waits for ever.
    port = door.world.settings.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /hooks/{door.hook} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
    writer.write(head.encode())
    writer.write_eof()
    await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    assert len(await door.ada.notifications()) == 1


@pytest.mark.parametrize(
    "secret",
    [b"a\x7fb", b"caf\xe9", b"x" * 1025, b"", b"<script>\xc2\xa0", b"tab\there"],
)
async def test_nothing_is_reflected_but_a_printable_secret(world: World, secret: bytes) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        door = Open(world, ada, created["hookId"])
        status, answer = await door.post(b"X-Hook-Secret: " + secret + b"\r\n")
        assert status == 400
        assert not secret or secret not in answer
        marks = b"x-reflect-me: reflect-me\r\nUser-Agent: reflect-me\r\nReferer: reflect-me\r\n"
        for head in (marks, b"X-Hook-Secret: shown\r\n" + marks):
            status, answer = await door.post(head, b"reflect-me")
            assert status in {200, 202}
            assert b"reflect-me" not in answer
        assert b"X-Hook-Secret: shown" in answer
        door.hook = "reflect-me"
        status, answer = await door.post(b"X-Hook-Secret: not-here\r\n" + marks, b"reflect-me")
        assert status == 404
        assert b"reflect-me" not in answer
        assert b"not-here" not in answer


async def test_a_flood_on_unknown_hooks_never_waits_for_the_writer(
    world: World, tmp_path: Path
) -> None:
    """Another process holds the database for writing: who is unknown is still told so at once."""
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        database = sqlite3.connect(tmp_path / "srhooks.db", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(DEADLINE):
                for _ in range(20):
                    calls = [
                        session.post(f"{world.base}/hooks/{new_hook_id()}", data=b"x" * 1000)
                        for _ in range(50)
                    ]
                    answers = await asyncio.gather(*calls)
                    assert {answer.status for answer in answers} == {404}
                    assert world.services.store.queue_depth < 10  # of what runs by itself
                    for answer in answers:
                        answer.release()
        finally:
            database.execute("ROLLBACK")
            database.close()
        assert await world.notify(created["hookId"]) == 202
        for odd in ("", "x" * 3000, "..%2f..", "%00", "'", "a/b", created["hookId"] + "x"):
            assert await world.notify(odd) == 404
            assert await world.notify(odd, x_hook_secret="not here") == 404
