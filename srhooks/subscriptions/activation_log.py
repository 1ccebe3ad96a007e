"""The steps of an activation as they happen, with their times; kept across restarts.

Steps are in memory first, so that neither the service nor a handshake waits for the store; they
are written behind, the newest state of each log at a time.
"""

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Literal

from srhooks.domain.clock import now_ms
from srhooks.hub import Event, Hub
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

MAX_STEPS = 16  # of a subscription
MAX_SUBSCRIPTIONS = 2000
MAX_TEXT = 600  # characters of a step
BUDGET = 20  # seconds that SmartRecruiters gives the handshake
MAX_CHECKS = 1000  # secrets of our own checks that are remembered
Outcome = Literal["going on", "good", "bad"]
Key = tuple[str, str]  # account and subscription


@dataclass(frozen=True, slots=True)
class Step:
    at: int  # ms
    text: str
    outcome: Outcome
    elapsed: int | None = None  # ms since SmartRecruiters was asked


class ActivationLog:
    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._steps: OrderedDict[Key, list[Step]] = OrderedDict()
        self._asked_at: dict[Key, int] = {}  # ms; of activations that are under way
        self._arrived: set[Key] = set()  # whose handshake has come in
        self._unsaved: dict[Key, None] = {}
        self._saving: asyncio.Task[None] | None = None
        self._checks: OrderedDict[str, None] = OrderedDict()

    def begin(self, user_id: str, subscription_id: str) -> None:
        """Begin a new activation; the steps of the one before are dropped."""
        key = (user_id, subscription_id)
        self._steps.pop(key, None)
        self._arrived.discard(key)

    def asked(self, user_id: str, subscription_id: str) -> None:
        """Record that SmartRecruiters is asked now: its 20 s for the handshake begin."""
        self._asked_at[user_id, subscription_id] = now_ms()
        self.record(user_id, subscription_id, "SmartRecruiters was asked to activate it")

    def finish(self, user_id: str, subscription_id: str) -> bool:
        """End the activation; return whether a handshake came in."""
        key = (user_id, subscription_id)
        self._asked_at.pop(key, None)
        return key in self._arrived

    def handshake(self, user_id: str, subscription_id: str | None, source: str) -> None:
        """Record that a handshake came in from the address `source` and was answered."""
        if subscription_id is None:
            return
        self._arrived.add((user_id, subscription_id))
        text = f"Handshake received from {source} and confirmed with the same secret"
        self.record(user_id, subscription_id, text)

    def record(
        self, user_id: str, subscription_id: str, text: str, outcome: Outcome = "going on"
    ) -> None:
        key = (user_id, subscription_id)
        steps = self._steps.setdefault(key, [])
        now = now_ms()
        asked_at = self._asked_at.get(key)
        elapsed = None if asked_at is None else max(0, now - asked_at)
        if len(steps) < MAX_STEPS:
            steps.append(Step(now, text[:MAX_TEXT], outcome, elapsed))
        self._steps.move_to_end(key)
        if len(self._steps) > MAX_SUBSCRIPTIONS:
            old, _ = self._steps.popitem(last=False)
            self._arrived.discard(old)
        self._unsaved[key] = None
        if self._saving is None:
            self._saving = asyncio.create_task(self._save(), name="save-activations")
        self._hub.publish(user_id, Event("handshake"))

    async def of(self, user_id: str, subscription_id: str) -> list[Step]:
        """Raises StoreError."""
        return (await self.of_user(user_id)).get(subscription_id, [])

    async def of_user(self, user_id: str) -> dict[str, list[Step]]:
        """The steps of all of a user's subscriptions, by subscription id. Raises StoreError."""
        stored = await self._store.activations(user_id)
        recent = {key[1]: steps for key, steps in self._steps.items() if key[0] == user_id}
        return {number: _read(text) for number, text in stored.items()} | recent

    async def forget(self, user_id: str, subscription_id: str) -> None:
        """The subscription is deleted. Raises StoreError."""
        key = (user_id, subscription_id)
        self._steps.pop(key, None)
        self._unsaved.pop(key, None)
        self._arrived.discard(key)
        await self._store.drop_activation(user_id, subscription_id)

    def new_check(self) -> str:
        """A secret for a check of our own address, which is no handshake of SmartRecruiters."""
        secret = secrets.token_urlsafe(24)
        self._checks[secret] = None
        if len(self._checks) > MAX_CHECKS:
            self._checks.popitem(last=False)
        return secret

    def is_check(self, secret: str) -> bool:
        return secret in self._checks

    async def close(self) -> None:
        if self._saving is not None:
            await asyncio.gather(self._saving, return_exceptions=True)

    async def _save(self) -> None:
        try:
            while self._unsaved:
                key = next(iter(self._unsaved))
                del self._unsaved[key]
                text = json.dumps([asdict(step) for step in self._steps.get(key, ())])
                await self._store.save_activation(*key, text)
        except StoreError as error:
            log.warning("the steps of an activation were not stored: %s", error)
        finally:
            self._saving = None


def _read(text: str) -> list[Step]:
    steps: list[dict[str, Any]] = json.loads(text)
    return [Step(**step) for step in steps]
