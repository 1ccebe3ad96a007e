"""A second double of SmartRecruiters, unlike the sandbox wherever the documentation allows.

Lists come as {"content": ...} in pages of three, ids are numbers, fields stand in another order,
errors have other shapes, activation answers 200, tokens may be short-lived and without a refresh
token. It signs what it sends with whichever key is newest, and says what it was asked.
"""

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from srhooks.config import Settings
from srhooks.protocol.signature import sign
from yarl import URL

from tests.support.harness import AppWorld, Browser, application, served_double

ROOT = "/webhooks-api/v201907/subscriptions"
Reply = tuple[int, Any, dict[str, str]]
FAMOUS: dict[str, Any] = {
    "systemRole": {"name": "Admin", "id": "ADMINISTRATOR"},
    "email": "zoe@odd.example",
    "lastName": "Quist",
    "firstName": "Zoe",
    "id": 4711,
}


@dataclass
class OddService:
    profile: Any = field(default_factory=lambda: dict(FAMOUS))
    token: dict[str, Any] = field(default_factory=lambda: {"expires_in": "1800"})
    has_refresh: bool = False
    has_keys: bool = True  # whether the newest key can be looked up
    replies: dict[tuple[str, str], list[Reply]] = field(default_factory=dict)
    entities: dict[str, list[Reply]] = field(default_factory=dict)  # the last one stays
    delay: dict[str, float] = field(default_factory=dict)
    seen: list[tuple[float, str, str]] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    wrong_tokens: list[str] = field(default_factory=list)
    handshake_delay: float = 0.0
    base: str = ""
    _numbers: Any = field(default_factory=lambda: itertools.count(900))

    def calls(self, method: str, path: str) -> int:
        return Counter((one, where) for _, one, where in self.seen)[method, path]

    def revoke(self) -> None:
        self.tokens.clear()
        self.refresh_tokens.clear()

    def rotate_key(self, subscription_id: str) -> str:
        """As another program of the same customer would."""
        self.keys.setdefault(subscription_id, []).append(secrets.token_hex(8))
        return self.keys[subscription_id][-1]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, request.path
        self.seen.append((time.monotonic(), method, path))
        await asyncio.sleep(self.delay.get(path, 0.0))
        if path == "/identity/oauth/token":
            return await self._token(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            self.wrong_tokens.append(path)
            return reply(401, {"errors": [{"message": "expired"}]})
        ordered = self.replies.get((method, path))
        if ordered:
            return reply(*(ordered.pop(0) if len(ordered) > 1 else ordered[0]))
        if path.startswith("/user-api/"):
            return reply(200, self.profile)
        if path in self.entities:
            left = self.entities[path]
            return reply(*(left.pop(0) if len(left) > 1 else left[0]))
        if path == ROOT:
            return await self._all(request)
        if path.startswith(ROOT):
            return await self._one(request, *path.removeprefix(ROOT + "/").split("/"))
        return reply(404, "nothing here")

    async def _token(self, request: web.Request) -> web.Response:
        ordered = self.replies.get(("POST", "/identity/oauth/token"))
        if ordered:
            return reply(*(ordered.pop(0) if len(ordered) > 1 else ordered[0]))
        form = await request.post()
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return reply(400, {"error": "invalid_grant"})
            self.refresh_tokens.discard(str(form["refresh_token"]))
        access = "odd." + secrets.token_hex(8)
        self.tokens.add(access)
        value: dict[str, Any] = {"scope": "all", **self.token, "access_token": access}
        if self.has_refresh:
            value["refresh_token"] = secrets.token_hex(8)
            self.refresh_tokens.add(value["refresh_token"])
        return reply(200, value)

    async def _all(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            start = int(request.query.get("page_id", "0"))
            every = list(self.subscriptions.values())
            more = start + 3 if start + 3 < len(every) else None
            return reply(200, {"nextPageId": more, "content": every[start : start + 3]})
        asked = await request.json()
        self.created.append(asked)
        number = next(self._numbers)
        names = [{"version": "v201910", "name": name} for name in asked["events"]]
        made = {"status": "inactive", "events": names, "callbackUrl": asked["callbackUrl"]}
        self.subscriptions[str(number)] = {**made, "id": number}
        return reply(201, self.subscriptions[str(number)])

    async def _one(
        self, request: web.Request, subscription_id: str, what: str = ""
    ) -> web.Response:
        one = self.subscriptions.get(subscription_id)
        if one is None:
            return reply(404, {"error_description": "no such subscription"})
        if request.method == "DELETE":
            del self.subscriptions[subscription_id]
            return reply(200, {})
        if what == "activation":
            async with (
                aiohttp.ClientSession() as session,
                session.post(one["callbackUrl"], headers={"x-hook-SECRET": "a b/c+="}) as hook,
            ):
                await asyncio.sleep(self.handshake_delay)
                if hook.status != 200 or hook.headers.get("X-Hook-Secret") != "a b/c+=":
                    return reply(422, {"errors": ["handshake failed"]})
            one["status"] = "active"
            return reply(200, one)
        if what == "secret-key" and request.method == "POST":
            return reply(200, {"validTo": None, "secretKey": self.rotate_key(subscription_id)})
        if what == "secret-key" and self.has_keys and self.keys.get(subscription_id):
            return reply(200, {"secretKey": self.keys[subscription_id][-1]})
        return reply(404, "")


def reply(status: int, value: Any, headers: dict[str, str] | None = None) -> web.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return web.Response(
        status=status, body=body, headers={"Content-Type": "application/json", **(headers or {})}
    )


@dataclass
class OddWorld(AppWorld):
    service: OddService
    settings: Settings
    app: web.Application

    @contextlib.asynccontextmanager
    async def logged_in(self) -> AsyncIterator[Browser]:
        async with self.nobody() as browser:
            answer = await self.log_in(browser)
            assert answer.status == 303, await answer.text()
            yield browser

    async def log_in(self, browser: Browser) -> aiohttp.ClientResponse:
        """The consent page is skipped: the service sends the person back with a code."""
        async with browser.request("GET", "/auth") as start:
            state = URL(start.headers["Location"]).query["state"]
        query = urlencode({"state": state, "code": "odd code/+"})
        answer: aiohttp.ClientResponse = await browser.request("GET", f"/auth/callback?{query}")
        await answer.read()
        return answer

    def link(self, path: str, **reply: Any) -> str:
        """A Link header to an entity of the service; it is {"path": path} unless given."""
        replies = reply.get("replies") or [(200, {"path": path}, {})]
        self.service.entities[path] = list(replies)
        return f"<{self.service.base}{path}>; rel=self"

    async def notify(
        self, hook_id: str, body: bytes = b"{}", key: str | None = None, **headers: str
    ) -> int:
        """Post a notification, signed if a key is given; the status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named.setdefault("smartrecruiters-timestamp", str(int(time.time())))
            named["smartrecruiters-signature"] = sign(key, named, body)
        return await super().notify(hook_id, body, **named)


@contextlib.asynccontextmanager
async def odd_world(
    folder: Path, service: OddService | None = None, **changed: Any
) -> AsyncIterator[OddWorld]:
    """srhooks with this double as its SmartRecruiters; start it again with the same service."""
    service = service or OddService()
    async with served_double(service.answer, URL(service.base).port or 0) as port:
        service.base = f"http://127.0.0.1:{port}"
        changed = {"client_id": "odd-client", "client_secret": "odd secret/+&", **changed}
        async with application(folder, port, **changed) as (app, settings):
            yield OddWorld(service, settings, app)
