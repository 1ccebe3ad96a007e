"""What is large holds up the event loop neither when it is freed nor when it is sent."""

import asyncio
import json
import threading
from typing import Any

import pytest
from aiohttp import web
from aiohttp.http_writer import StreamWriter
from aiohttp.web_protocol import RequestHandler
from srhooks.server.heavy_work import LARGE
from srhooks.web.http.pieces import WHOLE, write_in_pieces

from tests.integration.test_notification_page import fetched
from tests.support.harness import World
from tests.support.loop_watch import calls_here

MUCH = {f"field{n}": "x" * 50 for n in range(LARGE // 50)}


async def test_what_is_parsed_beside_the_loop_is_freed_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_loop: list[bool] = []  # for each object that a thread parsed: whether the loop freed it
    decode = json.JSONDecoder.decode

    class Watched(dict[str, Any]):
        def __del__(self) -> None:
            in_the_loop.append(threading.current_thread() is threading.main_thread())

    def watched(self: json.JSONDecoder, text: str, *more: Any) -> Any:
        value = decode(self, text, *more)
        beside = threading.current_thread() is not threading.main_thread()
        return Watched(value) if beside and isinstance(value, dict) and len(text) > LARGE else value

    monkeypatch.setattr(json.JSONDecoder, "decode", watched)
    async with world.logged_in() as ada:
        more = {"url": f"{world.settings.api_url}/user-api/v201804/users/me"}
        n = await fetched(world, ada, more=more, **MUCH)
        here = f"/notifications/{n['id']}"
        (thing,) = [one for one in n["body"].items() if one[0] == "candidate_id"]
        story = f"/entities/candidate/{thing[1]}"
        pages = (here, f"{here}/follow?path=more.url", "/notifications?q=field1", story)
        for address in pages:
            await ada.page(address)
        for address in (here, "/notifications", "/notifications?q=field1", story):
            await ada.json("GET", address)
        for form in ("ndjson", "csv", "har"):
            async with ada.request("GET", f"/notifications/export?format={form}") as answer:
                await answer.read()
    assert len(in_the_loop) > len(pages)
    assert not any(in_the_loop)


async def test_a_large_answer_is_sent_in_pieces(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = StreamWriter._writelines

    def measured(self: StreamWriter, chunks: Any) -> None:
        parts = list(chunks)
        if isinstance(self._protocol, RequestHandler):  # of srhooks, not of who asks
            sizes.append(sum(map(len, parts)))
        write(self, parts)

    monkeypatch.setattr(StreamWriter, "_writelines", measured)
    body = json.dumps({"text": "x" * (WHOLE * 3)}).encode()
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        await world.notify(hook_id, body, event_name="job.created")
        (n,) = await ada.notifications()
        assert json.dumps(n["body"]).encode() == body
        for rest in ("/raw", ""):
            async with ada.request("GET", f"/notifications/{n['id']}{rest}") as answer:
                assert answer.content_length == len(await answer.read())
        async with ada.request("GET", "/notifications/export?format=ndjson") as answer:
            assert len(await answer.read()) > len(body)
    assert max(sizes) < 2 * WHOLE  # a piece, and the head


async def test_others_have_their_turn_between_two_pieces() -> None:
    """A reader that takes everything at once makes no write wait."""
    turns: list[str] = []

    class FastReader(web.StreamResponse):
        async def write(self, _data: Any) -> None:
            turns.append("piece")

    async def other() -> None:
        while len(turns) < 5:
            turns.append("other")
            await asyncio.sleep(0)

    waiting = asyncio.create_task(other())
    await write_in_pieces(FastReader(), bytes(2 * WHOLE + 1))
    await waiting
    assert turns == ["piece", "other", "piece", "other", "piece"]


async def test_nothing_is_made_of_a_large_body_in_the_loop(world: World) -> None:
    """Each character of it may be escaped."""
    body = json.dumps({"text": "'\u0007\u202e" * LARGE}, ensure_ascii=False).encode()
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        await world.notify(hook_id, body, event_name="job.created")
        (n,) = await ada.notifications()
        with calls_here() as begun:
            await ada.page(f"/notifications/{n['id']}")
    made_of_it = {
        "curl_command",
        "verification_code",
        "subjects_of",
        "verdict",
        "links_in",
        "render",
    }
    assert not begun & made_of_it
