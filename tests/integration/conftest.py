"""Whom most tests need: somebody logged in, at the sandbox or at the odd service."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.harness import Browser, World
from tests.support.odd_service import OddWorld, odd_world


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    """An administrator of the sandbox's company."""
    async with world.logged_in() as browser:
        yield browser


@pytest.fixture
async def odd(tmp_path: Path) -> AsyncIterator[OddWorld]:
    """srhooks with the odd double as its SmartRecruiters."""
    async with odd_world(tmp_path) as running:
        yield running


@pytest.fixture
async def zoe(odd: OddWorld) -> AsyncIterator[Browser]:
    """The one user of the odd service."""
    async with odd.logged_in() as browser:
        yield browser
