"""Each test of the store runs on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from srhooks.store import Store, make_store

from tests.support.stored import TOKENS, person


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = make_store(url)
    await store.open()
    await store.save_user(person(1), TOKENS)
    await store.save_user(person(2), TOKENS)
    yield store
    await store.close()
