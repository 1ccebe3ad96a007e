"""The short way of a plain notification, from its connection to the store and back.

Nearly all of them are alike: whole, in one piece, for a known hook. For these, the library's way
through a request, a task of its own, the routes and the middlewares takes longer than the rest.
What is unlike takes the usual way (web/hooks/endpoint.py), and so does every failure.
"""

import asyncio
from functools import partial
from time import perf_counter

from aiohttp import HttpVersion11, StreamReader, hdrs, web
from aiohttp.http import RawRequestMessage

from srhooks.domain.models import NewNotification, Stored
from srhooks.intake.hook_cache import HookEntry
from srhooks.intake.receiver import joined_headers
from srhooks.lane import LANE, Taken
from srhooks.observability.request_id import begin_request, request_number
from srhooks.web.hooks.accepted import accepted_bytes
from srhooks.web.hooks.endpoint import HANDSHAKE_HEADER, note
from srhooks.web.state.app_keys import METRICS, SERVICES, SETTINGS

PREFIX = "/hooks/"
NOT_PLAIN = HANDSHAKE_HEADER.lower(), hdrs.EXPECT.lower()


def setup_express(app: web.Application) -> None:
    async def open_lane(app: web.Application) -> None:
        app[LANE] = Express(app).take

    app.on_startup.append(open_lane)  # after the services


class Express:
    """The lane of an application whose services have started."""

    def __init__(self, app: web.Application) -> None:
        services = app[SERVICES]
        self._hooks = services.hooks
        self._intake = services.intake
        self._metrics = app[METRICS]
        self._limit = app[SETTINGS].max_body_bytes

    def take(self, message: RawRequestMessage, content: StreamReader) -> Taken | None:
        """What to wait for, and what makes the answer of it; None for the usual way."""
        path = message.path
        if not path.startswith(PREFIX):
            return None
        entry = self._hooks.known(path[len(PREFIX) :])
        if entry is None or not _is_plain(message, content, self._limit):
            return None
        headers = joined_headers(message.headers)
        if not headers.keys().isdisjoint(NOT_PLAIN):
            return None
        return self._store(entry, headers, content.read_nowait())

    def _store(self, entry: HookEntry, headers: dict[str, str], body: bytes) -> Taken:
        began = perf_counter()
        number = request_number(headers.get("x-request-id"))
        begun = self._intake.begin(entry, headers, body)
        if begun is None:
            asking = asyncio.create_task(self._ask(entry, headers, body, number), name="intake")
            return Taken(asking, accepted_bytes, partial(self._note, number, began))
        new, storing = begun
        return Taken(storing, accepted_bytes, partial(self._tell, number, began, new))

    async def _ask(
        self, entry: HookEntry, headers: dict[str, str], body: bytes, number: str
    ) -> tuple[NewNotification, Stored]:
        begin_request(number)
        return await self._intake.ask(entry, headers, body)

    def _tell(self, number: str, began: float, new: NewNotification, stored: Stored) -> None:
        self._intake.tell(new, stored)
        self._note(number, began, (new, stored))

    def _note(self, number: str, began: float, found: tuple[NewNotification, Stored]) -> None:
        self._metrics.answers.count("202")
        note(self._metrics, *found, perf_counter() - began, number)


def _is_plain(message: RawRequestMessage, content: StreamReader, limit: int) -> bool:
    return (
        message.method == hdrs.METH_POST
        and content.is_eof()
        and content.total_bytes <= limit
        and message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked)
    )
