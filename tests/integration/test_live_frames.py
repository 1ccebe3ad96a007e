"""Frames that are made once for many pages are what RFC 6455 asks for, and come to all of them."""

import asyncio
import contextlib

import pytest
from srhooks.web.live.websocket_frames import text_frame

from tests.support.harness import DEADLINE, World

PAGES = 130  # more than are served in a row


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_head_of_a_frame_tells_its_length(length: int, head: bytes) -> None:
    assert text_frame("x" * length) == head + b"x" * length


def test_there_is_no_frame_without_a_text() -> None:
    assert text_frame("") == b""


async def test_many_pages_with_cursors_of_their_own_all_get_everything_once(world: World) -> None:
    async with contextlib.AsyncExitStack() as browsers:
        adas = [await browsers.enter_async_context(world.logged_in()) for _ in range(3)]
        hook = (await adas[0].subscribe("job.created"))["hookId"]
        queries = ("", "?cursor=1", "?event=job.", "?view=feed&event=offer.")
        pages = [await adas[number % 3].live(queries[number % 4]) for number in range(PAGES)]
        for number in range(3):
            await world.notify(hook, event_name=f"job.number{number}")
        await world.notify(hook, event_name="offer.last")
        ids = {one["eventName"]: one["id"] for one in await adas[0].notifications()}
        jobs = [f"job.number{number}" for number in range(3)]
        shown = ([*jobs, "offer.last"], [*jobs, "offer.last"], jobs, ["offer.last"])
        for number, page in enumerate(pages):
            wanted = shown[number % 4]
            text = ""
            async with asyncio.timeout(DEADLINE):
                while ids[wanted[-1]] not in text:
                    text += await page.receive_str()
            found = [name for name in ids for _ in range(text.count(f'<li id="n-{ids[name]}"'))]
            assert sorted(found) == wanted, number
            await page.close()
