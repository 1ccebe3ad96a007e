"""Fault rules, which make the API fail in the ways of real services."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from srhooks.sandbox.callback_auth import HEADER_NAME, UNPRINTABLE

MAX_DELAY = 600.0


class FaultError(ValueError):
    """An invalid rule; the message says why."""


@dataclass(kw_only=True)
class Fault:
    """One rule. With neither `status` nor `drop` it only delays the real answer."""

    path: re.Pattern[str]
    method: str | None = None
    times: int | None = None  # how many requests it still applies to; None: until cleared
    status: int | None = None
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    until: float | None = None  # by the monotonic clock; None: until cleared
    struck: int = 0

    def matches(self, method: str, path: str) -> bool:
        return (self.method in (None, method)) and self.path.search(path) is not None


@dataclass(kw_only=True)
class FaultBook:
    """The rules in force; the first that matches a request is applied."""

    rules: list[Fault] = field(default_factory=list)

    def add(
        self,
        path: str = "",
        *,
        method: str | None = None,
        times: int | None = None,
        status: int | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
        delay: float = 0.0,
        drop: bool = False,
        until: float | None = None,
    ) -> Fault:
        """Adds a rule; raises FaultError. `body` that is no string is sent as JSON."""
        try:
            pattern = re.compile(path)
        except re.error as error:
            raise FaultError(f"path is not a regular expression: {error}") from None
        if status is not None and not 200 <= status <= 599:
            raise FaultError("status must be between 200 and 599")
        if times is not None and times < 1:
            raise FaultError("times must be 1 or more")
        if not 0 <= delay <= MAX_DELAY:
            raise FaultError(f"delay must be between 0 and {MAX_DELAY:.0f} seconds")
        for name, value in (headers or {}).items():
            if not HEADER_NAME.fullmatch(name) or UNPRINTABLE.search(value):
                raise FaultError(f"headers: {name!r} is not a header, or its value not a line")
        if status is None and (body is not None or headers):
            status = 200  # an invalid body with a status that looks fine
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        rule = Fault(
            path=pattern,
            method=method.upper() if method else None,
            times=times,
            status=status,
            body=text,
            headers=dict(headers or {}),
            delay=delay,
            drop=drop,
            until=until,
        )
        self.rules.append(rule)
        return rule

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The first rule that matches the request, with its count reduced; None if none does."""
        now = time.monotonic()
        self.rules[:] = [rule for rule in self.rules if rule.until is None or now < rule.until]
        for rule in self.rules:
            if rule.matches(method, path):
                rule.struck += 1
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times == 0:
                        self.rules.remove(rule)
                return rule
        return None


def fault_json(rule: Fault) -> dict[str, Any]:
    """A rule as the control routes return it."""
    return {
        "path": rule.path.pattern,
        "method": rule.method,
        "times": rule.times,
        "status": rule.status,
        "delay": rule.delay,
        "drop": rule.drop,
        "struck": rule.struck,
    }


async def enact(rule: Fault, request: web.Request) -> web.StreamResponse | None:
    """Wait, then drop the connection or answer. None: the real answer follows."""
    if rule.delay:
        await asyncio.sleep(rule.delay)
    if rule.drop:
        return await _break_off(rule, request)
    if rule.status is None:
        return None
    text = rule.body
    if text is None:
        text = json.dumps({"code": "FAULT", "message": f"Fault on order: {rule.status}"})
    headers = {"Content-Type": "application/json"} | rule.headers
    return web.Response(status=rule.status, body=text.encode(), headers=headers)


async def _break_off(rule: Fault, request: web.Request) -> web.StreamResponse:
    """Announce a long body, send its beginning and close the connection."""
    response = web.StreamResponse(status=rule.status or 200, headers=rule.headers)
    response.content_type = "application/json"
    response.content_length = 4096
    await response.prepare(request)
    await response.write((rule.body or '{"id": "').encode()[:4000])
    if request.transport is not None:
        request.transport.close()
    return response
