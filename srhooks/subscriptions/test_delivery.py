"""Test a hook the way SmartRecruiters calls it: post a signed example to its public address."""

import json
import secrets
from dataclasses import dataclass
from time import perf_counter

import aiohttp

from srhooks.config import Settings
from srhooks.domain.clock import now_ms
from srhooks.domain.models import TEST_HEADER
from srhooks.domain.wire_text import is_event_name
from srhooks.intake.hook_cache import HookDirectory
from srhooks.intake.test_proof import TestProof
from srhooks.protocol.notification_headers import notification_headers
from srhooks.smartrecruiters.webhooks_api import UnknownSubscriptionError
from srhooks.store import Store

TIMEOUT = aiohttp.ClientTimeout(total=10)  # the service itself waits five seconds
BODY = json.dumps({"id": "example"}).encode()


@dataclass(frozen=True, slots=True)
class TrialResult:
    status: int | None  # of the answer; None without one
    ms: int
    error: str | None


class SubscriptionTester:
    def __init__(
        self, settings: Settings, store: Store, hooks: HookDirectory,
        session: aiohttp.ClientSession, proof: TestProof,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._hooks = hooks
        self._session = session
        self._proof = proof

    async def run(self, user_id: str, subscription_id: str, event: str) -> TrialResult:
        """Post one test notification. Raises UnknownSubscriptionError unless it is ours."""
        hooks = await self._store.hooks(user_id)
        hook = next((one for one in hooks if one.subscription_id == subscription_id), None)
        entry = await self._hooks.get(hook.id) if hook is not None else None
        if hook is None or entry is None:
            raise UnknownSubscriptionError
        if not is_event_name(event):
            return TrialResult(None, 0, "The event's name cannot be sent as a header.")
        event_id = f"test-{secrets.token_hex(8)}"
        headers = notification_headers(
            BODY, event=event, version="v201910", event_id=event_id,
            timestamp=str(now_ms() // 1000), key=next(iter(entry.live_keys()), None),
            more={TEST_HEADER: self._proof.make(hook.id, event_id, BODY)},
        )  # fmt: skip
        began = perf_counter()
        status = error = None
        try:
            async with self._session.post(
                self._settings.hook_url(hook.id), data=BODY, headers=headers,
                allow_redirects=False, timeout=TIMEOUT,
            ) as answer:  # fmt: skip
                await answer.content.read(1000)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            error = "The hook's public address (APP_URL) did not answer."
        if status is not None and status != 202:
            error = f"The hook's public address answered {status} instead of 202."
        return TrialResult(status, round((perf_counter() - began) * 1000), error)
