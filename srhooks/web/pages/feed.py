"""The notifications: the feed and one of them, as page, fragment and JSON."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import aiohttp_session
from aiohttp import hdrs, web

from srhooks.domain import clock, ids
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Delivery, Notification, SubjectName
from srhooks.domain.subjects import digest_of, subjects_of, with_timeline
from srhooks.protocol.signature import canonical
from srhooks.server.heavy_work import run_heavy
from srhooks.store import PAGE_TIME, StoreError
from srhooks.web.http.content_negotiation import bearer, wants_fragment, wants_json
from srhooks.web.http.errors import NotFoundError, json_parts, json_text
from srhooks.web.http.paging import FeedPage, read_page
from srhooks.web.http.pieces import in_pieces
from srhooks.web.http.query_params import live_url, read_filter, read_limit
from srhooks.web.http.read_together import read_together
from srhooks.web.http.responses import large_json_response
from srhooks.web.http.session import Login, require_reader
from srhooks.web.http.templating import render
from srhooks.web.presentation.curl import curl_command
from srhooks.web.presentation.entity_links import links_in
from srhooks.web.presentation.labels import hook_labels
from srhooks.web.presentation.notification_json import notification_json
from srhooks.web.presentation.signature_report import verdict
from srhooks.web.presentation.totals import totals
from srhooks.web.presentation.verification_code import verification_code
from srhooks.web.state.app_keys import ANSWER_BUDGET, FLASH, HOOKS, SETTINGS, STORE

VISIT_GAP = 1_800_000  # ms without a page: what comes then is another visit
SEEN_INTERVAL = 60_000  # ms between two notes of a visit
BESIDE = 25  # rows next to a notification that is opened by its address; scrolling brings more
FIRST_TIME = 0.015  # seconds of search until something is shown; what follows is fetched by itself
MIN_NAME = 2  # characters of a search that may be a name
MAX_THINGS = 5  # timelines that a search offers
MAX_NAMED = 12  # timelines that a notification leads to


async def feed(request: web.Request) -> web.Response:
    login = await require_reader(request)
    feed_filter = read_filter(request.query)
    limit = read_limit(request.query)
    lease = await request.app[ANSWER_BUDGET].reserve_for_request()
    if wants_json(request):
        found = await _page(request, login, feed_filter, limit)
        lease.shrink(sum(n.size for n in found.notifications))
        return await _json(found.notifications, found.next)
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    part = target if wants_fragment(request) else ""
    parts = [
        _listed(request, login, feed_filter, limit),
        _things_called(request, login, feed_filter.q),
    ]
    if part != "more":
        parts.append(_subscriptions(request, login))
    if part == "list":
        parts.append(totals(request.app, login.user.id, feed_filter))
    if part not in {"more", "list"}:
        parts += _around(request, login, feed_filter)
    page = await read_together(*parts)
    lease.shrink(sum(n.size for n in page["notifications"]))
    if part in {"more", "list"}:
        return render(request, "_rows.html" if part == "more" else "_list.html", page)
    return await _whole_page(request, page)


async def detail(request: web.Request) -> web.Response:
    login = await require_reader(request)
    answers = request.app[ANSWER_BUDGET]
    lease = await answers.reserve_for_request()
    n = await find_notification(request, login)
    lease.shrink(n.size)
    if wants_json(request):
        return await _json(n, None)
    if bearer(request) is None:  # a program's look is nobody's
        with contextlib.suppress(StoreError):  # reading goes on while nothing can be written
            await request.app[STORE].mark_opened(login.user.id, n.id)
    feed_filter = read_filter(request.query)
    ctx = await _detail_context(request, login, n, feed_filter)
    if wants_fragment(request):
        return await run_heavy(n.size, _render, request, "_detail.html", ctx)
    page = await read_together(
        _listed(request, login, feed_filter, min(read_limit(request.query), BESIDE)),
        _subscriptions(request, login),
        *_around(request, login, feed_filter),
    )
    return await _whole_page(request, {**ctx, **page}, n)


async def raw_body(request: web.Request) -> web.Response:
    """The body as received. It comes from outside, so browsers get it as a download only."""
    n = await find_notification(request, await require_reader(request))
    return _download(n.body, f"notification-{n.public_id}.body")


async def signed_text(request: web.Request) -> web.Response:
    """The signed text: the bytes that the signature was computed over."""
    n = await find_notification(request, await require_reader(request))
    return _download(canonical(n.headers, n.body), f"notification-{n.public_id}.signed")


def _download(body: bytes, name: str) -> web.Response:
    headers = {
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox",
    }
    return web.Response(
        body=in_pieces(body), content_type="application/octet-stream", headers=headers
    )


async def find_notification(request: web.Request, login: Login) -> Notification:
    """The notification of the address. Another user's is a 404, like one that never existed."""
    notification_id = ids.decode_id(request.match_info["id"])
    n = None
    if notification_id is not None:
        n = await request.app[STORE].notification(login.user.id, notification_id)
    if n is None:
        raise NotFoundError("There is no such notification")
    return n


async def _page(request: web.Request, login: Login, feed_filter: Filter, limit: int) -> FeedPage:
    store = request.app[STORE]
    asked = request.query.get("limit", "")
    first = feed_filter.before is None and not wants_json(request)
    patience = FIRST_TIME if first else PAGE_TIME
    return await read_page(store, login.user.id, feed_filter, limit, asked, patience)


async def _listed(
    request: web.Request, login: Login, feed_filter: Filter, limit: int
) -> dict[str, Any]:
    """The rows of the list, and from where on its page is told of changes."""
    # The cursor is read first: what arrives between the two reads is pushed, never missed.
    cursor = await request.app[STORE].last_rev(login.user.id)
    page = await _page(request, login, feed_filter, limit)
    return {
        **page.context,
        "feed_filter": feed_filter,
        "opened": await _opened(request, login, page),
        "cursor": cursor,
        "live_url": live_url(feed_filter, cursor),
    }


def _around(
    request: web.Request, login: Login, feed_filter: Filter
) -> list[Coroutine[Any, Any, dict[str, Any]]]:
    """What a whole page has beside the list and the filter."""
    return [
        totals(request.app, login.user.id, feed_filter),
        _news(request, login),
        _said(request, login),
    ]


async def _said(request: web.Request, login: Login) -> dict[str, Any]:
    return {"said": (await request.app[FLASH].pop(login.session_id, "feed")).get("said")}


async def _news(request: web.Request, login: Login) -> dict[str, Any]:
    """How much came in since the visit before this one that nobody has opened."""
    store = request.app[STORE]
    seen = await _visit(request, login)
    first_new = ids.first_id_at(seen + 1)
    fresh, opened = await asyncio.gather(
        store.counts_by_event(login.user.id, first_new), store.opened(login.user.id, first_new)
    )
    return {"seen": seen, "fresh": max(0, sum(fresh.values()) - len(opened))}


async def _whole_page(
    request: web.Request, page: dict[str, Any], selected: Notification | None = None
) -> web.Response:
    size = 0 if selected is None else selected.size
    ctx = {**page, "selected": selected}
    return await run_heavy(size, _render, request, "notifications.html", ctx)


def _render(request: web.Request, template: str, ctx: dict[str, Any]) -> web.Response:
    page = render(request, template, ctx)
    n: Notification | None = ctx.get("n")
    if n is not None:
        n.forget_values()
    return page


async def _opened(request: web.Request, login: Login, page: FeedPage) -> frozenset[int]:
    """Which of the page's notifications somebody has opened."""
    if not page.notifications:
        return frozenset()
    oldest = min(n.id for n in page.notifications)
    return await request.app[STORE].opened(login.user.id, oldest)


async def _visit(request: web.Request, login: Login) -> int:
    """When the visit before this one ended (ms): what came later is new to the person.

    A visit that goes on for long counts as another: what was listed in the one before is seen.
    """
    session = await aiohttp_session.get_session(request)
    now = clock.now_ms()
    since, began = session.get("since"), session.get("began")
    last = login.user.seen_at
    goes_on = (
        isinstance(since, int)
        and isinstance(began, int)
        and max(now - last, now - began) <= VISIT_GAP
    )
    if not isinstance(since, int) or not goes_on:
        since, session["since"], session["began"] = last, last, now
    if now - last > SEEN_INTERVAL:
        with contextlib.suppress(StoreError):
            await request.app[STORE].mark_seen(login.user.id, now)
    return since


async def _subscriptions(request: web.Request, login: Login) -> dict[str, Any]:
    """What can be chosen to filter by: from our hooks, so that no call to the service is needed."""
    labels = hook_labels(await request.app[STORE].hooks(login.user.id))
    return {"subscriptions": [{"id": one, "label": label} for one, label in labels.items()]}


async def _things_called(request: web.Request, login: Login, text: str) -> dict[str, Any]:
    """What a search may mean: the candidates and jobs of this name, or whatever has this id."""
    text = text.strip()
    if len(text) < MIN_NAME:
        return {"things": []}
    return {"things": await request.app[STORE].find_names(login.user.id, text, MAX_THINGS)}


async def _things_named(request: web.Request, login: Login, n: Notification) -> list[SubjectName]:
    """What the notification names and has a timeline, with its name or, without one, its id."""
    listed = with_timeline(await run_heavy(n.size, subjects_of, n))[:MAX_NAMED]
    digests = {digest_of(login.user.id, subject): subject for subject in listed}
    names = await request.app[STORE].names_of(list(digests))
    return [
        SubjectName(digest, subject.kind, subject.id, names.get(digest, subject.id), n.id)
        for digest, subject in digests.items()
    ]


async def _detail_context(
    request: web.Request, login: Login, n: Notification, feed_filter: Filter
) -> dict[str, Any]:
    app = request.app
    settings = request.app[SETTINGS]
    around = replace(feed_filter, before=None)  # not only those of a page
    newer, older = await app[STORE].neighbours(login.user.id, n.id, around)
    labels = hook_labels(await app[STORE].hooks(login.user.id))
    return {
        "n": n,
        "deliveries": [Delivery(n.received_at), *await app[STORE].deliveries(n.id)],
        "newer": None if newer is None else ids.encode_id(newer),
        "older": None if older is None else ids.encode_id(older),
        "verdict": await run_heavy(n.size, verdict, await app[HOOKS].get(n.hook_id), n),
        "feed_filter": feed_filter,
        "subscription_label": labels.get(n.subscription_id or ""),
        "things": await _things_named(request, login, n),
        "links": await run_heavy(n.size, links_in, n, settings.api_url),
        "codes": await run_heavy(n.size, verification_code, n),
        "curl": await run_heavy(n.size, curl_command, n, settings.hook_url(n.hook_id)),
    }


async def _json(
    notifications: list[Notification] | Notification, following: str | None
) -> web.Response:
    def parts() -> Iterator[str]:
        if isinstance(notifications, Notification):
            yield from parts_of(notifications)
            return
        yield '{"notifications":['
        for place, n in enumerate(notifications):
            yield "," if place else ""
            yield from parts_of(n)
        yield f'],"next":{json_text(following)}}}'

    def parts_of(n: Notification) -> Iterator[str]:
        yield from json_parts(notification_json(n), n.size)
        n.forget_values()

    every = [notifications] if isinstance(notifications, Notification) else notifications
    return await large_json_response(sum(n.size for n in every), parts)
