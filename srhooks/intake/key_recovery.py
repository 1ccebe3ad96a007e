"""After a log-in, fetch the newest signing key of each hook that has no key we can decrypt.

That is so after SESSION_SECRET was lost, and where fetching the key failed before.
"""

import asyncio
import logging

from srhooks.intake.hook_cache import HookDirectory
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)


class KeyRecovery:
    def __init__(self, store: Store, hooks: HookDirectory) -> None:
        self._store = store
        self._hooks = hooks
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, user_id: str) -> None:
        """Begin in the background, unless it is under way for this user."""
        if user_id not in self._running:
            task = asyncio.create_task(self._recover(user_id), name="key-recovery")
            self._running[user_id] = task
            task.add_done_callback(lambda _: self._running.pop(user_id, None))

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _recover(self, user_id: str) -> None:
        try:
            for hook in await self._store.hooks(user_id):
                if hook.subscription_id is None or hook.deleted_at is not None:
                    continue
                entry = await self._hooks.get(hook.id)
                if entry is not None and not entry.keys:
                    await self._hooks.ask_for_newer_key(entry)
        except StoreError as error:
            log.warning("could not look for hooks without a key: %s", error)
