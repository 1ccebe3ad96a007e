"""A strict double of SmartRecruiters with webhooks: from a subscription to a signed notification.

Written from the vendor's texts and `tests/data/vendor_shapes.json` alone, without a line of the
sandbox or of the protocol's package: two readings of one text. What is not documented is refused:
an unknown field, a parameter, a wrong kind of body, a time in another form.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from srhooks.server.runner import served

from tests.support.harness import SECRET, free_port
from tests.support.process import Program
from tests.support.strict_entities import BODIES, LINKS, SCOPES, entity
from tests.support.strict_service import COMPANY, LIST, Seen, StrictService

SHAPES: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "vendor_shapes.json").read_text()
)
MOST_SUBSCRIPTIONS = 20
MOST_KEYS = 16
HANDSHAKE_SECONDS = 20.0
ANSWER_SECONDS = 5.0
A_SECOND, AT_ONCE = 10, 8
LOG_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:?\d\d")
AUTHENTICATIONS = {
    "basic": "callback_basic_auth",
    "header": "callback_header_auth",
    "oauth2": "callback_o_auth2_auth",
}


class RefusedError(Exception):
    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


def refuse_unless(condition: object, message: str, status: int = 400) -> None:
    if not condition:
        raise RefusedError(status, message)


@dataclass
class Subscribed:
    id: str
    holder: str
    callback_url: str
    events: list[str]
    authentication: dict[str, str]
    status: str = "inactive"
    keys: list[str] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Without what is write-only: the address for alerts and the authentication."""
        events = [{"name": name, "version": "v201910"} for name in self.events]
        return {
            "id": self.id, "callbackUrl": self.callback_url, "events": events,
            "status": self.status,
        }  # fmt: skip


@dataclass
class StrictWebhooks(StrictService):
    subscriptions: dict[str, Subscribed] = field(default_factory=dict)
    asked: dict[str, deque[float]] = field(default_factory=dict)  # by credential: when
    busy: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)  # what a strict service does not take

    async def answer(self, request: web.Request) -> web.Response:
        holder = self._holder(request)
        if holder is None or request.path in self.replies or request.path == COMPANY:
            return await super().answer(request)
        self.busy[holder] = self.busy.get(holder, 0) + 1
        try:
            value, status = await self._answer(request, holder)
        except RefusedError as error:
            value, status = error.body, error.status
            if status in {400, 405, 415, 429}:
                self.refused.append(f"{request.method} {request.path_qs}: {error}")
        finally:
            self.busy[holder] -= 1
        headers = {
            "X-RateLimit-Limit": str(A_SECOND),
            "X-RateLimit-Remaining": str(A_SECOND - len(self.asked[holder])),
            "X-RateLimit-Concurrent-Limit": str(AT_ONCE),
            "X-RateLimit-Concurrent-Remaining": str(AT_ONCE - self.busy[holder]),
        }
        if value is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(value, status=status, headers=headers)

    def _holder(self, request: web.Request) -> str | None:
        """All keys of the company hold together; a client id holds its own."""
        key = request.headers.get("X-SmartToken")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key is not None and token:
            return None
        if key in self.keys:
            return "keys"
        return "client" if token and token in self.tokens else None

    async def _answer(self, request: web.Request, holder: str) -> tuple[Any, int]:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, str(request.rel_url), headers, {}))
        self._count(holder)
        if request.path.startswith(LIST):
            self._need(holder, "webhooks_manage")
            return await self._webhooks(request, holder, body)
        refuse_unless(request.method == "GET", "no such method", 405)
        if request.path == "/user-api/v201804/users/me":
            raise RefusedError(404, "nobody in person is behind this credential", "NOT_FOUND")
        for name, pattern in LINKS.items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), request.path):
                self._need(holder, SCOPES[name])
                return entity(name, request.path), 200
        raise RefusedError(404, "nothing here", "NOT_FOUND")

    def _count(self, holder: str) -> None:
        now = time.monotonic()
        recent = self.asked.setdefault(holder, deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= A_SECOND or self.busy[holder] > AT_ONCE:
            raise RefusedError(429, "too many requests", "TOO_MANY_REQUESTS")
        recent.append(now)

    def _need(self, holder: str, scope: str) -> None:
        if holder == "client" and scope not in (self.scope or "").split():
            raise RefusedError(403, f"OAuthPermissionsException: {scope}", "FORBIDDEN")

    async def _webhooks(self, request: web.Request, holder: str, body: bytes) -> tuple[Any, int]:
        method, _, rest = request.method, *request.path.partition(LIST)[1:]
        _, number, *what = rest.split("/") if rest else ("", "")
        if not number:
            if method == "POST":
                return self._create(request, holder, body), 201
            refuse_unless(method == "GET", "no such method", 405)
            return self._list(request, holder), 200
        one = self.subscriptions.get(number)
        if one is None or one.holder != holder:
            raise RefusedError(404, "no such subscription", "NOT_FOUND")
        refuse_unless(method == "POST" or not body, f"{method} has no body")
        match method, *what:
            case ("GET",):
                return one.shown(), 200
            case ("DELETE",):
                del self.subscriptions[number]
                return None, 204
            case "PUT", "activation":
                await self._activate(one)
                return None, 204
            case "POST", "secret-key":
                refuse_unless(len(one.keys) < MOST_KEYS, "too many keys")
                one.keys.append(secrets.token_urlsafe(16))
                return {"secretKey": one.keys[-1]}, 201
            case "GET", "secret-key":
                if not one.keys:
                    raise RefusedError(404, "no key", "NOT_FOUND")
                return {"secretKey": one.keys[-1]}, 200
            case "GET", "callbacks-log":
                return _page_of_log(one, request), 200
        raise RefusedError(405, "no such method", "METHOD_NOT_ALLOWED")

    def _create(self, request: web.Request, holder: str, body: bytes) -> dict[str, Any]:
        refuse_unless(request.content_type == "application/json", "JSON alone", 415)
        value = json.loads(body)
        _check_shape(value, "subscription_request")
        events = value["events"]
        refuse_unless(
            isinstance(events, list) and events and len(set(events)) == len(events), "events"
        )
        for name in events:
            refuse_unless(name in SHAPES["event_name"]["enum"], f"no such event: {name}")
        refuse_unless(re.match(r"https?://[^/]+/", value["callbackUrl"]), "callbackUrl")
        email = value.get("alertingEmailAddress", "a@b.example")
        refuse_unless(isinstance(email, str) and "@" in email, "alertingEmailAddress")
        authentication = value.get("callbackAuthentication", {})
        if authentication:
            shape = AUTHENTICATIONS.get(authentication.get("type"), "error")
            _check_shape(authentication, shape)
            refuse_unless(set(authentication) == set(SHAPES[shape]["fields"]), shape)
            name = authentication.get("headerName", "x-")
            refuse_unless(name.lower().startswith("x-"), "headerName must start with x-")
        mine = [one for one in self.subscriptions.values() if one.holder == holder]
        refuse_unless(len(mine) < MOST_SUBSCRIPTIONS, "at most 20 subscriptions")
        one = Subscribed(
            secrets.token_hex(12), holder, value["callbackUrl"], events, authentication
        )
        self.subscriptions[one.id] = one
        return one.shown()

    def _list(self, request: web.Request, holder: str) -> list[dict[str, Any]]:
        _check_parameters(request, {"limit", "page_id"})
        limit = _limit_of(request)
        mine = [one for one in self.subscriptions.values() if one.holder == holder]
        after = request.query.get("page_id")
        ids = [one.id for one in mine]
        refuse_unless(after is None or after in ids, "page_id")
        start = ids.index(after) + 1 if after else 0
        return [one.shown() for one in mine[start : start + limit]]

    async def _activate(self, one: Subscribed) -> None:
        secret = secrets.token_urlsafe(24)
        try:
            async with (
                aiohttp.ClientSession() as session,
                asyncio.timeout(HANDSHAKE_SECONDS),
                session.post(
                    one.callback_url, headers={"X-Hook-Secret": secret}, allow_redirects=False
                ) as answer,
            ):
                await answer.read()
                echoed = answer.status == 200 and answer.headers.get("X-Hook-Secret") == secret
        except (aiohttp.ClientError, TimeoutError):
            echoed = False
        refuse_unless(echoed, "the handshake failed")
        one.status = "active"

    async def notify(self, event: str, ids: dict[str, str] | None = None) -> list[int]:
        """Send `event` to each active subscription that has it; what was answered (0: nothing)."""
        fields = SHAPES[BODIES[event]]["fields"]
        given = {name: secrets.token_hex(12) for name in fields} | (ids or {})
        body = json.dumps({name: given[name] for name in fields}).encode()
        link = f"<{self.base}{LINKS[event].format(**given)}>; rel=self"
        sent = [
            self._send(one, event, body, link)
            for one in self.subscriptions.values()
            if one.status == "active" and event in one.events
        ]
        return list(await asyncio.gather(*sent))

    async def _send(self, one: Subscribed, event: str, body: bytes, link: str) -> int:
        headers = {
            "Content-Type": "application/json", "event-id": str(secrets.randbelow(10**9)),
            "event-name": event, "event-version": "v201910", "link": link,
            "smartrecruiters-timestamp": str(int(time.time())),
        }  # fmt: skip
        if one.keys:
            signed = signed_text(headers, body)
            headers["smartrecruiters-signature"] = ";".join(
                "v1=" + hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
                for key in one.keys
            )
        if one.authentication.get("type") == "header":
            headers[one.authentication["headerName"]] = one.authentication["headerValue"]
        status = 0
        try:
            async with (
                aiohttp.ClientSession() as session,
                asyncio.timeout(ANSWER_SECONDS),
                session.post(
                    one.callback_url, data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        details = {"url": one.callback_url, "body": body.decode(), "headers": headers}
        one.log.insert(0, {
            "status": "successful" if status == 202 else "failed",
            "timestamp": moment, "requestDetails": details,
        })  # fmt: skip
        return status


def signed_text(headers: dict[str, str], body: bytes) -> bytes:
    """What the signature covers; a header that is absent is empty."""
    before = headers.get("smartrecruiters-timestamp", "").encode()
    names = ("event-id", "event-name", "event-version", "link")
    return b".".join([before, body, *(headers.get(name, "").encode() for name in names)])


def _check_shape(value: Any, shape: str) -> None:
    refuse_unless(isinstance(value, dict), f"{shape}: an object")
    known = SHAPES[shape]
    unknown = set(value) - set(known["fields"])
    missing = set(known.get("required", ())) - set(value)
    refuse_unless(not unknown and not missing, f"{shape}: {unknown or missing}")


def _check_parameters(request: web.Request, known: set[str]) -> None:
    unknown = set(request.query) - known
    refuse_unless(not unknown, f"unknown parameters: {unknown}")


def _limit_of(request: web.Request) -> int:
    text = request.query.get("limit", "10")
    refuse_unless(text.isdecimal() and 1 <= int(text) <= 100, "limit: 1 to 100")
    return int(text)


def _page_of_log(one: Subscribed, request: web.Request) -> list[dict[str, Any]]:
    """An array without ids, newest first: it goes on before a time, which is left out."""
    _check_parameters(request, {"limit", "page_id", "callbackStatus", "after", "before"})
    wanted = request.query.get("callbackStatus")
    refuse_unless(wanted in {None, "successful", "failed"}, "callbackStatus")
    bounds: dict[str, datetime] = {}
    for name in ("after", "before"):
        if (text := request.query.get(name)) is not None:
            refuse_unless(LOG_TIME.fullmatch(text), f"{name}: yyyy-MM-ddTHH:mm:ss.SSSZZ")
            bounds[name] = datetime.fromisoformat(text)
    kept = [
        record
        for record in one.log
        if (wanted is None or record["status"] == wanted)
        and ("before" not in bounds or _moment(record) < bounds["before"])
        and ("after" not in bounds or _moment(record) > bounds["after"])
    ]
    return kept[: _limit_of(request)]


def _moment(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(record["timestamp"]))


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
