"""HTML fragments that are pushed to pages, except the rows of the feed."""

from collections.abc import Iterable

from aiohttp import web

from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import encode_id
from srhooks.smartrecruiters.errors import ServiceError
from srhooks.web.http.paging import read_page
from srhooks.web.http.query_params import DEFAULT_LIMIT, live_url
from srhooks.web.http.session import Login
from srhooks.web.http.templating import render_text
from srhooks.web.pages.subscriptions import subscriptions_context
from srhooks.web.presentation.totals import totals
from srhooks.web.state.app_keys import ACTIVATIONS, INCIDENTS, STATUS_WATCH, STORE


async def banner(app: web.Application, login: Login) -> str:
    """The banner about the user's grant. Raises StoreError."""
    user = await app[STORE].user(login.user.id)
    return render_text(app, "_banner.html", {"user": user})


async def deleted(app: web.Application, user_id: str, notification_ids: Iterable[int]) -> str:
    """Raises StoreError."""
    ctx = {
        "ids": [encode_id(notification_id) for notification_id in notification_ids],
        **await totals(app, user_id),
    }
    return render_text(app, "_deleted.html", ctx)


async def whole_list(app: web.Application, login: Login, feed_filter: Filter, cursor: int) -> str:
    """The first page of the feed, to replace the whole list. Raises StoreError."""
    page = await read_page(app[STORE], login.user.id, feed_filter, DEFAULT_LIMIT)
    ctx = {
        **page.context,
        **await totals(app, login.user.id, feed_filter),
        "feed_filter": feed_filter,
        "cursor": cursor,
        "live_url": live_url(feed_filter, cursor),
        "subscriptions": [],
        "csrf": login.csrf,
        "oob": True,
    }
    return render_text(app, "_list.html", ctx)


async def activations(app: web.Application, login: Login) -> str:
    """Raises StoreError."""
    steps_of = await app[ACTIVATIONS].of_user(login.user.id)
    return "".join(
        render_text(app, "_steps.html", {"sid": subscription_id, "steps": steps, "oob": True})
        for subscription_id, steps in steps_of.items()
    )


async def drifts(app: web.Application, login: Login) -> str:
    """The drifts for which no incident is open. Raises StoreError."""
    told = {
        incident.subject
        for incident in await app[INCIDENTS].open_ones(login.user.id)
        if incident.kind == "suspended"
    }
    drifts = app[STATUS_WATCH].drifts(login.user.id).values()
    shown = [drift for drift in drifts if drift.subscription_id not in told]
    return render_text(app, "_drift.html", {"drifts": shown})


async def incident_line(app: web.Application, login: Login) -> str:
    """Raises StoreError."""
    open_incidents = await app[INCIDENTS].open_ones(login.user.id)
    return render_text(app, "_incident_line.html", {"open_incidents": open_incidents, "oob": True})


async def subscriptions(app: web.Application, login: Login) -> str:
    """Raises StoreError."""
    try:
        ctx = await subscriptions_context(app, login.user.id, login.csrf)
    except ServiceError:
        return await banner(app, login)
    return render_text(app, "_subscriptions.html", {**ctx, "oob": True})
