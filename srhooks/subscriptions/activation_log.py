"""The steps of an activation as they happen, with their times; kept across restarts.

The handshake may reach another process than the one that asks for the activation, so the steps
are in the store, where each process adds its own. They are written behind: neither the service nor
a handshake waits longer than a moment for the store.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from srhooks.crypto import derive
from srhooks.domain.clock import now_ms
from srhooks.hub import Event, Hub
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

MAX_STEPS = 16  # of a subscription
MAX_SUBSCRIPTIONS = 2000
MAX_TEXT = 600  # characters of a step
MAX_UNSAVED = 1000  # steps that wait to be stored
SHARED_TIMEOUT = 1.0  # seconds that a step is waited for, where another process may read it
FLUSH_TIMEOUT = 2.0  # seconds that a reader waits for what was recorded here
ASKED = "SmartRecruiters was asked to activate it"
HANDSHAKE = "Handshake received"
Outcome = Literal["going on", "good", "bad"]
Key = tuple[str, str]  # account and subscription


@dataclass(frozen=True, slots=True)
class Step:
    at: int  # ms
    text: str
    outcome: Outcome
    elapsed: int | None = None  # ms since SmartRecruiters was asked


class ActivationLog:
    def __init__(self, store: Store, hub: Hub, session_secrets: Sequence[str]) -> None:
        self._store = store
        self._hub = hub
        self._keys = [derive(secret, "address-check") for secret in session_secrets]
        self._counts: OrderedDict[Key, int] = OrderedDict()  # of steps recorded here
        self._asked_at: dict[Key, int] = {}  # ms; of activations that are under way here
        self._arrived: set[Key] = set()  # whose handshake has come in here
        self._unsaved: deque[tuple[Key, Step | None]] = deque()  # None: an activation begins
        self._saving: asyncio.Task[None] | None = None

    def begin(self, user_id: str, subscription_id: str) -> None:
        """Begin a new activation; the steps of the one before are dropped."""
        key = (user_id, subscription_id)
        self._counts.pop(key, None)
        self._arrived.discard(key)
        self._enqueue(key, None)

    async def asked(self, user_id: str, subscription_id: str) -> None:
        """Record that SmartRecruiters is asked now: its 20 s for the handshake begin."""
        self._asked_at[user_id, subscription_id] = now_ms()
        self.record(user_id, subscription_id, ASKED)
        if self._hub.shared:  # another process may have a step to add in a moment
            await self._flush(SHARED_TIMEOUT)

    async def finish(self, user_id: str, subscription_id: str) -> bool:
        """End the activation; return whether a handshake came in."""
        key = (user_id, subscription_id)
        self._asked_at.pop(key, None)
        if key in self._arrived or not self._hub.shared:
            return key in self._arrived
        with contextlib.suppress(StoreError):
            steps = await self.of(user_id, subscription_id)
            return any(step.text.startswith(HANDSHAKE) for step in steps)
        return False

    async def handshake(self, user_id: str, subscription_id: str | None, source: str) -> None:
        """Record that a handshake came in from the address `source` and is answered."""
        if subscription_id is None:
            return
        key = (user_id, subscription_id)
        self._arrived.add(key)
        text = f"{HANDSHAKE} from {source} and confirmed with the same secret"
        self.record(user_id, subscription_id, text)
        if self._hub.shared and key not in self._asked_at:  # whoever asked for it looks for it
            await self._flush(SHARED_TIMEOUT)

    def record(
        self, user_id: str, subscription_id: str, text: str, outcome: Outcome = "going on"
    ) -> None:
        key = (user_id, subscription_id)
        count = self._counts.pop(key, 0)
        self._counts[key] = count + 1
        if len(self._counts) > MAX_SUBSCRIPTIONS:
            old, _ = self._counts.popitem(last=False)
            self._arrived.discard(old)
        if count < MAX_STEPS:
            now = now_ms()
            asked_at = self._asked_at.get(key)
            elapsed = None if asked_at is None else max(0, now - asked_at)
            self._enqueue(key, Step(now, text[:MAX_TEXT], outcome, elapsed))

    async def of(self, user_id: str, subscription_id: str) -> list[Step]:
        """Raises StoreError."""
        return (await self.of_user(user_id)).get(subscription_id, [])

    async def of_user(self, user_id: str) -> dict[str, list[Step]]:
        """The steps of all of a user's subscriptions, by subscription id. Raises StoreError."""
        await self._flush(FLUSH_TIMEOUT)
        stored = await self._store.activations(user_id)
        return {subscription_id: _read(text) for subscription_id, text in stored.items()}

    async def forget(self, user_id: str, subscription_id: str) -> None:
        """Delete the steps of a deleted subscription. Raises StoreError."""
        key = (user_id, subscription_id)
        self._counts.pop(key, None)
        self._arrived.discard(key)
        self._unsaved = deque(step for step in self._unsaved if step[0] != key)
        await self._flush(FLUSH_TIMEOUT)
        await self._store.delete_activation(user_id, subscription_id)

    def new_check(self) -> str:
        """A secret for a check of our own address, which is no handshake of SmartRecruiters.

        Every process knows it by a digest under a key derived from SESSION_SECRET.
        """
        nonce = secrets.token_urlsafe(18)
        return f"{nonce}.{_digest(self._keys[0], nonce)}"

    def is_check(self, secret: str) -> bool:
        nonce, _, given = secret.partition(".")
        return any(hmac.compare_digest(_digest(key, nonce), given) for key in self._keys)

    async def close(self) -> None:
        await self._flush(FLUSH_TIMEOUT)

    def _enqueue(self, key: Key, step: Step | None) -> None:
        if len(self._unsaved) >= MAX_UNSAVED:
            return
        self._unsaved.append((key, step))
        if self._saving is None:
            self._saving = asyncio.create_task(self._save(), name="save-activations")

    async def _flush(self, seconds: float) -> None:
        """Wait until what was recorded is stored, or the time is up."""
        if self._saving is not None:
            await asyncio.wait({self._saving}, timeout=seconds)

    async def _save(self) -> None:
        try:
            while self._unsaved:
                key, step = self._unsaved.popleft()
                try:
                    if step is None:
                        await self._store.begin_activation(*key)
                    else:
                        await self._store.add_activation_step(*key, json.dumps(asdict(step)))
                except StoreError as error:
                    log.warning("a step of an activation was not stored: %s", error)
                self._hub.publish(key[0], Event("handshake"))
        finally:
            self._saving = None


def _digest(key: bytes, nonce: str) -> str:
    return hmac.digest(key, nonce.encode(), "sha256").hex()


def _read(text: str) -> list[Step]:
    steps = [Step(**step) for step in json.loads(text)]
    asked_at = next((step.at for step in steps if step.text == ASKED), None)
    return [
        # The process that it reached does not know when SmartRecruiters was asked.
        replace(step, elapsed=max(0, step.at - asked_at))
        if asked_at is not None and step.elapsed is None and step.text.startswith(HANDSHAKE)
        else step
        for step in steps
    ]
