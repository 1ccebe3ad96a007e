"""The `srhooks listen` programs that are connected, by account: sockets opened with a token.

A program may be connected to another process than the one that is asked: that one is told, and
says how many programs it told.
"""

import asyncio
import json
import secrets

from aiohttp import web

from srhooks.hub import ANYTHING, Hub

SEND_TIMEOUT = 5.0  # seconds that a program may take for one message
ANSWER_TIMEOUT = 0.5  # seconds that other processes have to say how many programs they told
RESEND, RESENT = "resend", "resent"  # topics


class Listeners:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sockets: dict[str, set[web.WebSocketResponse]] = {}
        self._counts: dict[str, int] = {}  # by request: programs that other processes told
        self._tasks: set[asyncio.Task[None]] = set()
        hub.on_message(RESEND, self._on_resend)
        hub.on_message(RESENT, self._on_resent)

    def add(self, user_id: str, socket: web.WebSocketResponse) -> None:
        self._sockets.setdefault(user_id, set()).add(socket)

    def remove(self, user_id: str, socket: web.WebSocketResponse) -> None:
        sockets = self._sockets.get(user_id, set())
        sockets.discard(socket)
        if not sockets:
            self._sockets.pop(user_id, None)

    async def resend(self, user_id: str, notification_id: str) -> int:
        """Ask every program to replay this notification once more; how many were asked."""
        if not self._hub.shared:
            return await self._resend_here(user_id, notification_id)
        request_id = secrets.token_hex(8)
        self._counts[request_id] = 0
        try:
            key = f"{request_id} {user_id} {notification_id}"
            self._hub.publish_to_processes(RESEND, key)
            here, _ = await asyncio.gather(
                self._resend_here(user_id, notification_id), asyncio.sleep(ANSWER_TIMEOUT)
            )
            return here + self._counts[request_id]
        finally:
            del self._counts[request_id]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _resend_here(self, user_id: str, notification_id: str) -> int:
        message = json.dumps({"resend": notification_id})
        sockets = list(self._sockets.get(user_id, ()))
        return sum(await asyncio.gather(*(_send(socket, message) for socket in sockets)))

    def _on_resend(self, key: str) -> None:
        if key == ANYTHING:  # what was missed is not sent later: a person saw that nobody listens
            return
        request_id, user_id, notification_id = key.split(" ")
        if user_id in self._sockets:
            task = asyncio.create_task(self._answer(request_id, user_id, notification_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, request_id: str, user_id: str, notification_id: str) -> None:
        count = await self._resend_here(user_id, notification_id)
        self._hub.publish_to_processes(RESENT, f"{request_id} {count}")

    def _on_resent(self, key: str) -> None:
        request_id, _, count = key.partition(" ")
        if request_id in self._counts:
            self._counts[request_id] += int(count)


async def _send(socket: web.WebSocketResponse, message: str) -> bool:
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            await socket.send_str(message)
    except (ConnectionError, TimeoutError):
        return False  # it left, or takes nothing
    return True


LISTENERS = web.AppKey("listeners", Listeners)
