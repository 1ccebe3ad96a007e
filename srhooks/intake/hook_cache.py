"""Hooks in memory with their decrypted keys; a newer key is fetched from the service.

The signing keys of a hook: the newest, and those that a newer one replaced less than 24 hours ago
(SmartRecruiters, "Webhooks security").
"""

import asyncio
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.clock import now_ms
from srhooks.domain.deadline import STORE_SHARE
from srhooks.domain.models import Hook
from srhooks.smartrecruiters.errors import ServiceError, brief
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

HOOK_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
KEY_LIFE = 86_400_000  # ms that a replaced key stays valid
LOOKUP_INTERVAL = 60.0  # seconds between two look-ups of the newest key for one hook
ASK_TIMEOUT = 3.5  # seconds that a person waits
CACHE = 20_000  # hooks

FetchKey = Callable[[Hook], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class KnownKey:
    text: str
    created_at: int
    retired_at: int | None

    def counts(self, now: int) -> bool:
        return self.retired_at is None or now < self.retired_at + KEY_LIFE


@dataclass(slots=True)
class HookEntry:
    hook: Hook
    keys: list[KnownKey]  # newest first
    has_key: bool  # also when none can be decrypted any more: the sender is known to sign
    asked_at: float = -LOOKUP_INTERVAL  # loop time of the last look-up
    asking: asyncio.Task[None] | None = field(default=None)

    def live_keys(self) -> list[str]:
        now = now_ms()
        return [key.text for key in self.keys if key.counts(now)]


def new_hook_id() -> str:
    """192 bits of randomness, URL-safe."""
    return secrets.token_urlsafe(24)


class HookDirectory:
    def __init__(self, store: Store, vault: Vault, fetch_key: FetchKey) -> None:
        self._store = store
        self._vault = vault
        self._fetch_key = fetch_key
        self._entries: OrderedDict[str, HookEntry] = OrderedDict()
        self._changes = 0  # of hooks; a read that began before one of them is repeated

    def known(self, hook_id: str) -> HookEntry | None:
        """Return the hook if it is in memory, as nearly all hooks in use are."""
        return self._entries.get(hook_id)

    async def get(self, hook_id: str) -> HookEntry | None:
        """Return the hook with its keys, from memory or the store; None when unknown.

        Raises StoreError.
        """
        entry = self._entries.get(hook_id)
        if entry is not None:
            return entry
        if HOOK_ID.fullmatch(hook_id) is None:
            return None
        seen = None
        while seen != self._changes:
            seen = self._changes
            hook = await self._store.hook(hook_id)
            if hook is None:
                return None
            fresh = HookEntry(hook, *await self._known_keys(hook_id))
        # Somebody may have been faster: one entry a hook, since it holds the look-up under way.
        entry = self._entries.setdefault(hook_id, fresh)
        if len(self._entries) > CACHE:
            self._entries.popitem(last=False)
        return entry

    def forget(self, hook_id: str) -> None:
        """Drop the hook from memory: it changed."""
        self._changes += 1
        self._entries.pop(hook_id, None)

    async def add_key(self, hook_id: str, key: str) -> None:
        await self._store.add_key(hook_id, self._vault.seal(key), now_ms())
        self._changes += 1
        entry = self._entries.get(hook_id)
        if entry is not None:
            entry.keys, entry.has_key = await self._known_keys(hook_id)

    async def ask_for_newer_key(self, entry: HookEntry, deadline: float | None = None) -> bool:
        """Fetch the newest key, at most once a minute; True if there is something new to try.

        All who wait for the same hook share one look-up, which goes on after the deadline of the
        notification (loop time) that began it. It never raises.
        """
        now = asyncio.get_running_loop().time()
        if entry.asking is None:
            if now - entry.asked_at < LOOKUP_INTERVAL:
                return False
            entry.asked_at = now
            entry.asking = asyncio.create_task(self._ask(entry), name="key-look-up")
            entry.asking.add_done_callback(lambda _: setattr(entry, "asking", None))
        known = len(entry.keys)
        wait = ASK_TIMEOUT if deadline is None else max(deadline - STORE_SHARE - now, 0.0)
        await asyncio.wait([entry.asking], timeout=wait)
        return len(entry.keys) != known

    async def _ask(self, entry: HookEntry) -> None:
        try:
            newest = await self._fetch_key(entry.hook)
            if newest is not None and all(key.text != newest for key in entry.keys):
                await self.add_key(entry.hook.id, newest)
        except (ServiceError, StoreError) as error:
            log.warning("could not look up the signing key: %s", brief(error))

    async def _known_keys(self, hook_id: str) -> tuple[list[KnownKey], bool]:
        """Return the keys that can be decrypted, and whether there are any at all."""
        known = []
        stored = await self._store.keys(hook_id)
        for key in stored:
            try:
                known.append(KnownKey(self._vault.open(key.sealed), key.created_at, key.retired_at))
            except UndecryptableError:
                log.warning("a signing key was sealed under a SESSION_SECRET that is gone")
        return known, bool(stored)
