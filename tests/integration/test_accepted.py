"""The answer to a notification as bytes on the wire: for the usual sender, and for others."""

import asyncio
import re

import pytest
from srhooks.server.bounded_parser import MAX_QUEUED
from srhooks.web.http.leaving import leave

from tests.support.harness import DEADLINE, World

BODY = b'{"id": "1"}'


async def converse(world: World, *requests: bytes, answers: int = 1) -> bytes:
    """What comes back: so many answers to each request, and what follows until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
    got = b""
    for request in requests:
        writer.write(request)
        for _ in range(answers):
            got += await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE)
    writer.write_eof()
    got += await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    return got


def notification(hook_id: str, version: str = "1.1", connection: str = "") -> bytes:
    head = f"POST /hooks/{hook_id} HTTP/{version}\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n"
    return (head + (f"Connection: {connection}\r\n" if connection else "") + "\r\n").encode() + BODY


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        ("1.1", "", True),
        ("1.1", "keep-alive", True),
        ("1.1", "close", False),
        ("1.0", "", False),
        ("1.0", "keep-alive", True),
    ],
)
async def test_every_kind_of_connection_gets_its_202(
    world: World, version: str, connection: str, stays: bool
) -> None:
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe())["hookId"]
        one = notification(hook_id, version, connection)
        got = await converse(world, *[one] * (2 if stays else 1))
        assert len(await ada.notifications()) == (2 if stays else 1)
    answers = got.split(b"\r\n\r\n")[:-1]
    assert [answer.split(b"\r\n")[0][9:] for answer in answers] == [b"202 Accepted"] * len(answers)
    for answer in answers:
        assert re.search(rb"(?i)\r\ncontent-length: 0(\r\n|$)", answer)
        assert re.search(rb"(?i)\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer)
        assert re.search(rb"(?i)\r\nserver: srhooks(\r\n|$)", answer)
        assert (b"connection: close" in answer.lower()) == (version == "1.1" and not stays)


async def test_a_process_that_leaves_closes_the_connection_with_its_answer(world: World) -> None:
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe())["hookId"]
        await leave(world.app)
        got = await converse(world, notification(hook_id))
        assert len(await ada.notifications()) == 1
    assert got.startswith(b"HTTP/1.1 202 ")
    assert b"connection: close" in got.lower()


async def test_notifications_sent_without_waiting_are_answered_in_turn(world: World) -> None:
    """Also more of them than one connection parses ahead."""
    count = 2 * MAX_QUEUED + 1
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe())["hookId"]
        got = await converse(world, notification(hook_id) * count, answers=count)
        assert got.count(b"HTTP/1.1 202 Accepted\r\n") == count
        assert len(await ada.notifications("?limit=200")) == count
