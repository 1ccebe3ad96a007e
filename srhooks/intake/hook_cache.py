"""Hooks in memory with their decrypted keys; a newer key is fetched from the service.

The signing keys of a hook: the newest, and those that a newer one replaced less than 24 hours ago
(SmartRecruiters, "Webhooks security").

Where other processes change hooks as well, they tell it, and the hook is read anew when it is next
used. Such a message may come late or get lost: so before a signature counts as invalid the stored
keys are read again, and a hook in use is read again twice a minute.
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
from srhooks.hub import ANYTHING, Hub
from srhooks.smartrecruiters.errors import ServiceError, brief
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

HOOK_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
KEY_LIFE = 86_400_000  # ms that a replaced key stays valid
LOOKUP_INTERVAL = 60.0  # seconds between two look-ups of the newest key for one hook
ASK_TIMEOUT = 3.5  # seconds that a person waits
CACHE = 20_000  # hooks
TOPIC = "hook"  # of the messages between processes; their key is the hook's id
REREAD_INTERVAL = 30.0  # seconds; less than an account's erasure goes on (candidate_erasure.GRACE)

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
    read_at: float = 0.0  # loop time
    is_stale: bool = False  # another process changed it
    asked_at: float = -LOOKUP_INTERVAL  # loop time of the last look-up
    asking: asyncio.Task[None] | None = field(default=None)

    def live_keys(self) -> list[str]:
        now = now_ms()
        return [key.text for key in self.keys if key.counts(now)]


def new_hook_id() -> str:
    """192 bits of randomness, URL-safe."""
    return secrets.token_urlsafe(24)


class HookDirectory:
    def __init__(self, store: Store, vault: Vault, fetch_key: FetchKey, hub: Hub) -> None:
        self._store = store
        self._vault = vault
        self._fetch_key = fetch_key
        self._entries: OrderedDict[str, HookEntry] = OrderedDict()
        self._changes = 0  # of hooks; a read that began before one of them is repeated
        self._hub = hub
        self._reading: dict[str, asyncio.Task[None]] = {}
        hub.on_message(TOPIC, self._on_change)

    def known(self, hook_id: str) -> HookEntry | None:
        """Return the hook if it is in memory, as nearly all hooks in use are."""
        entry = self._entries.get(hook_id)
        if entry is None or entry.is_stale:
            return None
        if self._hub.shared:
            self._keep_fresh(entry)
        return entry

    async def close(self) -> None:
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def get(self, hook_id: str) -> HookEntry | None:
        """Return the hook with its keys, from memory or the store; None when unknown.

        Raises StoreError.
        """
        entry = self.known(hook_id)
        if entry is not None:
            return entry
        if HOOK_ID.fullmatch(hook_id) is None:
            return None
        return await self._read(hook_id)

    async def _read(self, hook_id: str) -> HookEntry | None:
        while True:
            seen = self._changes
            hook = await self._store.hook(hook_id)
            if hook is None:
                self._entries.pop(hook_id, None)
                return None
            keys, has_key = await self._known_keys(hook_id)
            if seen == self._changes:
                break
        # One entry a hook, since it holds the look-up under way.
        entry = self._entries.setdefault(hook_id, HookEntry(hook, keys, has_key))
        entry.hook, entry.keys, entry.has_key = hook, keys, has_key
        entry.is_stale, entry.read_at = False, asyncio.get_running_loop().time()
        if len(self._entries) > CACHE:
            self._entries.popitem(last=False)
        return entry

    def forget(self, hook_id: str) -> None:
        """Drop the hook from memory, here and in other processes: it changed."""
        self._changes += 1
        self._entries.pop(hook_id, None)
        self._hub.publish_to_processes(TOPIC, hook_id)

    def _on_change(self, key: str) -> None:
        """Another process changed a hook; ANYTHING: perhaps all."""
        self._changes += 1
        for hook_id in list(self._entries) if key == ANYTHING else [key]:
            if hook_id in self._entries:
                self._entries[hook_id].is_stale = True

    def _keep_fresh(self, entry: HookEntry) -> None:
        hook_id = entry.hook.id
        now = asyncio.get_running_loop().time()
        if now - entry.read_at > REREAD_INTERVAL and hook_id not in self._reading:
            task = asyncio.create_task(self._reread(hook_id), name="hook-reread")
            self._reading[hook_id] = task
            task.add_done_callback(lambda _: self._reading.pop(hook_id, None))

    async def _reread(self, hook_id: str) -> None:
        try:
            await self._read(hook_id)
        except StoreError as error:
            log.info("a hook could not be read again: %s", error)

    async def add_key(self, hook_id: str, key: str) -> None:
        await self._store.add_key(hook_id, self._vault.seal(key), now_ms())
        self._changes += 1
        self._hub.publish_to_processes(TOPIC, hook_id)
        entry = self._entries.get(hook_id)
        if entry is not None:
            entry.keys, entry.has_key = await self._known_keys(hook_id)

    async def ask_for_newer_key(self, entry: HookEntry, deadline: float | None = None) -> bool:
        """Read the stored keys again where another process may have stored one, then fetch the
        newest one, at most once a minute; True if there is something new to try.

        All who wait for the same hook share one look-up, which goes on after the deadline of the
        notification (loop time) that began it. It never raises.
        """
        if self._hub.shared and await self._has_stored_key(entry, deadline):
            return True
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

    async def _has_stored_key(self, entry: HookEntry, deadline: float | None) -> bool:
        known = {key.text for key in entry.keys}
        now = asyncio.get_running_loop().time()
        wait = ASK_TIMEOUT if deadline is None else max(deadline - STORE_SHARE - now, 0.0)
        try:
            async with asyncio.timeout(wait):
                entry.keys, entry.has_key = await self._known_keys(entry.hook.id)
        except (StoreError, TimeoutError) as error:
            log.info("the signing keys could not be read again: %s", error)
            return False
        return any(key.text not in known for key in entry.keys)

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
