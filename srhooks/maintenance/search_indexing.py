"""Keep the search index up with what came in; intake goes first."""

from srhooks.maintenance.intake_first import IntakeFirst
from srhooks.maintenance.supervisor import run_steps
from srhooks.store import Store

INDEX_BATCH = 20  # rows a transaction, which intake waits for


async def index_forever(store: Store) -> None:
    """Index in small batches, until cancelled."""
    rest = IntakeFirst(store)

    async def step() -> float:
        rest.begin()
        return rest.pause(await store.index_some(INDEX_BATCH))

    await run_steps(step, "indexing texts")
