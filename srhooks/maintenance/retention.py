"""What runs by itself: retention, the search index, sealing anew after a change of secrets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter

from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.backoff import backoff
from srhooks.domain.ids import first_id_at, now_ms
from srhooks.domain.models import HookKey, Tokens
from srhooks.observability.metrics import Metrics
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

DAY = 86_400_000  # ms
PURGE_EVERY = 60.0  # seconds
MERGE_EVERY = DAY  # the search index keeps traces of what was deleted until it is merged
PURGE_BATCH = 200  # rows a transaction: intake waits for no longer than that
INDEX_BATCH = 20  # rows a transaction, for the same reason
INDEX_PAUSE = 0.005  # seconds between two batches, or as long as a batch takes
INDEX_IDLE = 0.5  # seconds until a look for more
RESTART_PAUSE_MAX = 60.0  # seconds
BUSY_RATE = 50.0  # notifications a second; from there on intake goes first
INDEX_SHARE = 0.02  # of the time, while it does: what is not indexed yet is found by reading
STORE_PAUSE = 5.0  # seconds while the store does not work


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

    await _forever(step)


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
        return max(took, INDEX_PAUSE) if done == INDEX_BATCH else INDEX_IDLE

    await _forever(step)


async def reseal(store: Store, vault: Vault) -> None:
    """Seal with the newest secret what an older one sealed, so that the old one can go."""
    for user_id in await store.user_ids():
        tokens = await store.tokens(user_id)
        if tokens is not None and not tokens.dead and not vault.is_current(tokens.access):
            await _reseal_tokens(store, vault, user_id, tokens)
        for hook in await store.hooks(user_id):
            for key in await store.keys(hook.id):
                await _reseal_key(store, vault, key)


async def _reseal_tokens(store: Store, vault: Vault, user_id: str, old: Tokens) -> None:
    try:
        access = vault.seal(vault.open(old.access))
        refresh = None if old.refresh is None else vault.seal(vault.open(old.refresh))
    except UndecryptableError:
        await store.mark_grant_dead(user_id, old.access)
    else:
        await store.swap_tokens(user_id, old, replace(old, access=access, refresh=refresh))


async def _reseal_key(store: Store, vault: Vault, key: HookKey) -> None:
    if not vault.is_current(key.sealed):
        try:
            await store.reseal_key(key.id, vault.seal(vault.open(key.sealed)))
        except UndecryptableError:
            log.warning("a signing key was sealed under a SESSION_SECRET that is gone")


async def keep_running(
    name: str, run: Callable[[], Awaitable[None]], metrics: Metrics, first_pause: float = 1.0
) -> None:
    """Run what should never end; when a defect ends it, log that and start it again."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await run()
        except Exception:
            log.exception("%s broke off and starts again", name)
        else:
            return  # it had nothing more to do
        metrics.restarts.labels(name).inc()
        failures = failures + 1 if loop.time() - began < RESTART_PAUSE_MAX else 0
        await asyncio.sleep(backoff(first_pause, RESTART_PAUSE_MAX, failures))


async def _forever(step: Callable[[], Awaitable[float]]) -> None:
    """Run `step` until cancelled, with the pause that it asks for."""
    while True:
        try:
            pause = await step()
        except StoreError as error:
            log.warning("upkeep waits for the store: %s", error)
            pause = STORE_PAUSE
        await asyncio.sleep(pause)
