"""The benchmark's account: logs in to srhooks through the sandbox and creates a subscription."""

import asyncio
import re
from dataclasses import dataclass
from html import unescape

import aiohttp
from yarl import URL

from srhooks.bench.database import Database
from srhooks.bench.processes import SECRET, BenchError
from srhooks.crypto import Vault
from srhooks.web.http.session import COOKIE

PERSON = "5f0c6b1ae4b0a7d21c9e0001"  # an administrator of the sandbox
EVENTS = ("application.created", "application.status.updated", "job.updated")


@dataclass(frozen=True)
class Account:
    base: str
    cookie: str
    hook_id: str
    subscription_id: str
    key: str  # the secret key that signs its notifications
    api_url: str


def open_account(base: str, api_url: str, database: Database) -> Account:
    """Log in at `base`, create an active subscription, read its secret key. Raises BenchError."""
    cookie, hook_id, subscription_id = asyncio.run(_subscribe(base))
    rows = database.fetch(
        "SELECT sealed FROM hook_keys WHERE hook_id = $1 ORDER BY id DESC", hook_id
    )
    if not rows:
        raise BenchError("the subscription has no signing key")
    key = Vault([SECRET]).open(rows[0][0])
    return Account(base, cookie, hook_id, subscription_id, key, api_url)


async def _subscribe(base: str) -> tuple[str, str, str]:
    jar = aiohttp.CookieJar(unsafe=True)  # "unsafe" only means that hosts may be IP addresses
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await _log_in(session, base)
        body = {"events": list(EVENTS), "active": True}
        headers = {"Accept": "application/json", "Origin": base}
        async with session.post(f"{base}/subscriptions", json=body, headers=headers) as answer:
            created = await answer.json()
            if answer.status != 201 or "activationError" in created:
                raise BenchError(f"cannot subscribe: {answer.status} {created}")
        cookie = jar.filter_cookies(URL(base))[COOKIE].value
    return f"{COOKIE}={cookie}", created["hookId"], created["id"]


async def _log_in(session: aiohttp.ClientSession, base: str) -> None:
    """Follow /auth and allow access on the sandbox's consent page. Raises BenchError."""
    async with session.get(f"{base}/auth") as page:
        html, consent = await page.text(), page.url
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)
    }
    fields |= {"user": PERSON, "decision": "allow"}
    async with session.post(consent.with_query(None), data=fields) as answer:
        if answer.status != 200 or answer.url.path != "/notifications":
            raise BenchError(f"cannot log in: {answer.status} at {answer.url.path}")
