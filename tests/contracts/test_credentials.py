"""What every kind of credential promises, over a strict double of the service."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from srhooks.accounts.credentials import client_renewal, key_grant
from srhooks.domain.account import CredentialKind, User
from srhooks.domain.clock import now_ms
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceError
from srhooks.smartrecruiters.oauth import Grant

from tests.support.services import Services
from tests.support.strict_service import LIST, TOKEN, StrictService, StrictWorld, strict_world

KINDS: tuple[CredentialKind, ...] = ("api-key", "client-credentials", "oauth")
RENEWED = pytest.mark.parametrize(  # an API key has no end
    "account", ["client-credentials", "oauth"], indirect=True
)


@dataclass
class Account:
    world: StrictWorld
    kind: CredentialKind

    @property
    def service(self) -> StrictService:
        return self.world.service

    @property
    def services(self) -> Services:
        return self.world.services

    async def save(self, lifetime: int = 1800) -> None:
        """Store a credential that works."""
        grants = {
            "api-key": key_grant("k" * 32),
            "client-credentials": Grant(
                "first", client_renewal("client-1", "secret-1"), lifetime, ("jobs_read",)
            ),
            "oauth": Grant("first", "refresh-1", lifetime, ("jobs_read",)),
        }
        self.service.tokens.add("first")
        user = User(
            "u1", "x", "Ada", "", grant_dead=False, created_at=1, seen_at=1, credential=self.kind
        )
        sealed = self.services.tokens.seal(grants[self.kind], self.kind)
        await self.services.store.save_user(user, sealed)
        self.services.tokens.forget("u1")

    async def ask(self, path: str = "/jobs/1") -> int:
        answer = await self.services.user_client.call("u1", "GET", path, foreground=True)
        return answer.status

    def revoke(self) -> None:
        self.service.keys.clear()
        self.service.tokens.clear()
        self.service.clients.clear()
        self.service.replies[TOKEN] = (400, {"error": "invalid_client"})


@pytest.fixture(params=KINDS)
async def account(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Account]:
    changed: dict[str, Any] = {}
    if request.param == "oauth":
        changed = {"client_id": "app", "client_secret": "app-secret"}
    async with strict_world(tmp_path, **changed) as world:
        ready = Account(world, request.param)
        await ready.save()
        yield ready


async def test_it_authorises_with_one_header(account: Account) -> None:
    assert await account.ask() == 200
    (call,) = account.service.calls("/jobs/1")
    names = {"authorization", "x-smarttoken"} & set(call.headers)
    assert names == {"x-smarttoken" if account.kind == "api-key" else "authorization"}


async def test_it_goes_to_the_origin_of_the_api_alone(account: Account) -> None:
    with pytest.raises(ValueError, match="origin"):
        await account.ask("http://127.0.0.1:1/jobs/1")


async def test_a_credential_that_is_refused_is_dead_until_the_next_log_in(account: Account) -> None:
    account.revoke()
    with pytest.raises(GrantDeadError):
        await account.ask()
    user = await account.services.store.user("u1")
    assert user is not None
    assert user.grant_dead
    asked = len(account.service.seen)
    with pytest.raises(GrantDeadError):
        await account.ask()
    assert len(account.service.seen) == asked  # a dead one is not tried again
    account.service.keys.add("k" * 32)
    await account.save()
    assert await account.ask() == 200


async def test_a_service_in_trouble_kills_nothing(account: Account) -> None:
    account.service.tokens.clear()
    account.service.keys.clear()
    for path in (TOKEN, LIST):
        account.service.replies[path] = (503, {"message": "down"})
    with pytest.raises(ServiceError) as down:
        await account.ask()
    assert not isinstance(down.value, GrantDeadError)
    user = await account.services.store.user("u1")
    assert user is not None
    assert not user.grant_dead


async def test_one_address_that_refuses_it_is_not_the_end(account: Account) -> None:
    account.service.replies["/jobs/odd"] = (401, {"message": "not this"})
    if account.kind == "oauth":
        value = {"access_token": "second", "expires_in": 1800, "refresh_token": "refresh-2"}
        account.service.replies[TOKEN] = (200, value)
        account.service.tokens.add("second")
    assert await account.ask("/jobs/odd") == 401
    assert await account.ask() == 200


@RENEWED
async def test_it_is_renewed_once_for_all_who_wait(account: Account) -> None:
    value = {"access_token": "second", "expires_in": 1800, "refresh_token": "refresh-2"}
    account.service.replies[TOKEN] = (200, value)
    account.service.tokens.add("second")
    await account.save(lifetime=0)
    assert await asyncio.gather(*(account.ask() for _ in range(5))) == [200] * 5
    assert len(account.service.calls(TOKEN)) == 1
    stored = await account.services.store.credential("u1")
    assert stored is not None
    assert stored.expires_at > now_ms() + 1_700_000
    assert stored.scopes == ("jobs_read",)  # an answer that names none changes none


@RENEWED
async def test_a_renewal_does_not_undo_a_log_in(account: Account) -> None:
    """Somebody logs in with a key while the token before is being renewed."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        kind = account.kind

        def __getattr__(self, name: str) -> Any:
            return getattr(known, name)

        async def renew(self, _: str, renewal: str | None) -> Grant:
            reached.set()
            await go_on.wait()
            return Grant("late", renewal, 1800)

    kinds = account.services.tokens.kinds
    known = kinds[account.kind]
    kinds[account.kind] = Slow()
    await account.save(lifetime=0)
    asking = asyncio.create_task(account.ask())
    await reached.wait()
    await Account(account.world, "api-key").save()
    go_on.set()
    assert await asking == 200
    stored = await account.services.store.credential("u1")
    assert stored is not None
    assert stored.kind == "api-key"
    (call,) = account.service.calls("/jobs/1")
    assert call.headers["x-smarttoken"] == "k" * 32
