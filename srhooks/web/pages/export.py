"""Export any filtered set of notifications as NDJSON, CSV or HAR, of any size.

It is read and sent in pieces, newest first. The next piece is read when the one before was sent, so
a slow reader does not fill the memory. What arrives meanwhile is left out.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from aiohttp import hdrs, web

from srhooks.domain import clock, ids
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification
from srhooks.server.heavy_work import run_heavy
from srhooks.store import Store, StoreError
from srhooks.store.feed_slices import light
from srhooks.web.http.answer_budget import SEND_TIMEOUT
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, OverloadedError
from srhooks.web.http.forms import read_form
from srhooks.web.http.pieces import write_in_pieces
from srhooks.web.http.query_params import read_filter
from srhooks.web.http.session import require_login, require_reader
from srhooks.web.http.templating import render
from srhooks.web.pages.export_formats import FORMATS, Format, write
from srhooks.web.state.app_keys import ANSWER_BUDGET, SETTINGS, STORE

log = logging.getLogger(__name__)

PIECE = 200  # notifications at most
PIECE_BYTES = 1_000_000  # of bodies, headers and entities: a piece that reaches it ends there
MAX_IDS = 500
COUNTED = 100_000  # beyond this many the page says "more than"


async def export(request: web.Request) -> web.StreamResponse:
    """GET takes a filter or ids; POST, for a choice made on the page, a form with ids."""
    posted = request.method == "POST"
    login = await (require_login(request) if posted else require_reader(request))
    asked = await read_form(request) if posted else request.query
    chosen = [str(one) for one in asked.getall("id", [])]
    if posted and not chosen:
        raise BadRequestError("Choose at least one notification")
    feed_filter = read_filter(request.query)
    notification_ids = read_ids(chosen)
    name = str(asked.get("format", ""))
    if not name and wants_json(request):
        raise BadRequestError(f"format must be one of {', '.join(FORMATS)}")
    if not name:
        store = request.app[STORE]
        known = (
            len(notification_ids)
            if chosen
            else await store.count(login.user.id, feed_filter, COUNTED + 1)
        )
        params = {**feed_filter.params, "id": chosen}
        ctx = {"total": known, "most": COUNTED, "feed_filter": feed_filter, "params": params}
        return render(request, "export.html", ctx)
    if name not in FORMATS:
        raise BadRequestError(f"format must be one of {', '.join(FORMATS)}")
    store = request.app[STORE]
    pieces = (
        _chosen(store, login.user.id, notification_ids)
        if chosen
        else _all(store, login.user.id, feed_filter)
    )
    async with contextlib.aclosing(pieces):
        return await _stream(request, FORMATS[name], pieces)


def read_ids(texts: list[str]) -> list[int]:
    """The chosen notifications; a malformed id names none. Raises BadRequestError."""
    if len(texts) > MAX_IDS:
        raise BadRequestError(f"at most {MAX_IDS} notifications at once")
    return [
        notification_id for text in texts if (notification_id := ids.decode_id(text)) is not None
    ]


async def _stream(
    request: web.Request, form: Format, pieces: AsyncGenerator[list[Notification], None]
) -> web.StreamResponse:
    response = _empty_file(form)
    # The first piece is read before the answer begins, so that a store that is away is a 503.
    answers = request.app[ANSWER_BUDGET]
    lease = await answers.reserve(PIECE_BYTES)
    try:
        notifications: list[Notification] = await anext(pieces, [])
        await response.prepare(request)
        await response.write(form.head.encode())
        between = b""
        while notifications:
            size = sum(n.size for n in notifications)
            text = await run_heavy(size, write, form, notifications, request.app[SETTINGS].hook_url)
            notifications = []
            async with asyncio.timeout(SEND_TIMEOUT):
                await write_in_pieces(response, between + text)
            between, text = form.between.encode(), b""
            lease.release()  # so that others have their turn
            lease = await answers.reserve(PIECE_BYTES, SEND_TIMEOUT)  # one under way waits longer
            notifications = await anext(pieces, [])
        await response.write(form.foot.encode())
        await response.write_eof()
    except ConnectionError:
        pass  # the reader left
    except (TimeoutError, OverloadedError, StoreError) as error:
        if not response.prepared:
            raise
        # The status is out already: break off, so that half a file is not taken for all of it.
        log.warning("an export broke off: %s", str(error) or type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    finally:
        lease.release()
    return response


def _empty_file(form: Format) -> web.StreamResponse:
    """The answer as a browser saves it, before anything is sent."""
    stamp = clock.iso(clock.now_ms())[:19].replace(":", "")
    return web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: f"{form.content_type}; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="srhooks-{stamp}.{form.extension}"',
        }
    )


async def _all(
    store: Store, user_id: str, feed_filter: Filter
) -> AsyncGenerator[list[Notification], None]:
    before = feed_filter.before if feed_filter.before is not None else store.next_id()
    while True:
        page = await store.page(user_id, feed_filter.below(before), PIECE, room=PIECE_BYTES)
        if page.found:
            yield page.found
        if page.reached is not None:
            before = page.reached
        elif len(page.found) == PIECE:
            before = page.found[-1].id
        else:
            return


async def _chosen(
    store: Store, user_id: str, notification_ids: list[int]
) -> AsyncGenerator[list[Notification], None]:
    left = await store.sizes(user_id, sorted(set(notification_ids)))
    while left:
        piece = light(left, PIECE_BYTES)
        left = left[len(piece) :]
        notifications = await store.by_ids(user_id, piece)
        if notifications:
            yield notifications[::-1]
