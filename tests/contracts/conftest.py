"""Each test of the store runs on both databases, each of the service on both doubles of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from srhooks.store import Store, make_store

from tests.support.doubles import Double, running_double
from tests.support.memberships import Memberships
from tests.support.new_database import lay_down
from tests.support.stored import TOKENS, person


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Open, with the tables and nobody in it."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        lay_down(tmp_path / "test.db")
        url = f"sqlite:///{tmp_path / 'test.db'}"
    store = make_store(url)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def store(empty_store: Store) -> Store:
    """With two people."""
    await empty_store.save_user(person(1), TOKENS)
    await empty_store.save_user(person(2), TOKENS)
    return empty_store


@pytest.fixture
async def memberships(postgres_url: str) -> AsyncIterator[Memberships]:
    """Nobody has joined yet."""
    made = Memberships(postgres_url)
    await made.store()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(params=["sandbox", "strict"])
async def double(request: pytest.FixtureRequest) -> AsyncIterator[Double]:
    """A SmartRecruiters: the sandbox, and the strict double written from the vendor's texts."""
    async with running_double(request.param) as made:
        yield made
