"""The sandbox and the strict double behind one face, for tests that both have to pass.

What the service is asked goes over HTTP; here is only what happens in it by itself: people consent,
credentials are made and revoked, things change, time passes.
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from srhooks.sandbox import Sandbox

from tests.support.harness import served_double
from tests.support.sandbox_fixtures import REDIRECT_URI, Answer, Client, running
from tests.support.strict_oauth import ALLOW, TOKEN
from tests.support.strict_webhooks import StrictWebhooks

EVERY_SCOPE = (
    "webhooks_manage jobs_read candidates_read candidates_offers_read reviews_read interviews_read"
    " approvals_read company_read user_me_read audit_events_read"
)


@dataclass
class Double(ABC):
    client: Client  # with no credential
    app: tuple[str, str]  # the OAuth app: its id and secret

    @property
    @abstractmethod
    def key(self) -> str:
        """An API key that works until it is revoked."""

    @abstractmethod
    def revoke_key(self) -> None: ...

    @abstractmethod
    def new_client(self, scope: str, role: str = "ADMINISTRATOR") -> tuple[str, str]:
        """The id and the secret of client credentials."""

    @abstractmethod
    def revoke_client(self, client_id: str) -> None: ...

    @abstractmethod
    async def consent(self, query: dict[str, str], *, allow: bool = True) -> Answer:
        """What a person who decides at the consent page is answered: the way back, or a page."""

    @abstractmethod
    async def fire(self, event: str) -> None:
        """It happens, and every active subscription has been told once."""

    @abstractmethod
    def end_access_tokens(self) -> None:
        """Half an hour passes."""

    @abstractmethod
    def end_refresh_tokens(self) -> None:
        """Four weeks pass."""

    @abstractmethod
    def age(self, subscription_id: str, seconds: float) -> None:
        """Its keys and its log grow older."""

    @abstractmethod
    def audit(self, name: str, entity_type: str, age: float) -> None:
        """Something was recorded `age` seconds ago."""

    def as_key(self) -> Client:
        return self.client.with_key(self.key)

    async def as_client(self, scope: str = EVERY_SCOPE, role: str = "ADMINISTRATOR") -> Client:
        answer = await self.token_for(*self.new_client(scope, role))
        assert answer.status == 200, answer.text
        return self.bearing(answer)

    async def token_for(self, client_id: str, client_secret: str, **more: str) -> Answer:
        form = {"grant_type": "client_credentials", "client_id": client_id}
        return await self.token(**form, client_secret=client_secret, **more)

    async def token(self, **form: str) -> Answer:
        return await self.client.call("POST", TOKEN, data=form)

    async def app_token(self, **form: str) -> Answer:
        client_id, client_secret = self.app
        return await self.token(client_id=client_id, client_secret=client_secret, **form)

    async def redeem(self, code: str, redirect_uri: str = REDIRECT_URI) -> Answer:
        return await self.app_token(
            grant_type="authorization_code", code=code, redirect_uri=redirect_uri
        )

    def asked(self, **changed: str) -> dict[str, str]:
        """The query of the consent page."""
        usual = {
            "client_id": self.app[0], "redirect_uri": REDIRECT_URI, "response_type": "code",
            "scope": "webhooks_manage user_me_read", "state": "st&te",
        }  # fmt: skip
        return usual | changed

    def bearing(self, answer: Answer) -> Client:
        """With the access token of this answer."""
        return Client(self.client.base, self.client.session, token=answer.json["access_token"])


@dataclass
class SandboxDouble(Double):
    sandbox: Sandbox

    @property
    def key(self) -> str:
        return self.sandbox.settings.api_key

    def revoke_key(self) -> None:
        (key, *_) = self.sandbox.credentials.api_keys
        self.sandbox.revoke_credential(key.id)

    def new_client(self, scope: str, role: str = "ADMINISTRATOR") -> tuple[str, str]:
        made = self.sandbox.create_client(scope=scope, role=role)
        return made.client_id, made.client_secret

    def revoke_client(self, client_id: str) -> None:
        found = self.sandbox.credentials.find_client(client_id)
        assert found is not None
        self.sandbox.revoke_credential(found.id)

    async def consent(self, query: dict[str, str], *, allow: bool = True) -> Answer:
        page = await self.client.call("GET", ALLOW, params=query)
        if page.status != 200:
            return page
        decided = {"user": self.sandbox.people[0].id, "decision": "allow" if allow else "deny"}
        return await self.client.call("POST", ALLOW, data=query | decided)

    async def fire(self, event: str) -> None:
        await self.sandbox.fire(event)

    def end_access_tokens(self) -> None:
        self.sandbox.expire_access_tokens()

    def end_refresh_tokens(self) -> None:
        for token in self.sandbox.grants.refresh.values():
            token.expires_at -= 28 * 86_400

    def age(self, subscription_id: str, seconds: float) -> None:
        one = self.sandbox.subscriptions.by_id[subscription_id]
        for key in one.keys:
            if key.expires_at is not None:
                key.expires_at -= seconds
        for entry in one.log:
            object.__setattr__(entry, "at", entry.at - seconds)

    def audit(self, name: str, entity_type: str, age: float) -> None:
        self.sandbox.audit.record(name, entity_type, "e1", at=time.time() - age)


@dataclass
class StrictDouble(Double):
    service: StrictWebhooks

    @property
    def key(self) -> str:
        (key,) = self.service.keys
        return key

    def revoke_key(self) -> None:
        self.service.keys.clear()

    def new_client(self, scope: str, role: str = "ADMINISTRATOR") -> tuple[str, str]:
        client_id = f"client-{len(self.service.clients)}"
        self.service.clients[client_id] = "s3cret"
        self.service.oauth.client_scopes[client_id] = scope
        self.service.roles[client_id] = role
        return client_id, "s3cret"

    def revoke_client(self, client_id: str) -> None:
        del self.service.clients[client_id]

    async def consent(self, query: dict[str, str], *, allow: bool = True) -> Answer:
        self.service.oauth.denies = not allow
        return await self.client.call("GET", ALLOW, params=query)

    async def fire(self, event: str) -> None:
        await self.service.notify(event)

    def end_access_tokens(self) -> None:
        self.service.oauth.ahead += 30 * 60

    def end_refresh_tokens(self) -> None:
        self.service.oauth.ahead += 28 * 86_400

    def age(self, subscription_id: str, seconds: float) -> None:
        one = self.service.book.by_id[subscription_id]
        for key in one.keys:
            if key.until is not None:
                key.until -= seconds
        for record in one.log:
            record.at -= seconds

    def audit(self, name: str, entity_type: str, age: float) -> None:
        self.service.audit.record(name, entity_type, age=age)


@contextlib.asynccontextmanager
async def running_double(
    kind: str, *, in_content: bool = False, limited: bool = False
) -> AsyncIterator[Double]:
    """`kind`: sandbox or strict. Unless `limited`, as many calls a second as one likes."""
    rate = 10 if limited else 100_000
    if kind == "sandbox":
        style = "content" if in_content else "array"
        async with running(list_style=style, rate_limit=rate, suspend_after=0) as (sandbox, client):
            app = (sandbox.settings.client_id, sandbox.settings.client_secret)
            yield SandboxDouble(client, app, sandbox)
        return
    service = StrictWebhooks(rate=rate)
    service.book.in_content = in_content
    async with (
        served_double(service.answer) as port,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        service.base = f"http://127.0.0.1:{port}"
        yield StrictDouble(Client(service.base, session), service.oauth.app, service)


def said(answer: Answer) -> str:
    """The words of an error, which is JSON in the form of its API."""
    value: dict[str, Any] = answer.json
    assert isinstance(value["message"], str), answer.text
    assert value["message"]
    return value["message"]
