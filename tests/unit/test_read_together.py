"""The parts of a page are read at the same time."""

import asyncio
from typing import Any

import pytest
from srhooks.store import StoreError
from srhooks.web.http.read_together import read_together


async def test_no_part_waits_for_another() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def part(own: asyncio.Event, other: asyncio.Event, **given: str) -> dict[str, Any]:
        own.set()
        await other.wait()
        return given

    async with asyncio.timeout(60):
        page = await read_together(
            part(first, second, title="early", rows="r"), part(second, first, title="late")
        )
    assert page == {"title": "late", "rows": "r"}


async def test_what_fails_fails_the_page() -> None:
    async def failing() -> dict[str, Any]:
        raise StoreError("gone")

    async def slow() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {}

    with pytest.raises(StoreError, match="gone"):
        await read_together(slow(), failing(), slow())
