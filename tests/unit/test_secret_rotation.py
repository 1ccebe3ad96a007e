"""Encrypting anew with the newest secret: it goes on after the store has failed, and then ends."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from srhooks.crypto import Vault
from srhooks.domain.account import SealedCredential
from srhooks.maintenance.secret_rotation import reseal
from srhooks.maintenance.supervisor import STORE_PAUSE
from srhooks.store import StoreUnavailableError

from tests.support.virtual_loop import run_virtually

OLD, NEW = "an old session secret, 32 characters+", "a new session secret, 32 characters+"


class AwayAtFirst:
    """One account and one key; the first questions find no database."""

    def __init__(self, failures: int) -> None:
        old = Vault((OLD,))
        self.failures = failures
        self.key = SimpleNamespace(id=7, sealed=old.seal("signing key"))
        self.saved = SealedCredential(
            kind="oauth", access=old.seal("access"), renewal=old.seal("refresh"),
            expires_at=0, lifetime=0, scopes=None, dead=False,
        )  # fmt: skip

    async def user_ids(self) -> list[str]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("the database is away")
        return ["u1"]

    async def credential(self, _: str) -> SealedCredential:
        return self.saved

    async def replace_credential(
        self, _: str, old: SealedCredential, new: SealedCredential
    ) -> bool:
        assert old == self.saved
        self.saved = new
        return True

    async def hooks(self, _: str) -> list[Any]:
        return [SimpleNamespace(id="h1")]

    async def keys(self, _: str) -> list[Any]:
        return [self.key]

    async def reseal_key(self, _: int, sealed: bytes) -> None:
        self.key.sealed = sealed


def test_it_goes_on_where_the_store_failed_and_needs_the_newest_secret_alone_afterwards() -> None:
    store = AwayAtFirst(failures=3)

    async def rotate() -> float:
        await reseal(cast("Any", store), Vault((NEW, OLD)))
        return asyncio.get_running_loop().time()

    assert run_virtually(rotate()) == 3 * STORE_PAUSE
    newest = Vault((NEW,))
    assert newest.open(store.key.sealed) == "signing key"
    assert newest.open(store.saved.access) == "access"
    assert store.saved.renewal is not None
    assert newest.open(store.saved.renewal) == "refresh"
