"""The `srhooks listen` programs that are connected, by account: sockets opened with a token."""

import asyncio
import json

from aiohttp import web

SEND_TIMEOUT = 5.0  # seconds that a program may take for one message


class Listeners:
    def __init__(self) -> None:
        self._sockets: dict[str, set[web.WebSocketResponse]] = {}

    def add(self, user_id: str, socket: web.WebSocketResponse) -> None:
        self._sockets.setdefault(user_id, set()).add(socket)

    def remove(self, user_id: str, socket: web.WebSocketResponse) -> None:
        sockets = self._sockets.get(user_id, set())
        sockets.discard(socket)
        if not sockets:
            self._sockets.pop(user_id, None)

    async def resend(self, user_id: str, notification_id: str) -> int:
        """Ask every program to replay this notification once more; how many were asked."""
        message = json.dumps({"resend": notification_id})
        sockets = list(self._sockets.get(user_id, ()))
        return sum(await asyncio.gather(*(_send(socket, message) for socket in sockets)))


async def _send(socket: web.WebSocketResponse, message: str) -> bool:
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            await socket.send_str(message)
    except (ConnectionError, TimeoutError):
        return False  # it left, or takes nothing
    return True


LISTENERS = web.AppKey("listeners", Listeners)
