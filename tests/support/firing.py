"""Events of the sandbox that are stored when the test goes on, however busy the machine is."""

import asyncio
import time
from typing import Any

from srhooks.domain.clock import now_ms
from srhooks.sandbox import Sandbox
from srhooks.sandbox.deliveries import Delivery

PATIENCE = 30.0  # seconds
PAUSE = 0.05  # seconds before another attempt, doubled each time


async def fire(sandbox: Sandbox, event: str, **chosen: Any) -> list[Delivery]:
    """Let it happen, and go on when every active subscription's receiver has answered 202.

    An attempt can be too slow on a busy machine. The service tries again after a minute; here it
    does at once. Whoever wants an attempt to fail calls `sandbox.fire`, which makes only one.
    """
    deliveries = await sandbox.fire(event, **chosen)
    assert deliveries, f"no active subscription is told of {event}"
    for delivery in deliveries:
        pause, until = PAUSE, time.monotonic() + PATIENCE
        while delivery.attempts[-1].status != 202:
            assert time.monotonic() < until, delivery.attempts
            await asyncio.sleep(pause)  # not for luck: between two tries, whatever comes of them
            pause *= 2
            await attempt_again(sandbox, delivery)
    return deliveries


async def attempt_again(sandbox: Sandbox, delivery: Delivery) -> None:
    """Make the attempt now that the service would make later."""
    subscription = sandbox.subscriptions.by_id[delivery.subscription_id]
    waiting = subscription.retries.pop(delivery.id, None)
    if waiting is not None:
        waiting.cancel()
    subscription.status, subscription.failures = "active", 0
    await sandbox.courier._attempt(subscription, delivery)


async def time_past(ms: int) -> None:
    """Go on when the clock shows a later time than these ms since 1970."""
    while (left := ms - now_ms()) >= 0:  # noqa: ASYNC110 - it is the clock that is waited for
        await asyncio.sleep((left + 1) / 1000)
