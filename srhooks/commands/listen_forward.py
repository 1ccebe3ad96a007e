"""Replay a notification to a local address as it was received."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from srhooks.commands.listen_client import Heard
from srhooks.commands.terminal import fit
from srhooks.domain.models import REDACTED

PATIENCE = aiohttp.ClientTimeout(total=60.0)
# Of this one connection (RFC 9110, 7.6.1), or made anew for the next one.
NOT_REPLAYED = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length", "expect",
})  # fmt: skip
# The client must add none of its own: what arrives is what SmartRecruiters sent.
ITS_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True)
class Reply:
    text: str  # status and time, or why there is none


async def forward(session: aiohttp.ClientSession, url: str, heard: Heard, body: bytes) -> Reply:
    started = time.perf_counter()
    try:
        async with session.post(
            url, data=body, headers=replayed(heard.headers), skip_auto_headers=ITS_OWN,
            allow_redirects=False, timeout=PATIENCE,
        ) as answer:  # fmt: skip
            status = answer.status
            async for _ in answer.content.iter_chunked(65536):
                pass
    except TimeoutError:
        return Reply(f"no answer within {PATIENCE.total:g} s")
    except aiohttp.ClientConnectorError:
        return Reply("no connection")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Reply(f"failed: {fit(str(error) or type(error).__name__, 80)}")
    return Reply(f"{status} in {(time.perf_counter() - started) * 1000:.0f} ms")


def replayed(headers: Mapping[str, str]) -> dict[str, str]:
    """The original headers but for those of its connection and those that were not kept."""
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {
        name: value
        for name, value in headers.items()
        if name not in NOT_REPLAYED and name not in named and value != REDACTED
    }
