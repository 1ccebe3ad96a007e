"""Keep background work running: restart after a defect, wait while the store fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from srhooks.domain.backoff import backoff
from srhooks.observability.metrics import Metrics
from srhooks.store import StoreError

log = logging.getLogger(__name__)

RESTART_PAUSE_MAX = 60.0  # seconds
STORE_PAUSE = 5.0  # seconds while the store does not work


async def keep_running(
    name: str, run: Callable[[], Awaitable[None]], metrics: Metrics, first_pause: float = 1.0
) -> None:
    """Run a background loop; when an exception ends it, log that and start it again."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await run()
        except Exception:
            log.exception("%s broke off and starts again", name)
        else:
            return  # finished by itself
        metrics.restarts.labels(name).inc()
        failures = failures + 1 if loop.time() - began < RESTART_PAUSE_MAX else 0
        await asyncio.sleep(backoff(first_pause, RESTART_PAUSE_MAX, failures))


async def run_steps(step: Callable[[], Awaitable[float]], what: str) -> None:
    """Call `step` until cancelled; it returns the seconds to wait before the next call.

    `what` it does is told where that waits for the store.
    """
    while True:
        try:
            pause = await step()
        except StoreError as error:
            log.warning("%s waits for the store: %s", what, error)
            pause = STORE_PAUSE
        await asyncio.sleep(pause)
