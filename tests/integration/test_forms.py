"""Forms: of one kind, read beside the event loop, and those that arrive slowly hold nobody up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import StreamReader, hdrs
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from srhooks.web.http.forms import (
    FORMS_IN_FLIGHT,
    MAX_FIELDS,
    SMALL,
    URLENCODED,
    parse_form,
    read_form,
)
from srhooks.web.state.app_keys import FORM_BUDGET

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world
from tests.support.loop_watch import calls_here

SIZE = 1_000_000  # bytes


async def test_large_forms_are_bounded_in_sum_and_small_ones_wait_for_none(
    tmp_path: Path,
) -> None:
    async with start_world(tmp_path, login_methods=("api-key",)) as world:
        await _fill(world)


async def _fill(world: World) -> None:
    budget = world.app[FORM_BUDGET]
    head = (
        f"POST /login/api-key HTTP/1.1\r\nHost: x\r\nOrigin: {world.base}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {SIZE}\r\n\r\n"
    )
    writers = []
    for _ in range(24):
        _, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        writer.write(head.encode() + b"api_key=" + b"x" * (SIZE // 2))
        writers.append(writer)

    async def is_full() -> bool:
        return budget.in_flight > FORMS_IN_FLIGHT - SIZE

    await eventually(is_full)
    assert budget.in_flight <= FORMS_IN_FLIGHT
    async with world.nobody() as nobody:
        headers = {"Origin": world.base, "Accept": "application/json"}
        form = {"api_key": "small"}
        async with nobody.request("POST", "/login/api-key", data=form, headers=headers) as answer:
            assert answer.status in {403, 404}
    for writer in writers:
        writer.transport.abort()

    async def is_empty() -> bool:
        return budget.in_flight == 0

    await eventually(is_empty)


PARTS = (
    "multipart/form-data; boundary=x", "multipart/form-data", "multipart/mixed; boundary=x",
    URLENCODED + "; charset=utf-16",
)  # fmt: skip
TAKE_FORMS = (
    "/subscriptions", "/notifications/export", "/notifications/delete", "/candidates/erase",
    "/missed/backfill", "/account/alerts", "/account/delete", "/terminal/tokens",
)  # fmt: skip


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    async with world.logged_in() as browser:
        yield browser


@pytest.mark.parametrize("kind", PARTS)
async def test_a_form_in_parts_is_refused_in_words(ada: Browser, kind: str) -> None:
    """The library reads one in the event loop, and its files go to the disk."""
    body = b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="f"\r\n\r\n\r\n--x--\r\n'
    headers = {"Accept": "application/json", "Content-Type": kind}
    for path in TAKE_FORMS:
        for origin in ({"Origin": ada.base}, {}):
            sent = headers | origin
            async with ada.request("POST", path, data=body, headers=sent) as answer:
                assert answer.status == 415, (path, origin)
                assert URLENCODED in (await answer.json())["error"]["message"]
    headers |= {"Accept": "text/html", "Origin": ada.base}
    async with ada.request("POST", "/terminal/tokens", data=body, headers=headers) as answer:
        assert answer.status == 415
        assert URLENCODED in await answer.text()


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5), st.text("a=&+%é2fF ", max_size=20))
def test_a_form_is_read_as_browsers_write_it(fields: list[tuple[str, str]], odd: str) -> None:
    for text in (urlencode(fields, errors="replace"), odd):
        expected = parse_qsl(text, keep_blank_values=True)
        assert list(parse_form(text.encode()).items()) == expected


def test_a_form_has_a_bounded_number_of_fields() -> None:
    assert len(parse_form(b"&".join([b"a=b"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(ValueError, match="too many"):
        parse_form(b"&" * MAX_FIELDS)


async def test_a_large_form_is_read_beside_the_loop_and_once() -> None:
    content = StreamReader(Mock(BaseProtocol), 2**20, loop=asyncio.get_running_loop())
    content.feed_data(b"text=" + b"%41" * SMALL)
    content.feed_eof()
    headers = {hdrs.CONTENT_TYPE: URLENCODED, hdrs.CONTENT_LENGTH: "1"}
    request = make_mocked_request("POST", "/", headers, payload=content)
    with calls_here() as here:
        form = await read_form(request)
    assert form["text"] == "A" * SMALL
    assert "read_form" in here
    assert not {"parse_form", "unquote_to_bytes", "parse_qsl"} & here
    assert await read_form(request) is form
