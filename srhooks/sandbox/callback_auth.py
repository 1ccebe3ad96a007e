"""callbackAuthentication: how a subscription's receiver wants the service to log in.

Source: developers.smartrecruiters.com, "Webhooks security". Three types: basic, header, oauth2.
The secrets go to the receiver (or its token service) alone and are never shown again.
"""

import base64
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from srhooks.sandbox.errors import Problem

FIELDS = {
    "basic": ("username", "password"),
    "header": ("headerName", "headerValue"),
    "oauth2": ("clientId", "clientSecret", "tokenServiceUrl"),
}
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
EARLY = 30.0  # seconds before its expiry at which a token is renewed


class CallbackAuthError(Exception):
    """The receiver's token service gave no token; the message says why."""


@dataclass(kw_only=True)
class CallbackAuth:
    """A checked callbackAuthentication and, for oauth2, the token it got last."""

    type: str
    values: dict[str, str]
    token: str = ""
    token_until: float = 0.0


def parse_callback_auth(value: object) -> tuple[CallbackAuth | None, list[Problem]]:
    """The checked callbackAuthentication (None: it is not valid) and a list of problems."""
    if not isinstance(value, dict):
        return None, [_wrong("callbackAuthentication must be an object")]
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        kinds = ", ".join(FIELDS)
        return None, [_wrong(f"callbackAuthentication.type must be one of {kinds}")]
    values: dict[str, str] = {}
    known = ("type", *FIELDS[kind])
    problems = [
        _wrong(f"Unknown field: callbackAuthentication.{str(name)[:80]}")
        for name in value
        if name not in known
    ]
    for name in FIELDS[kind]:
        given = value.get(name)
        if not isinstance(given, str) or not given or UNPRINTABLE.search(given):
            problems.append(_wrong(f"callbackAuthentication.{name} must be a line of text"))
        else:
            values[name] = given
    if "headerName" in values and not HEADER_NAME.fullmatch(values["headerName"]):
        problems.append(_wrong("callbackAuthentication.headerName is not a header's name"))
    elif not values.get("headerName", "x-").lower().startswith("x-"):
        problems.append(_wrong("callbackAuthentication.headerName must start with x-"))
    if "tokenServiceUrl" in values and not is_http_url(values["tokenServiceUrl"]):
        problems.append(_wrong("callbackAuthentication.tokenServiceUrl must be an http(s) URL"))
    if problems:
        return None, problems
    return CallbackAuth(type=kind, values=values), []


def is_http_url(text: str) -> bool:
    """Whether text is an absolute http or https URL with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port != 0)
    except ValueError:
        return False


async def auth_headers(
    auth: CallbackAuth | None, session: aiohttp.ClientSession, within: aiohttp.ClientTimeout
) -> dict[str, str]:
    """The header to add to a call; raises CallbackAuthError."""
    if auth is None:
        return {}
    values = auth.values
    if auth.type == "header":
        return {values["headerName"]: values["headerValue"]}
    if auth.type == "basic":
        pair = f"{values['username']}:{values['password']}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    if not auth.token or time.monotonic() >= auth.token_until:
        await _fetch_token(auth, session, within)
    return {"Authorization": f"Bearer {auth.token}"}


def forget_token(auth: CallbackAuth | None) -> None:
    """After a 401: the next call asks the token service again."""
    if auth is not None:
        auth.token = ""


async def _fetch_token(
    auth: CallbackAuth, session: aiohttp.ClientSession, within: aiohttp.ClientTimeout
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": auth.values["clientId"],
        "client_secret": auth.values["clientSecret"],
    }
    url = auth.values["tokenServiceUrl"]
    try:
        async with session.post(url, data=form, timeout=within, allow_redirects=False) as response:
            if response.status != 200:
                raise CallbackAuthError(f"the token service answered {response.status}")
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise CallbackAuthError(f"the token service failed: {type(error).__name__}") from error
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token or UNPRINTABLE.search(token):
        raise CallbackAuthError("the token service's answer has no access_token")
    lasts = answer.get("expires_in")
    auth.token = token
    seconds = lasts / 1000 if isinstance(lasts, int | float) else 300.0  # it is in milliseconds
    auth.token_until = time.monotonic() + max(0.0, seconds - EARLY)


def _wrong(message: str) -> Problem:
    return Problem(code="INVALID_CALLBACK_AUTHENTICATION", message=message)
