"""A running sandbox, a client that logs in to it, and a receiver it can deliver to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from srhooks.sandbox import OAuthClient, Sandbox, SandboxSettings, SandboxUser, start_sandbox
from srhooks.sandbox.scopes import ALL_SCOPES
from yarl import URL

REDIRECT_URI = "http://localhost:9/auth/callback"
SCOPES = ALL_SCOPES
SUBSCRIPTIONS = "/webhooks-api/v201907/subscriptions"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


@dataclass
class Answer:
    """A whole response."""

    status: int
    headers: CIMultiDict[str]
    text: str
    json: Any


@dataclass
class Client:
    """Calls one sandbox, as one person once logged in."""

    base: str
    session: aiohttp.ClientSession
    token: str = ""
    key: str = ""  # an API key, sent instead of the token
    refresh_token: str = ""

    async def call(self, method: str, path: str | URL, **options: Any) -> Answer:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if self.key:
            headers.setdefault("X-SmartToken", self.key)
        url = path if isinstance(path, URL) or path.startswith("http") else self.base + path
        async with self.session.request(
            method, url, headers=headers, allow_redirects=False, **options
        ) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            value = await response.json() if is_json else None
            return Answer(response.status, CIMultiDict(response.headers), text, value)

    async def allow(self, user: SandboxUser, decision: str = "allow", **changed: str) -> Answer:
        """Answers the consent page."""
        form = {
            "client_id": CLIENT["client_id"],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SCOPES,
            "state": "st&te",
        }
        form |= {"user": user.id, "decision": decision} | changed
        return await self.call("POST", "/identity/oauth/allow", data=form)

    async def token_call(self, **form: str) -> Answer:
        data = CLIENT | form
        async with self.session.post(self.base + "/identity/oauth/token", data=data) as response:
            text = await response.text()
            return Answer(
                response.status, CIMultiDict(response.headers), text, await response.json()
            )

    async def log_in(self, user: SandboxUser, **changed: str) -> "Client":
        code = code_of(await self.allow(user, **changed))
        answer = await self.token_call(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI
        )
        assert answer.status == 200, answer.text
        return Client(
            self.base,
            self.session,
            token=answer.json["access_token"],
            refresh_token=answer.json["refresh_token"],
        )

    def with_key(self, key: str) -> "Client":
        """The same sandbox, called with an API key."""
        return Client(self.base, self.session, key=key)

    async def with_client_id(self, credential: OAuthClient, **form: str) -> "Client":
        """The same sandbox, called with a token for a client id."""
        answer = await self.token_call(
            grant_type="client_credentials",
            client_id=credential.client_id,
            client_secret=credential.client_secret,
            **form,
        )
        assert answer.status == 200, answer.text
        return Client(self.base, self.session, token=answer.json["access_token"])

    async def subscribe(
        self, url: str, *events: str, active: bool = True, **more: object
    ) -> dict[str, Any]:
        """A new subscription, activated unless told otherwise."""
        asked = {"callbackUrl": url, "events": list(events)} | more
        created = await self.call("POST", SUBSCRIPTIONS, json=asked)
        assert created.status == 201, created.text
        subscription: dict[str, Any] = created.json
        if active:
            path = f"{SUBSCRIPTIONS}/{subscription['id']}/activation"
            activated = await self.call("PUT", path)
            assert activated.status == 204, activated.text
        return subscription


@dataclass
class Receiver:
    """A hook that keeps what it got and answers as told."""

    url: str = ""
    status: int = 202
    delay: float = 0.0
    location: str = ""
    echo: Callable[[str], str | None] = lambda secret: secret
    handshake_status: int = 200
    handshake_delay: float = 0.0
    handshakes: list[CIMultiDict[str]] = field(default_factory=list)
    received: list[tuple[CIMultiDict[str], bytes]] = field(default_factory=list)
    token_calls: int = 0
    token_milliseconds: int = 3_600_000

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = CIMultiDict(request.headers)
        if "X-Hook-Secret" in headers:
            self.handshakes.append(headers)
            await asyncio.sleep(self.handshake_delay)
            echoed = self.echo(headers["X-Hook-Secret"])
            answer = {} if echoed is None else {"x-hook-secret": echoed}
            return web.Response(status=self.handshake_status, headers=answer)
        self.received.append((headers, body))
        if self.delay:
            await asyncio.sleep(self.delay)
        more = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=more)

    async def give_token(self, request: web.Request) -> web.Response:
        """The token service of callbackAuthentication oauth2."""
        form = await request.post()
        assert form["client_secret"] == "hook-client-secret"
        self.token_calls += 1
        token = f"hook-token-{self.token_calls}"
        return web.json_response({"access_token": token, "expires_in": self.token_milliseconds})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.answer)
    app.router.add_post("/token", receiver.give_token)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[tuple[Sandbox, Client]]:
    """A sandbox without rate limits unless `settings` name one, and a client not logged in."""
    chosen = SandboxSettings(**({"rate_limit": 0, "seed": 1} | settings))
    runner, sandbox = await start_sandbox(chosen)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield sandbox, Client(sandbox.base_url, session)
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Waits for a condition, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)


def code_of(answer: Answer) -> str:
    """The code in a redirect."""
    return query_of(answer)["code"]


def query_of(answer: Answer) -> dict[str, str]:
    """The query of a redirect's target."""
    assert answer.status == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}
