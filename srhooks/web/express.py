"""The short way of a plain notification, from its connection to the store and back.

Nearly all of them are alike: whole, in one piece, for a known hook. For these, the library's way
through a request, a task of its own, the routes and the middlewares takes longer than the rest.
What is unlike takes the usual way (web/hooks.py), and so does every failure.
"""

import asyncio
from time import perf_counter

from aiohttp import HttpVersion11, StreamReader, hdrs, web
from aiohttp.http import RawRequestMessage

from srhooks.hooks import HookEntry
from srhooks.lane import LANE, Taken
from srhooks.logs import begin_request, request_number
from srhooks.models import NewNotification, Stored
from srhooks.web.accepted import accepted_bytes
from srhooks.web.hooks import HANDSHAKE_HEADER, note
from srhooks.web.keys import METRICS, SERVICES, SETTINGS

PREFIX = "/hooks/"


def setup_express(app: web.Application) -> None:
    app[LANE] = lambda message, content: _take(app, message, content)


def _take(app: web.Application, message: RawRequestMessage, content: StreamReader) -> Taken | None:
    """What to wait for, and what makes the answer of it; None for the usual way."""
    if not message.path.startswith(PREFIX):
        return None
    entry = app[SERVICES].hooks.known(message.path[len(PREFIX) :])
    if entry is None or not _is_plain(message, content, app[SETTINGS].max_body_bytes):
        return None
    return _store(app, entry, message, content.read_nowait())


def _is_plain(message: RawRequestMessage, content: StreamReader, limit: int) -> bool:
    headers = message.headers
    return (
        message.method == hdrs.METH_POST
        and content.is_eof()
        and content.total_bytes <= limit
        and message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked)
        and HANDSHAKE_HEADER not in headers
        and hdrs.EXPECT not in headers
    )


def _store(
    app: web.Application, entry: HookEntry, message: RawRequestMessage, body: bytes
) -> Taken:
    began = perf_counter()
    intake, metrics = app[SERVICES].intake, app[METRICS]
    number = request_number(message.headers.get("X-Request-Id"))
    begun = intake.begin(entry, message.headers, body)

    def note_it(new: NewNotification, stored: Stored) -> None:
        metrics.answered("202").inc()
        note(metrics, new, stored, perf_counter() - began, number)

    def tell_and_note(stored: Stored) -> None:
        intake.tell(new, stored)
        note_it(new, stored)

    async def ask() -> tuple[NewNotification, Stored]:
        begin_request(number)
        return await intake.ask(entry, message.headers, body)

    if begun is None:
        task = asyncio.create_task(ask(), name="intake")
        return Taken(task, accepted_bytes, lambda found: note_it(*found))
    new, storing = begun
    return Taken(storing, accepted_bytes, tell_and_note)
