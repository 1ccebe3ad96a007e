"""One HTTP client for the outside service: bounded, timed, and never led astray.

No redirect is followed, no cookie kept, no netrc of the environment used, and a proxy only where
it was asked for (egress). A credential is sent only to a URL at the configured API origin: the
check is here, at the last moment, so that no caller can forget it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import aiohttp
from yarl import URL

from srhooks.domain.json_values import loads
from srhooks.egress import DIRECT, Egress
from srhooks.protocol.link_header import followable
from srhooks.server.heavy_work import LARGE, run_heavy
from srhooks.smartrecruiters.errors import (
    OddAnswerError,
    ServiceAnsweredError,
    ServiceUnreachableError,
    TooLargeError,
    UnauthorizedError,
)

MAX_ANSWER = 4 * 1024 * 1024  # bytes, after decompression
CONNECT_TIMEOUT = 10.0  # seconds
UNCONNECTED = (
    aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError,
)  # fmt: skip
MAX_MESSAGE = 500  # characters of the service's words that are passed on


@dataclass(frozen=True, slots=True)
class Authorization:
    """The one header that authorises a call: `Authorization` or `X-SmartToken`, never both."""

    header: Literal["Authorization", "X-SmartToken"]
    value: str = field(repr=False)


def bearer(access_token: str) -> Authorization:
    return Authorization("Authorization", f"Bearer {access_token}")


def smart_token(api_key: str) -> Authorization:
    return Authorization("X-SmartToken", api_key)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises OddAnswerError when it is not JSON."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError):
            raise OddAnswerError("SmartRecruiters sent an answer that is not JSON") from None

    async def read_json(self) -> Any:
        """The same for what may be large: beside the event loop."""
        return await run_heavy(len(self.body), self.json)


def new_session(egress: Egress = DIRECT) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=200, limit_per_host=0, ssl=egress.tls or True),
        middlewares=(egress.middleware,),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "srhooks", "Accept": "application/json"},
        trust_env=False,
    )


class ServiceClient:
    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self._session = session
        self.api_url = URL(api_url)

    async def send(
        self,
        method: str,
        url: URL,
        *,
        authorization: Authorization | None = None,
        payload: Any = None,
        form: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - seconds for the whole exchange, body included
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Raises ServiceUnreachableError, or OddAnswerError for one that is too large.
        """
        headers: dict[str, str] = {}
        if authorization is not None:
            if not followable(url, self.api_url):
                raise ValueError("a credential goes to the API's origin alone")
            headers[authorization.header] = authorization.value
        try:
            async with self._session.request(
                method, url, headers=headers, json=payload, data=form, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
            ) as response:  # fmt: skip
                body = bytearray()
                async for chunk in response.content.iter_chunked(65536):
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise TooLargeError("SmartRecruiters sent an answer that is too large")
                return Answer(response.status, response.headers.copy(), bytes(body))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            never_left = isinstance(error, UNCONNECTED)
            raise ServiceUnreachableError(
                f"SmartRecruiters did not answer: {_why(error)}", was_sent=not never_left
            ) from None


def raise_for_error(answer: Answer) -> Answer:
    """Raises ServiceAnsweredError unless the status is 2xx."""
    if 200 <= answer.status < 300:
        return answer
    kind = UnauthorizedError if answer.status == 401 else ServiceAnsweredError
    raise kind(answer.status, _words(answer), retry_after(answer.headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from either form of Retry-After (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 3600.0) if math.isfinite(seconds) else None


def _words(answer: Answer) -> str:
    """What the service says went wrong: `message`, `error_description`, `error`, `errors`."""
    if 300 <= answer.status < 400:
        return f"SmartRecruiters answered with a redirect ({answer.status}), which is not followed"
    fallback = f"SmartRecruiters answered {answer.status}"
    try:
        value = json.loads(answer.body[:LARGE])  # what is longer is no message
    except (ValueError, RecursionError):
        return fallback
    if not isinstance(value, dict):
        return fallback
    said = [value.get(name) for name in ("message", "error_description", "error")]
    parts = [text for text in said if isinstance(text, str) and text.strip()][:1]
    errors = value.get("errors")
    for one in errors[:5] if isinstance(errors, list) else []:
        text = one.get("message") if isinstance(one, dict) else one
        if isinstance(text, str) and text.strip() and text not in parts:
            parts.append(text)
    return "; ".join(parts)[:MAX_MESSAGE] if parts else fallback


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy (HTTPS_PROXY) answered {error.status}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return "no connection to the proxy (HTTPS_PROXY)"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted (see CA_FILE)"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    return "the connection broke"
