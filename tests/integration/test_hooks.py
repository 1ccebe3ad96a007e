"""The public route: handshakes, notifications of any kind, and what it refuses."""

import asyncio
import gzip
import io
import itertools
import json
import random
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from srhooks.sandbox.events import EVENTS

from tests.support.harness import DEADLINE, Browser, World
from tests.support.harness import world as start_world


@pytest.fixture
async def hook(ada: Browser) -> str:
    created = await ada.subscribe(active=False)
    hook_id: str = created["hookId"]
    return hook_id


async def raw(base: str, request: bytes) -> bytes:
    """What is answered to these bytes."""
    where = urlsplit(base)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(request)
    async with asyncio.timeout(DEADLINE):
        answer = await reader.read()
    writer.close()
    return answer


SECRETS = ("abc", "AbC-123_~", "a b  c", "x" * 1000, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


async def test_a_handshake_gets_its_secret_back(world: World, ada: Browser, hook: str) -> None:
    for name in ("X-Hook-Secret", "x-hook-secret", "X-HOOK-SECRET"):
        for secret, body in itertools.product(SECRETS, (b"", b"{}", b"anything")):
            headers = {name: secret}
            async with ada.session.post(
                f"{world.base}/hooks/{hook}", headers=headers, data=body
            ) as response:
                assert response.status == 200
                assert response.headers["X-Hook-Secret"] == secret
    assert await ada.notifications() == []


async def test_no_secret_is_echoed_that_is_not_printable_and_short(world: World, hook: str) -> None:
    for secret in (b"\xff\xfe", b"x" * 5000, b"a\tb"):
        head = f"POST /hooks/{hook} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        rest = b"X-Hook-Secret: " + secret + b"\r\nContent-Length: 0\r\n\r\n"
        answer = await raw(world.base, head.encode() + rest)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert secret not in answer


async def test_an_unknown_hook_is_not_found(world: World) -> None:
    async with world.nobody() as nobody:
        for hook_id in ("A" * 32, "x", "a%2Fb", "ü", "A" * 500, "'; --"):
            for headers in ({}, {"X-Hook-Secret": "abc"}):
                async with nobody.request("POST", f"/hooks/{hook_id}", headers=headers) as found:
                    assert found.status == 404, hook_id
                    assert "X-Hook-Secret" not in found.headers


async def test_other_methods_are_not_allowed(world: World, ada: Browser, hook: str) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        headers = {"Accept": "application/json"}
        async with ada.request(method, f"/hooks/{hook}", headers=headers) as found:
            assert (found.status, found.headers["Allow"]) == (405, "POST"), method
            if method != "HEAD":
                assert (await found.json())["error"]["status"] == 405


BODIES: list[tuple[bytes, Any]] = [
    (b'{"id":"example"}', {"id": "example"}),
    (b"", ""),
    (b"not json {", "not json {"),
    (b"[1, 2.5, null, true]", [1, 2.5, None, True]),
    (b'"text"', "text"),
    (b"0", 0),
    (b"null", None),
    (b"NaN", "NaN"),
    (b'{"n": 1e999}', '{"n": 1e999}'),
    (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
    ('{"name": "Zoë", "x": "\\u0000 \\ud83d"}'.encode(), {"name": "Zoë", "x": "\0 \ud83d"}),
    (b"[" * 400 + b"]" * 400, json.loads("[" * 400 + "]" * 400)),
    (b"[" * 100_000, "[" * 100_000),
    (b"1" * 5000, "1" * 5000),
]


async def test_any_body_is_stored_as_it_is(world: World, ada: Browser, hook: str) -> None:
    for body, parsed in BODIES:
        async with ada.session.post(f"{world.base}/hooks/{hook}", data=body) as response:
            assert (response.status, await response.read()) == (202, b"")
        stored, *_ = await ada.notifications()
        assert stored["body"] == parsed
        assert await ada.json("GET", f"/notifications/{stored['id']}") == stored
        nothing = {"status": "none", "fetchedAt": None, "data": None, "error": None}
        assert stored["entity"] == nothing
        for name in ("eventId", "eventName", "eventVersion", "link"):
            assert stored[name] is None
        await ada.page(f"/notifications/{stored['id']}")


async def test_a_content_encoding_is_never_decoded(world: World, ada: Browser, hook: str) -> None:
    packed = gzip.compress(b'{"id": "1"}', mtime=0)
    for encoding in ("gzip", "deflate", "br", "gzip, gzip", "nonsense"):
        assert await world.notify(hook, packed, content_encoding=encoding) == 202
        stored, *_ = await ada.notifications()
        assert stored["body"] == packed.decode("utf-8", "replace")
        assert stored["headers"]["content-encoding"] == encoding


async def test_headers_are_kept_and_secrets_in_them_are_not(world: World, ada: Browser) -> None:
    created = await ada.subscribe(
        active=False,
        callbackAuthentication={"type": "header", "headerName": "X-Api-Key", "headerValue": "v"},
    )
    lines = [
        ("Authorization", "Bearer planted-1"),
        ("x-API-key", "planted-2"),
        ("X-Twice", "one"),
        ("X-Twice", "two"),
        ("Event-ID", " 7 "),
    ]
    async with ada.session.post(
        f"{world.base}/hooks/{created['hookId']}", data=b"{}", headers=lines
    ) as response:
        assert response.status == 202
    (stored,) = await ada.notifications()
    assert stored["headers"]["authorization"] == "[redacted]"
    assert stored["headers"]["x-api-key"] == "[redacted]"
    assert stored["headers"]["x-twice"] == "one, two"
    assert stored["eventId"] == "7"
    assert all(name == name.lower() for name in stored["headers"])
    assert "planted" not in await ada.page(f"/notifications/{stored['id']}")
    assert "planted" not in json.dumps(stored)


async def test_a_body_is_bounded_by_its_own_limit(tmp_path: Path) -> None:
    async with start_world(tmp_path, max_body_bytes=100) as world, world.logged_in() as ada:
        many = EVENTS
        created = await ada.subscribe(*many, active=False)  # our own JSON has a limit of its own
        hook = created["hookId"]
        assert await world.notify(hook, b"x" * 100) == 202
        assert await world.notify(hook, b"x" * 101) == 413
        async with ada.request("POST", f"/hooks/{hook}", data=io.BytesIO(b"x" * 5_000_000)) as huge:
            assert huge.status == 413

        async def piece_by_piece() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 10

        for accept, kind in (("application/json", "application/json"), ("text/html", "text/html")):
            async with ada.session.post(
                f"{world.base}/hooks/{hook}", data=piece_by_piece(), headers={"Accept": accept}
            ) as response:
                assert (response.status, response.content_type) == (413, kind)
                assert "Log out" not in await response.text()  # a hook's callers have no session
        assert len(await ada.notifications()) == 1
        async with ada.request("POST", f"/hooks/{hook}", data=b"x" * 101) as refused:
            assert (await refused.json())["error"]["status"] == 413


async def test_a_long_header_is_no_reason_to_lose_a_notification(
    world: World, ada: Browser, hook: str
) -> None:
    for length in (8000, 8192, 20_000):
        assert await world.notify(hook, link="<" + "a" * length, event_name="x" * length) == 202
        stored, *_ = await ada.notifications()
        assert stored["entity"]["status"] == "none"


async def test_event_ids_that_differ_late_stay_apart(world: World, ada: Browser, hook: str) -> None:
    for ending in ("a", "b", "a"):
        assert await world.notify(hook, event_id="i" * 3000 + ending) == 202
    assert [one["deliveries"] for one in await ada.notifications()] == [1, 2]


async def test_a_deleted_subscriptions_hook_goes_on(world: World, ada: Browser) -> None:
    created = await ada.subscribe("job.created")
    await ada.json("DELETE", f"/subscriptions/{created['id']}", status=204)
    assert (await ada.json("GET", "/subscriptions"))["subscriptions"] == []
    assert await world.notify(created["hookId"], b'{"late": 1}') == 202
    (stored,) = await ada.notifications()
    assert stored["subscriptionId"] == created["id"]


async def test_no_answer_names_the_server(world: World, hook: str) -> None:
    malformed = [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"POST /hooks/x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /hooks/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]
    paths = ["/", "/nothing", "/healthz", "/metrics", "/live", "/notifications", f"/hooks/{hook}"]
    plain = [
        f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode() for path in paths
    ]
    for request in malformed + plain:
        answer = (await raw(world.base, request)).decode("latin-1").lower()
        head = answer.partition("\r\n\r\n")[0]
        assert head.startswith("http/1."), request[:60]
        assert "aiohttp" not in answer
        assert "python" not in head
        assert "server: srhooks\r\n" in head + "\r\n" or "server:" not in head
        if request in malformed:
            assert head.split()[1] in {"400", "404", "414", "431"}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_a_link_that_is_too_long_for_an_index_is_kept_cut_and_not_followed(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = {"database_url": request.getfixturevalue("postgres_url")} if database != "sqlite" else {}
    async with start_world(tmp_path, **url) as world, world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        noise = random.Random(7).choices(string.ascii_letters + string.digits, k=6000)  # noqa: S311
        long = f"{world.settings.api_url}/jobs/1?x={''.join(noise)}"
        assert await world.notify(hook, link=f'<{long}>; rel="self"', event_id="1") == 202
        assert await world.notify(hook, link=f"</é{'é' * 1999}>; rel=self", event_id="2") == 202
        odd, cut = await ada.notifications()
        assert cut["link"] == long[:2000]
        assert [odd["entity"]["status"], cut["entity"]["status"]] == ["refused", "refused"]
