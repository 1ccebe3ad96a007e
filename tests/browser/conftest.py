"""One event loop for all: the browser is started once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.harness import World
from tests.support.harness import world as start_world


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running
