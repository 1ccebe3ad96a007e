"""Delete what is older than the retention."""

import logging

from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.maintenance.supervisor import run_steps
from srhooks.store import Store

log = logging.getLogger(__name__)

DAY = 86_400_000  # ms
PURGE_EVERY = 60.0  # seconds
MERGE_EVERY = DAY  # the search index keeps traces of what was deleted until it is merged
PURGE_BATCH = 200  # rows a transaction: intake waits for no longer than that


async def purge_forever(store: Store, retention_days: int) -> None:
    """Delete what is older than the retention, from the rows and from the files."""
    unclean = True  # also after a crash between the two
    merged_at = now_ms()

    async def step() -> float:
        nonlocal unclean, merged_at
        removed = await store.purge(first_id_at(now_ms() - retention_days * DAY), PURGE_BATCH)
        if removed:
            log.info("retention removed %d notifications", removed)
        unclean = unclean or removed > 0
        if removed == PURGE_BATCH:
            return 0.01
        if unclean:
            due = now_ms() - merged_at > MERGE_EVERY
            unclean = not await store.scrub(index=due)
            merged_at = now_ms() if due else merged_at
        return PURGE_EVERY

    await run_steps(step)
