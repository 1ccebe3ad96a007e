"""What the strict double posts to a callback URL: handshakes, notifications, its own check."""

import asyncio
import base64
import hashlib
import hmac
import time
from typing import Any

import aiohttp

from tests.support.strict_subscriptions import Record, Subscribed

HANDSHAKE_SECONDS = 20.0
ANSWER_SECONDS = 5.0


async def handshake_holds(one: Subscribed, secret: str) -> bool:
    """Whether the receiver answers 200 with the same secret, in time."""
    status, headers = await post(
        one.callback_url, b"", {"X-Hook-Secret": secret}, seconds=HANDSHAKE_SECONDS
    )
    return status == 200 and headers.get("X-Hook-Secret") == secret


async def reachable(url: str) -> bool:
    """The service's own check: none of the headers, and a 202 is expected."""
    status, _ = await post(url, b'{"id":"example"}', {"Content-Type": "application/json"})
    return status == 202


async def send(one: Subscribed, event_id: str, event: str, body: bytes, link: str) -> int:
    """One try, which is recorded; the status of the answer (0: none)."""
    headers = {
        "Content-Type": "application/json", "event-id": event_id, "event-name": event,
        "event-version": "v201910", "link": f"<{link}>; rel=self",
        "smartrecruiters-timestamp": str(int(time.time())),
    }  # fmt: skip
    if keys := one.live_keys():
        signed = signed_text(headers, body)
        headers["smartrecruiters-signature"] = ";".join(
            "v1=" + hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys
        )
    headers |= await _authentication(one.authentication)
    at = time.time()
    status, _ = await post(one.callback_url, body, headers)
    one.log.insert(0, Record(at, status == 202, one.callback_url, body.decode(), headers))
    return status


def signed_text(headers: dict[str, str], body: bytes) -> bytes:
    """What the signature covers; a header that is absent is empty."""
    before = headers.get("smartrecruiters-timestamp", "").encode()
    names = ("event-id", "event-name", "event-version", "link")
    return b".".join([before, body, *(headers.get(name, "").encode() for name in names)])


async def post(
    url: str, body: bytes, headers: dict[str, str], *, seconds: float = ANSWER_SECONDS
) -> tuple[int, Any]:
    try:
        async with (
            aiohttp.ClientSession() as session,
            asyncio.timeout(seconds),
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer.status, answer.headers
    except (aiohttp.ClientError, TimeoutError):
        return 0, {}


async def _authentication(given: dict[str, str]) -> dict[str, str]:
    match given.get("type"):
        case "header":
            return {given["headerName"]: given["headerValue"]}
        case "basic":
            pair = f"{given['username']}:{given['password']}".encode()
            return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        case "oauth2":
            form = {
                "client_id": given["clientId"], "client_secret": given["clientSecret"],
                "grant_type": "client_credentials",
            }  # fmt: skip
            async with (
                aiohttp.ClientSession() as session,
                session.post(given["tokenServiceUrl"], data=form) as answer,
            ):
                value = await answer.json()
                return {"Authorization": f"Bearer {value['access_token']}"}
    return {}
