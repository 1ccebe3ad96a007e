"""How long it took to answer notifications: measured of a few, and kept beside them.

At most one a second and account, so that it costs nothing; what took long is always kept.
"""

import asyncio
import logging
from collections import deque
from itertools import groupby

from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

SAMPLE_INTERVAL = 1000  # ms
SLOW = 500  # ms
MAX_WAITING = 2000
MAX_ACCOUNTS = 10_000
FLUSH_INTERVAL = 5.0  # seconds


class AnswerTimes:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sampled: dict[str, int] = {}  # account to the time (ms) of its last sample
        self._waiting: deque[tuple[str, int, int]] = deque(maxlen=MAX_WAITING)

    def measure(
        self, user_id: str, notification_id: int, received_at: int, answered_at: int
    ) -> None:
        """Record that a notification was answered now. No I/O."""
        is_slow = answered_at - received_at >= SLOW
        if not is_slow and received_at - self._sampled.get(user_id, 0) < SAMPLE_INTERVAL:
            return
        if len(self._sampled) >= MAX_ACCOUNTS:
            self._sampled.clear()
        self._sampled[user_id] = received_at
        self._waiting.append((user_id, notification_id, answered_at))

    async def run(self) -> None:
        """Store the measured times in batches, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_INTERVAL)
            try:
                await self.flush()
            except StoreError as error:
                log.info("answer times were not kept: %s", error)

    async def flush(self) -> None:
        """Raises StoreError; what could not be kept is dropped."""
        waiting = sorted(self._waiting)
        self._waiting.clear()
        for user_id, group in groupby(waiting, key=lambda measured: measured[0]):
            await self._store.save_answered(user_id, [(number, at) for _, number, at in group])
