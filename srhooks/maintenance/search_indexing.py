"""Keep the search index up with what came in; intake goes first."""

from time import perf_counter

from srhooks.maintenance.supervisor import run_steps
from srhooks.store import Store

INDEX_BATCH = 20  # rows a transaction, for the same reason
INDEX_PAUSE = 0.005  # seconds between two batches, or as long as a batch takes
INDEX_IDLE = 0.5  # seconds until a look for more
BUSY_RATE = 50.0  # notifications a second; from there on intake goes first
INDEX_SHARE = 0.02  # of the time, while it does: what is not indexed yet is found by reading


async def index_forever(store: Store) -> None:
    """Keep the search index up with what came in; intake goes first."""
    received, looked_at = store.received, perf_counter()

    async def step() -> float:
        nonlocal received, looked_at
        began = perf_counter()
        busy = store.received - received > BUSY_RATE * (began - looked_at)
        received, looked_at = store.received, began
        done = await store.index_some(INDEX_BATCH)
        took = perf_counter() - began
        if busy:
            return took / INDEX_SHARE
        return max(took, INDEX_PAUSE) if done else INDEX_IDLE

    await run_steps(step)
