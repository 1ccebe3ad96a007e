"""A strict double of SmartRecruiters with webhooks: from a log-in to a signed notification.

Written from the vendor's texts and `tests/data/vendor_shapes.json` alone, without a line of the
sandbox or of the protocol's package: two readings of one text. What is not documented is refused:
an unknown field, a parameter, a wrong kind of body, a time in another form.
"""

import asyncio
import contextlib
import json
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from srhooks.server.runner import served

from tests.support.harness import SECRET, free_port
from tests.support.process import Program
from tests.support.strict_audit import PATH as AUDIT
from tests.support.strict_audit import StrictAudit
from tests.support.strict_delivery import handshake_holds, send
from tests.support.strict_entities import LINKS, SCOPES, body_fields, entity
from tests.support.strict_oauth import ALLOW, Grant, StrictOAuth, TokenRefusedError
from tests.support.strict_refusals import RefusedError, check_parameters, refuse_unless
from tests.support.strict_service import COMPANY, LIST, TOKEN, Seen, StrictService
from tests.support.strict_subscriptions import StrictSubscriptions

ADMINISTRATOR = "ADMINISTRATOR"
ME = "/user-api/v201804/users/me"
WEBHOOK_SCOPES = {"GET": "webhooks_read", "DELETE": "webhooks_delete"}  # else webhooks_write


@dataclass(frozen=True)
class Caller:
    credential: str  # what limits count by
    owner: str  # whose subscriptions: all keys of the company hold together
    grant: Grant | None  # None: a key, which may do everything
    role: str


@dataclass
class StrictWebhooks(StrictService):
    rate: int = 10  # a second, of a credential
    at_once: int = 8
    roles: dict[str, str] = field(default_factory=dict)  # of client ids, else ADMINISTRATOR
    book: StrictSubscriptions = field(default_factory=StrictSubscriptions)
    audit: StrictAudit = field(default_factory=StrictAudit)
    oauth: StrictOAuth = field(init=False)
    gone: dict[str, int] = field(default_factory=dict)  # paths of deleted things: 404 or 410
    asked: dict[str, deque[float]] = field(default_factory=dict)  # by credential: when
    busy: dict[str, int] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)  # by path: when it is answered
    refused: list[str] = field(default_factory=list)  # what a strict service does not take

    def __post_init__(self) -> None:
        self.oauth = StrictOAuth(self.clients)

    async def answer(self, request: web.Request) -> web.Response:
        answer = await self._work(request)
        if request.path in self.held:
            await self.held[request.path].wait()
        return answer

    async def _work(self, request: web.Request) -> web.Response:
        body = await request.read()
        form = {name: str(value) for name, value in (await request.post()).items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, str(request.rel_url), headers, form))
        if request.path in self.replies:
            status, value = self.replies[request.path]
            return web.json_response(value, status=status)
        if request.path.startswith("/identity/"):
            return self._identity(request, form)
        caller = self._caller(request)
        credential = caller.credential if caller else "nobody"
        self.busy[credential] = self.busy.get(credential, 0) + 1
        try:
            self._count(credential)
            value, status = await self._answer(request, caller, body)
        except RefusedError as error:
            value, status = error.body(request.path), error.status
            self._note(request, error, status)
        finally:
            self.busy[credential] -= 1
        limits = {
            "X-RateLimit-Limit": str(self.rate),
            "X-RateLimit-Remaining": str(self.rate - len(self.asked[credential])),
            "X-RateLimit-Concurrent-Limit": str(self.at_once),
            "X-RateLimit-Concurrent-Remaining": str(max(0, self.at_once - self.busy[credential])),
        }
        if value is None:
            return web.Response(status=status, headers=limits)
        return web.json_response(value, status=status, headers=limits)

    def _note(self, request: web.Request, error: Exception, status: int) -> None:
        if status in {400, 405, 415, 429}:
            self.refused.append(f"{request.method} {request.path_qs}: {error}")

    def _identity(self, request: web.Request, form: dict[str, str]) -> web.Response:
        if (request.method, request.path) == ("GET", ALLOW):
            answer = self.oauth.consent(request)
            if answer.status != 302 or "error=" in answer.headers["Location"]:
                self.refused.append(f"GET {request.path_qs}")
            return answer
        if (request.method, request.path) != ("POST", TOKEN):
            return web.Response(status=404)
        self.oauth.default_scope, self.oauth.names_scopes = self.scope or "", self.scope is not None
        self.oauth.expires_in = self.expires_in
        try:
            return web.json_response(self.oauth.token(request, form))
        except TokenRefusedError as error:
            status = 401 if str(error) == "invalid_client" else 400
            self._note(request, error, status)
            return web.json_response({"error": str(error)}, status=status)

    def _caller(self, request: web.Request) -> Caller | None:
        key = request.headers.get("X-SmartToken")
        if key is not None and "Authorization" not in request.headers and key in self.keys:
            return Caller(f"key {key}", "keys", None, ADMINISTRATOR)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self.oauth.grant_of(token) if scheme == "Bearer" and key is None else None
        if grant is None:
            return None
        if grant.person is not None:
            name = f"person {grant.person['id']}"
            return Caller(name, name, grant, grant.person["systemRole"]["id"])
        name = f"client {grant.client_id}"
        return Caller(name, name, grant, self.roles.get(grant.client_id, ADMINISTRATOR))

    def _count(self, credential: str) -> None:
        now = time.monotonic()
        recent = self.asked.setdefault(credential, deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= self.rate or self.busy[credential] > self.at_once:
            raise RefusedError(429, "too many requests", "TOO_MANY_REQUESTS")
        recent.append(now)

    async def _answer(
        self, request: web.Request, caller: Caller | None, body: bytes
    ) -> tuple[Any, int]:
        both = "X-SmartToken" in request.headers and "Authorization" in request.headers
        refuse_unless(not both, "two credentials at a time")
        if caller is None:
            raise RefusedError(401, "who are you?", "UNAUTHORIZED")
        path = request.path
        if path == LIST or path.startswith(f"{LIST}/"):
            scope = WEBHOOK_SCOPES.get(request.method, "webhooks_write")
            self._need(caller, "webhooks_manage", scope, administrator=True)
            return await self._webhooks(request, caller.owner, body)
        refuse_unless(request.method == "GET", "no such method", 405)
        if path == AUDIT:
            self._need(caller, "audit_events_read", administrator=True)
            return self.audit.page(request), 200
        check_parameters(request)
        if path == COMPANY:
            self._need(caller, "company_read")
            refuse_unless(self.company is not None, "OAuthPermissionsException", 403)
            return self.company, 200
        if path == ME:
            if caller.grant is None or caller.grant.person is None:
                raise RefusedError(404, "nobody in person is behind this credential", "NOT_FOUND")
            self._need(caller, "user_me_read")
            return caller.grant.person, 200
        return self._entity(caller, path), 200

    def _entity(self, caller: Caller, path: str) -> dict[str, Any]:
        for name, pattern in LINKS.items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                self._need(caller, SCOPES[name])
                refuse_unless(path not in self.gone, "deleted", self.gone.get(path, 404))
                return entity(name, self.base, path)
        raise RefusedError(404, "nothing here", "NOT_FOUND")

    def _need(self, caller: Caller, *scopes: str, administrator: bool = False) -> None:
        """One of the scopes, and for some calls the role besides."""
        if caller.grant is not None and caller.grant.scopes.isdisjoint(scopes):
            message = f"OAuthPermissionsException: {scopes[0]}"
            raise RefusedError(403, message, "OAuthPermissionsException")
        if administrator and caller.role != ADMINISTRATOR:
            raise RefusedError(403, "the system role is too low", "FORBIDDEN")

    async def _webhooks(self, request: web.Request, owner: str, body: bytes) -> tuple[Any, int]:
        method = request.method
        subscription_id, *what = request.path.removeprefix(LIST).strip("/").split("/")
        if not subscription_id:
            if method == "POST":
                return self.book.create(request, owner, body), 201
            refuse_unless(method == "GET", "no such method", 405)
            return self.book.page(request, owner), 200
        one = self.book.get(owner, subscription_id)
        refuse_unless(not body, f"{method} has no body")
        if what != ["callbacks-log"]:
            check_parameters(request)
        match method, *what:
            case ("GET",):
                return one.shown(), 200
            case ("DELETE",):
                del self.book.by_id[subscription_id]
                return None, 204
            case "PUT", "activation":
                held = await handshake_holds(one, secrets.token_urlsafe(24))
                refuse_unless(held, "the handshake failed")
                self.book.get(owner, subscription_id).status = "active"
                return None, 204
            case "POST", "secret-key":
                return {"secretKey": one.make_key()}, 201
            case "GET", "secret-key":
                return {"secretKey": one.newest_key()}, 200
            case "GET", "callbacks-log":
                return self.book.page_of_log(request, one), 200
        raise RefusedError(405, "no such method", "METHOD_NOT_ALLOWED")

    async def notify(
        self, event: str, ids: dict[str, str] | None = None, *, without: str = ""
    ) -> list[int]:
        """Send `event` to each active subscription that has it; what was answered (0: nothing).

        `without` is a field that the body does not have, as those of older applications.
        """
        given = {name: secrets.token_hex(12) for name in body_fields(event)} | (ids or {})
        fields = {name: given[name] for name in body_fields(event) if name != without}
        path = LINKS[event].format(**given)
        if event.endswith(".deleted"):
            self.gone[path] = 410 if event.startswith("candidate.") else 404
        event_id, body = str(secrets.randbelow(10**9)), json.dumps(fields).encode()
        sent = [
            send(one, event_id, event, body, self.base + path)
            for one in list(self.book.by_id.values())
            if one.status == "active" and event in one.events
        ]
        return list(await asyncio.gather(*sent))


@contextlib.asynccontextmanager
async def strict_serve(folder: Path) -> AsyncIterator[tuple[StrictWebhooks, Program]]:
    """`srhooks serve` as an administrator starts it, beside the double: SESSION_SECRET alone.

    The rest of its environment are the two addresses: where the service is, and where it is itself.
    """
    service = StrictWebhooks()
    outside = web.Application()
    outside.router.add_route("*", "/{path:.*}", service.answer)
    async with served(outside, "127.0.0.1", 0) as bound:
        service.base = f"http://127.0.0.1:{bound}"
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        program = Program(folder, base, {
            "SESSION_SECRET": SECRET.replace(",", ""),
            "SMARTRECRUITERS_API_URL": service.base,
            "APP_URL": base, "PORT": str(port),
        })  # fmt: skip
        program.working_directory = folder  # where its database goes by default
        await program.start()
        try:
            yield service, program
        finally:
            await program.kill()
