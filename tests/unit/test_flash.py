"""A message for the next page: shown once, never an error of the request that it is about."""

from pathlib import Path

import pytest
from srhooks.crypto import Vault
from srhooks.store import make_store
from srhooks.web.state.flash import Flash

SESSION, PAGE = "s1", "/account"


async def test_it_is_shown_once_and_to_the_owner_of_the_secret_alone(tmp_path: Path) -> None:
    store = make_store(f"sqlite:///{tmp_path / 'test.db'}")
    await store.open()
    flash = Flash(store, Vault(["a secret"]))
    await flash.save(SESSION, PAGE)  # nothing to show
    assert await flash.pop(SESSION, PAGE) == {}
    await flash.save(SESSION, PAGE, key="k")
    assert await flash.pop(SESSION, PAGE) == {"key": "k"}
    assert await flash.pop(SESSION, PAGE) == {}
    await flash.save(SESSION, PAGE, key="k")
    assert await Flash(store, Vault(["another secret"])).pop(SESSION, PAGE) == {}
    with pytest.raises(TypeError, match="Path cannot be kept"):
        await flash.save(SESSION, PAGE, path=tmp_path)
    await store.close()
    await flash.save(SESSION, PAGE, key="k")  # the store is away: what was done stays done
