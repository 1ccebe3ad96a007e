"""Call HEARTBEAT_URL while srhooks is ready, for a dead-man's switch."""

import asyncio
import logging

import aiohttp

from srhooks.store import Store, StoreError
from srhooks.store.fencing import require_leases

log = logging.getLogger(__name__)

INTERVAL = 60.0  # seconds
TIMEOUT = 10.0


async def beat_forever(session: aiohttp.ClientSession, url: str, store: Store) -> None:
    """GET the address each minute while the store takes writes, as `/readyz` says it."""
    loop = asyncio.get_running_loop()
    failing = False
    while True:
        due = loop.time() + INTERVAL
        try:
            await store.check()
            require_leases()
            async with session.get(
                url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=TIMEOUT)
            ) as answer:
                failed = answer.status >= 400
                reason = str(answer.status)
        except StoreError:
            failed, reason = failing, ""  # not ready: the missing call is the alarm
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failed, reason = True, type(error).__name__
        if failed and not failing:
            log.warning("the heartbeat address does not answer: %s", reason)
        failing = failed
        await asyncio.sleep(max(0.0, due - loop.time()))
