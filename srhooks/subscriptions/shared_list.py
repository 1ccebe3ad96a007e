"""Read an account's subscriptions once for all requests that wait, each with its own time-out.

A page that gives up waiting shows its frame and asks again; the second request joins the reading
that the first one began, so a slow service is asked once.
"""

import asyncio
from typing import Any

from srhooks.hub import ANYTHING, Hub
from srhooks.subscriptions.service import Subscriptions

TOPIC = "subscription-list"  # of the messages between processes; their key is the user's id


class SharedList:
    def __init__(self, subscriptions: Subscriptions, hub: Hub) -> None:
        self._subscriptions = subscriptions
        self._hub = hub
        self._running: dict[str, asyncio.Task[list[dict[str, Any]]]] = {}
        hub.on_message(TOPIC, self._on_change)

    async def get(self, user_id: str, seconds: float | None = None) -> list[dict[str, Any]]:
        """As `Subscriptions.all`; raises TimeoutError after `seconds`, while the reading goes on.

        Raises ServiceError or StoreError.
        """
        task = self._running.get(user_id)
        if task is None:
            reading = self._subscriptions.all(user_id)
            task = asyncio.create_task(reading, name="list-subscriptions")
            self._running[user_id] = task
            task.add_done_callback(lambda task: self._finish(user_id, task))
        async with asyncio.timeout(seconds):
            listed = await asyncio.shield(task)
        return [dict(subscription) for subscription in listed]

    def forget(self, user_id: str) -> None:
        """Discard a reading that began before a change."""
        self._running.pop(user_id, None)
        self._hub.publish_to_processes(TOPIC, user_id)

    def _on_change(self, user_id: str) -> None:
        for changed in list(self._running) if user_id == ANYTHING else [user_id]:
            self._running.pop(changed, None)

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, user_id: str, task: asyncio.Task[list[dict[str, Any]]]) -> None:
        if self._running.get(user_id) is task:
            del self._running[user_id]
        if not task.cancelled():
            task.exception()  # those who waited may have left
