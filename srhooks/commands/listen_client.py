"""The client of `listen`: the user's notifications in order, each once, across reconnects.

A frame on `/live` only triggers reading; the notifications are read as JSON after the last one
that was handled. What arrives while the connection is down comes with the next reading.
"""

import asyncio
import json
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from srhooks.domain import ids
from srhooks.entities import diff

PAGE = 100
TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=10.0)
HEARTBEAT = 20.0  # seconds between pings, so that a dead connection is noticed
READ_INTERVAL = 60.0  # seconds between two readings when no frame arrives
PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before the next attempt to connect
# With a search, an entity that arrives later can make an earlier notification fit: look back.
LOOK_BACK = 180_000  # ms
REMEMBERED = 20_000  # ids of handled notifications, so that looking back repeats none
MAX_RESENT = 1000  # waiting at a time; beyond it the oldest is dropped

Say = Callable[[str], None]


class RefusedError(Exception):
    """The server refuses the token or the filter, or is no srhooks: trying again would not help."""


class UnreachableError(Exception):
    """No answer, 429 or 5xx: trying again may help."""


@dataclass(frozen=True)
class Heard:
    id: str
    received_at: str
    event: str | None
    about: str
    signature: str
    headers: dict[str, str]
    is_resent: bool = False  # requested on its page: regardless of order, filters and cursor


class Stream:
    def __init__(
        self, session: aiohttp.ClientSession, server: str, token: str,
        filters: list[tuple[str, str]], since: str,
    ) -> None:  # fmt: skip
        self._session = session
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._filters = filters
        self._looks_back = any(name == "q" for name, _ in filters)
        self._start = since  # an id, or empty
        self.cursor = since  # id of the last one that was handled
        self._dealt: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._resent: deque[str] = deque(maxlen=MAX_RESENT)  # ids that wait to be replayed

    async def start(self) -> None:
        """Check the filters; set the cursor to the newest notification unless `since` was given.

        Raises RefusedError or UnreachableError.
        """
        await self.read_json("/notifications", [*self._filters, ("limit", "1")])
        if not self._start:
            newest = await self.read_json("/notifications", [("limit", "1")])
            self._start = next((notification["id"] for notification in newest["notifications"]), "")
            self.cursor = self._start

    def done(self, heard: Heard) -> None:
        """Mark a notification as handled: reading continues after it."""
        if heard.is_resent:
            return
        self.cursor = max(self.cursor, heard.id)  # ids sort as texts
        self._dealt[heard.id] = None
        if len(self._dealt) > REMEMBERED:
            self._dealt.popitem(last=False)

    async def heard(self, say: Say) -> AsyncIterator[Heard]:
        """Yield new notifications, oldest first, and those resent. Ends only by RefusedError."""
        waking = asyncio.create_task(self._keep_waking(say))
        pause = PAUSE
        try:
            while True:
                self._wake.clear()
                try:
                    news = await self.news()
                    pause = PAUSE
                except UnreachableError:
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
                    pause = min(pause * 2, LONGEST_PAUSE)
                    self._wake.set()
                    news = []
                for notification in news:
                    yield notification
                while self._resent:
                    again = await self._resent_one(self._resent.popleft())
                    if again is not None:
                        yield again
                with suppress(TimeoutError):
                    async with asyncio.timeout(READ_INTERVAL):
                        await self._wake.wait()
        finally:
            waking.cancel()
            with suppress(asyncio.CancelledError):
                await waking

    async def body(self, heard: Heard) -> bytes | None:
        """The body as the server received it; None when it was deleted. Retries without end."""
        while True:
            try:
                status, body = await self._get(f"/notifications/{heard.id}/raw", [])
            except UnreachableError:
                await asyncio.sleep(1)
                continue
            return body if status == 200 else None

    async def matching(self, limit: int, until: str) -> list[Heard]:
        """The newest `limit` that match the filters and came before `until`, oldest first.

        Raises RefusedError or UnreachableError.
        """
        found: list[Heard] = []
        query = [*self._filters, *([("after", self._start)] if self._start else [])]
        before: str | None = until
        while before is not None and len(found) < limit:
            size = str(min(PAGE, limit - len(found)))
            bound = [("before", before)] if before else []
            page = await self.read_json("/notifications", [*query, *bound, ("limit", size)])
            found += [_heard(notification) for notification in page["notifications"]]
            before = _next_page(page)
        return found[:limit][::-1]

    async def by_id(self, notification_id: str) -> Heard | None:
        """None when there is no such notification. Raises RefusedError or UnreachableError."""
        status, body = await self._get(f"/notifications/{notification_id}", [])
        return _heard(json.loads(body)) if status == 200 else None

    async def news(self) -> list[Heard]:
        """Unhandled notifications after the cursor, oldest first."""
        news: list[Heard] = []
        after = self._after()
        query = [*self._filters, *([("after", after)] if after else []), ("limit", str(PAGE))]
        before: str | None = None
        while True:
            more = [("before", before)] if before else []
            page = await self.read_json("/notifications", [*query, *more])
            notifications = page["notifications"]
            news += [
                _heard(notification)
                for notification in notifications
                if notification["id"] not in self._dealt
            ]
            before = _next_page(page)
            if before is None:
                return news[::-1]

    def _after(self) -> str:
        number = ids.decode_id(self.cursor)
        if not self._looks_back or number is None:
            return self.cursor
        earlier = ids.encode_id(ids.first_id_at(ids.received_ms(number) - LOOK_BACK))
        return max(earlier, self._start)

    async def _keep_waking(self, say: Say) -> None:
        """Keep a socket to /live open and wake the reader at each frame; reconnect with backoff."""
        url = f"{self._server}/live"
        pause = PAUSE
        is_lost = False
        while True:
            try:
                async with self._session.ws_connect(
                    url, params=self._filters, headers=self._headers, heartbeat=HEARTBEAT,
                ) as socket:  # fmt: skip
                    if is_lost:
                        say("connected again")
                    pause, is_lost = PAUSE, False
                    self._wake.set()  # for what arrived before the socket was open
                    async for message in socket:
                        if asked := _asked_for(message):
                            self._resent.append(asked)
                        self._wake.set()
            except (aiohttp.ClientError, OSError, ValueError):
                pass
            self._wake.set()  # the reader finds out whether the token is still valid
            if not is_lost:
                say("the connection was lost; trying again")
            is_lost = True
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _resent_one(self, notification_id: str) -> Heard | None:
        """A notification to replay again; None when it was deleted or the server is unreachable."""
        try:
            status, body = await self._get(f"/notifications/{notification_id}", [])
            return replace(_heard(json.loads(body)), is_resent=True) if status == 200 else None
        except (UnreachableError, ValueError, KeyError, TypeError):
            return None

    async def read_json(self, path: str, query: list[tuple[str, str]]) -> Any:
        status, body = await self._get(path, query)
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if status == 200 and isinstance(value, dict):
            return value
        raise RefusedError(f"{self._server} answered {status}, which is not what srhooks answers")

    async def _get(self, path: str, query: list[tuple[str, str]]) -> tuple[int, bytes]:
        """Raises UnreachableError where trying again may help, RefusedError where it does not."""
        try:
            async with self._session.get(
                self._server + path, params=query, headers=self._headers, timeout=TIMEOUT,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                body = await answer.read()
        except TimeoutError:
            raise UnreachableError(f"cannot reach {self._server}: no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UnreachableError(f"cannot reach {self._server}: {reason or error}") from None
        if answer.status == 401:
            raise RefusedError(
                f"{_words(body, 'the token is wrong')} (tokens are made at {self._server}/terminal)"
            )
        if answer.status == 400:
            raise RefusedError(_words(body, "the server does not understand the filter"))
        if answer.status == 429 or answer.status >= 500:
            raise UnreachableError(f"{self._server} answered {answer.status}")
        return answer.status, body


def _words(body: bytes, otherwise: str) -> str:
    with suppress(ValueError, TypeError, KeyError):
        message = json.loads(body)["error"]["message"]
        if isinstance(message, str):
            return message
    return otherwise


def _asked_for(message: aiohttp.WSMessage) -> str | None:
    """The id in a frame `{"resend": ID}`; None for other frames, which are for pages."""
    if message.type is not aiohttp.WSMsgType.TEXT or not message.data.startswith('{"resend"'):
        return None
    try:
        number = json.loads(message.data)["resend"]
    except (ValueError, KeyError):
        return None
    return number if isinstance(number, str) and ids.decode_id(number) is not None else None


def _next_page(page: dict[str, Any]) -> str | None:
    """The parameter `before` of the next page; None on the last one."""
    return parse_qs(urlsplit(page["next"]).query)["before"][0] if page["next"] else None


def _heard(notification: dict[str, Any]) -> Heard:
    entity = notification["entity"].get("data")
    about = diff.title(entity) if entity else None
    if about is None and notification["link"]:
        about = urlsplit(notification["link"]).path.strip("/")
    return Heard(
        notification["id"], notification["receivedAt"], notification["eventName"], about or "-",
        notification["signature"], notification["headers"],
    )  # fmt: skip
