"""After an upgrade: sum up the notifications that are there; intake goes first."""

from time import perf_counter

from srhooks.maintenance.supervisor import run_steps
from srhooks.store import Store

BATCH = 5000  # rows a transaction: 10 to 30 ms
PAUSE = 0.005  # seconds between two batches, or as long as a batch takes
DONE_PAUSE = 86_400.0  # seconds: there is nothing more to do


async def count_earlier(store: Store) -> None:
    """Sum up in small batches what was stored before the sums were kept, until cancelled."""

    async def step() -> float:
        began = perf_counter()
        more = await store.count_some(BATCH)
        return max(PAUSE, perf_counter() - began) if more else DONE_PAUSE

    await run_steps(step, "counting events")
