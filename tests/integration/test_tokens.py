"""The token in use is the one that the store holds, whatever was used a moment before."""

import pytest
from srhooks.smartrecruiters.client import bearer
from srhooks.smartrecruiters.errors import GrantDeadError

from tests.support.harness import World


async def test_it_is_the_newest_grants(world: World) -> None:
    keeper, store, vault = world.services.tokens, world.services.store, world.services.vault
    async with world.logged_in() as ada:
        (user_id,) = await store.user_ids()
        first = await keeper.authorization(user_id)
        assert await keeper.authorization(user_id) == first
        await world.log_in(ada)
        second = await keeper.authorization(user_id)
        stored = await store.credential(user_id)
        assert stored is not None
        assert second == bearer(vault.open(stored.access)) != first
        third = await keeper.authorization(user_id, refused=second)
        assert third not in {first, second}
        assert await keeper.authorization(user_id) == third
        await ada.json("POST", "/account/delete", json={"confirm": True})
        with pytest.raises(GrantDeadError):
            await keeper.authorization(user_id)


async def test_it_is_renewed_before_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, store = world.services.tokens, world.services.store
    async with world.logged_in():
        (user_id,) = await store.user_ids()
        first = await keeper.authorization(user_id)
        stored = await store.credential(user_id)
        assert stored is not None
        monkeypatch.setattr(
            "srhooks.accounts.access_tokens.now_ms", lambda: stored.expires_at - 60_001
        )
        assert await keeper.authorization(user_id) == first
        monkeypatch.setattr(
            "srhooks.accounts.access_tokens.now_ms", lambda: stored.expires_at - 60_000
        )
        assert await keeper.authorization(user_id) != first
