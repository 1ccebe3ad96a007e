"""Replay a notification to a local address as it was received."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import aiohttp

from srhooks.commands.listen_client import Heard
from srhooks.commands.terminal import fit
from srhooks.domain.models import REDACTED

TIMEOUT = aiohttp.ClientTimeout(total=60.0)
PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between two attempts
# Hop-by-hop headers (RFC 9110, 7.6.1), and those that the client sets itself.
NOT_REPLAYED = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length", "expect",
})  # fmt: skip
# Headers that aiohttp would add: the target gets what SmartRecruiters sent.
ITS_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True)
class Reply:
    text: str  # status and time taken, or why there is no answer
    may_succeed: bool = False  # whether trying again may help
    is_success: bool = False  # answered with 2xx


async def forward(
    session: aiohttp.ClientSession, url: str, heard: Heard, body: bytes, retries: int = 0
) -> Reply:
    """Post a notification to `url`; retry with exponential backoff on no answer, 429 or 5xx."""
    for attempt in range(retries + 1):
        reply = await _attempt(session, url, heard, body)
        if not reply.may_succeed or attempt == retries:
            break
        await asyncio.sleep(min(PAUSE * 2**attempt, LONGEST_PAUSE))
    return replace(reply, text=f"{reply.text}, attempt {attempt + 1}") if attempt else reply


async def _attempt(session: aiohttp.ClientSession, url: str, heard: Heard, body: bytes) -> Reply:
    started = time.perf_counter()
    try:
        async with session.post(
            url, data=body, headers=replayed(heard.headers), skip_auto_headers=ITS_OWN,
            allow_redirects=False, timeout=TIMEOUT,
        ) as answer:  # fmt: skip
            status = answer.status
            async for _ in answer.content.iter_chunked(65536):
                pass
    except TimeoutError:
        return Reply(f"no answer within {TIMEOUT.total:g} s", may_succeed=True)
    except aiohttp.ClientConnectorError:
        return Reply("no connection", may_succeed=True)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Reply(f"failed: {fit(str(error) or type(error).__name__, 80)}")
    took = f"{status} in {(time.perf_counter() - started) * 1000:.0f} ms"
    may_succeed = status == 429 or status >= 500
    return Reply(took, may_succeed=may_succeed, is_success=200 <= status < 300)


def replayed(headers: Mapping[str, str]) -> dict[str, str]:
    """The original headers without hop-by-hop ones and without those whose value was redacted."""
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {
        name: value
        for name, value in headers.items()
        if name not in NOT_REPLAYED and name not in named and value != REDACTED
    }
