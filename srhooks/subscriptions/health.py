"""The health of subscriptions, from their callbacks logs, which are read in the background.

A log is read again when its last reading is older than FRESH. A caller waits as long as it likes
and gets what is known by then.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from srhooks.domain.clock import now_ms
from srhooks.domain.delivery_health import Attempt, Health, judge
from srhooks.smartrecruiters.errors import ServiceAnsweredError, ServiceError, brief
from srhooks.subscriptions.callback_log import Call

log = logging.getLogger(__name__)

FRESH = 5_000  # ms that a log is taken as it was read
MAX_KNOWN = 5000  # subscriptions, of all accounts
NOT_ALLOWED = (401, 403, 404, 410)

ReadLog = Callable[[str, str], Awaitable[Sequence[Call]]]


@dataclass(frozen=True, slots=True)
class _Reading:
    at: int  # ms
    attempts: list[Attempt] | None
    unread: str = ""  # why there are none


class SubscriptionHealth:
    def __init__(self, read_log: ReadLog) -> None:
        """`read_log` gives the newest calls to an account's subscription; raises ServiceError."""
        self._read_log = read_log
        self._known: OrderedDict[tuple[str, str], _Reading] = OrderedDict()
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def refresh(
        self, user_id: str, listed: Sequence[Mapping[str, Any]], seconds: float
    ) -> None:
        """Read the logs that are out of date, and wait for them at most `seconds`."""
        due = now_ms() - FRESH
        for subscription in listed:
            key = (user_id, str(subscription["id"]))
            known = self._known.get(key)
            if key not in self._running and (known is None or known.at < due):
                task = asyncio.create_task(self._read(key), name="read-callbacks-log")
                self._running[key] = task
                task.add_done_callback(partial(self._finish, key))
        keys = ((user_id, str(subscription["id"])) for subscription in listed)
        running = [self._running[key] for key in keys if key in self._running]
        if running:
            await asyncio.wait(running, timeout=seconds)

    def of(
        self, user_id: str, subscription: Mapping[str, Any], last_received_at: int | None
    ) -> Health:
        """The health of one subscription, by what is known now."""
        reading = self._known.get((user_id, str(subscription["id"])))
        status = str(subscription.get("status") or "unknown")
        if reading is None:
            return judge(status, None, last_received_at, now_ms())
        return judge(status, reading.attempts, last_received_at, now_ms(), reading.unread)

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a callbacks log could not be read: %s", brief(error))

    async def _read(self, key: tuple[str, str]) -> None:
        try:
            calls = await self._read_log(*key)
        except ServiceError as error:
            known = self._known.get(key)
            attempts = known.attempts if known is not None else None
            reading = _Reading(now_ms(), attempts, _why(error))
        else:
            reading = _Reading(now_ms(), [_attempt(call) for call in calls])
        self._known[key] = reading
        self._known.move_to_end(key)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


def _attempt(call: Call) -> Attempt:
    identity = call.headers.get("event-id")
    if not identity:
        parts = (call.event or "", call.headers.get("smartrecruiters-timestamp", ""), call.body)
        text = "\x1f".join(parts).encode("utf-8", "replace")
        identity = hashlib.sha256(text).hexdigest()
    return Attempt(call.at, call.successful, identity)


def _why(error: ServiceError) -> str:
    if isinstance(error, ServiceAnsweredError) and error.status in NOT_ALLOWED:
        return f"Your login may not read its callbacks log ({error.status})."
    return f"Its callbacks log could not be read. {error}"
