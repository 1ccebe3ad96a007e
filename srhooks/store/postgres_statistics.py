"""Tell PostgreSQL's planner of tables that fill quickly.

The server looks at a table once a minute (`autovacuum_naptime`). A plan that was made while it was
nearly empty is used until then: to find what waits for a link then reads all that there is, 16 ms
instead of 0.1 with 12,000 notifications, in a transaction that intake waits for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from srhooks.store.errors import StoreError

log = logging.getLogger(__name__)

LOOK_INTERVAL = 1.0  # seconds
FIRST = 500  # notifications since the start; from then on each time that they have doubled
ANALYZE = "ANALYZE (SKIP_LOCKED) notifications, notification_subjects, search, event_counts"


async def analyze_while_filling(
    received: Callable[[], int], analyze: Callable[[], Awaitable[object]],
    interval: float = LOOK_INTERVAL,
) -> None:  # fmt: skip
    """Until cancelled: call `analyze` as often as the number `received` asks for."""
    due = FIRST
    while True:
        await asyncio.sleep(interval)
        if received() < due:
            continue
        due = received() * 2
        try:
            await analyze()
        except StoreError as error:
            log.info("the database's statistics were not brought up to date: %s", error)
        except Exception:
            log.exception("bringing the database's statistics up to date failed")
