"""A strict double of SmartRecruiters for credentials: it says who asked, and with which header.

Keys, client ids, scopes and the company are plain dictionaries, changed by the test as it goes.
"""

import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from srhooks.config import Settings

from tests.support.harness import AppWorld, Browser, application, served_double

LIST = "/webhooks-api/v201907/subscriptions"
COMPANY = "/configuration/company"
TOKEN = "/identity/oauth/token"


@dataclass
class Seen:
    method: str
    path: str  # with its query
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class StrictService:
    keys: set[str] = field(default_factory=lambda: {"k" * 32})
    clients: dict[str, str] = field(default_factory=lambda: {"client-1": "secret-1"})
    scope: str | None = "webhooks_manage jobs_read company_read"
    expires_in: int = 1800
    company: Any = field(default_factory=lambda: {"identifier": "acme", "name": "Acme <b>Ltd"})
    replies: dict[str, tuple[int, Any]] = field(default_factory=dict)  # by path, before all else
    tokens: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    base: str = ""

    def calls(self, path: str) -> list[Seen]:
        return [one for one in self.seen if one.path.partition("?")[0] == path]

    async def answer(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, str(request.rel_url), headers, form))
        if request.path in self.replies:
            return _reply(*self.replies[request.path])
        if request.path == TOKEN:
            return self._token(form)
        key, authorization = headers.get("x-smarttoken"), headers.get("authorization", "")
        if key is not None and authorization:
            return _reply(400, {"message": "two credentials at a time"})
        if key not in self.keys and authorization.removeprefix("Bearer ") not in self.tokens:
            return _reply(401, {"message": "who are you?"})
        if request.path == LIST:
            return _reply(200, [])
        if request.path == COMPANY:
            if self.company is None:
                return _reply(403, {"message": "OAuthPermissionsException: company_read"})
            return _reply(200, self.company)
        if request.path.startswith("/jobs/"):
            return _reply(200, {"id": request.path.rpartition("/")[2], "title": "Cook"})
        return _reply(404, {"message": "nothing here"})

    def _token(self, form: dict[str, str]) -> web.Response:
        known = self.clients.get(form.get("client_id", ""))
        if form.get("grant_type") != "client_credentials" or known != form.get("client_secret"):
            return _reply(401, {"error": "invalid_client"})
        token = secrets.token_hex(8)
        self.tokens.add(token)
        value = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        return _reply(200, value if self.scope is None else {**value, "scope": self.scope})


def _reply(status: int, value: Any) -> web.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return web.Response(status=status, body=body, content_type="application/json")


@dataclass
class StrictWorld(AppWorld):
    service: StrictService
    settings: Settings
    app: web.Application

    @contextlib.asynccontextmanager
    async def logged_in(self, key: str = "k" * 32) -> AsyncIterator[Browser]:
        async with self.nobody() as browser:
            await browser.json("POST", "/login/api-key", data={"api_key": key})
            yield browser


@contextlib.asynccontextmanager
async def strict_world(
    folder: Path, service: StrictService | None = None, **changed: Any
) -> AsyncIterator[StrictWorld]:
    service = service or StrictService()
    async with served_double(service.answer) as port:
        service.base = f"http://127.0.0.1:{port}"
        if "client_id" not in changed:  # no log-in by OAuth: nobody is at the identity service
            changed |= {"client_id": "", "client_secret": "", "identity_url": "http://127.0.0.1:9"}
        async with application(folder, port, **changed) as (app, settings):
            yield StrictWorld(service, settings, app)
