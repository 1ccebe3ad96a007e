"""The overview: volume, speed, subscriptions, and problems that need a person."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from srhooks.accounts.rights import unreadable_kinds
from srhooks.domain import clock, ids
from srhooks.domain.clock import DAY, HOUR, MINUTE
from srhooks.incidents.down_times import report_down_times
from srhooks.incidents.overview import attention, stages
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceError
from srhooks.store import Store
from srhooks.web.http.content_negotiation import wants_fragment, wants_json
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render, render_text
from srhooks.web.presentation.chart import stacked
from srhooks.web.presentation.notification_json import overview_json
from srhooks.web.state.app_keys import INCIDENTS, STATUS_WATCH, STORE, SUBSCRIPTIONS, TRUSTED_TIME

# Each window (ms) with the span of a bar (ms); a window is a whole number of bars.
WINDOWS: Mapping[str, tuple[int, int]] = {
    "1h": (HOUR, 2 * MINUTE),
    "24h": (DAY, 30 * MINUTE),
    "7d": (7 * DAY, 4 * HOUR),
    "30d": (30 * DAY, DAY),
}
DEFAULT_WINDOW = "24h"
LISTED = 10  # incidents, open and past
TIMED = 1000  # notifications whose times are looked at
SLOW = 5 * MINUTE  # ms that an entity may wait before it is mentioned
TIMEOUT = 3.0  # seconds that the page waits for the service


async def overview(request: web.Request) -> web.Response:
    login = await require_login(request)
    window = read_window(request.query.get("window", ""))
    known, error = await _subscriptions(request.app, login.user.id)
    ctx = await _context(request.app, login.user.id, window, known)
    ctx |= {"error": error, "live_url": f"/live?view=overview&window={window}"}
    if wants_json(request):
        return json_response(overview_json(ctx))
    template = "_overview.html" if wants_fragment(request) else "overview.html"
    return render(request, template, ctx)


async def overview_frame(app: web.Application, user_id: str, window: str) -> str:
    """The page's content for those who watch it. The service is not asked again for this."""
    known = app[STATUS_WATCH].known(user_id) or []
    ctx = await _context(app, user_id, window, known)
    return render_text(app, "_overview.html", {**ctx, "oob": True})


def read_window(text: str) -> str:
    window = text or DEFAULT_WINDOW
    if window not in WINDOWS:
        raise BadRequestError(f"window must be one of {', '.join(WINDOWS)}")
    return window


async def _subscriptions(
    app: web.Application, user_id: str
) -> tuple[list[dict[str, Any]], str | None]:
    """The service's list or, while it does not answer, the last one known, with the error."""
    try:
        async with asyncio.timeout(TIMEOUT):
            subscriptions = await app[SUBSCRIPTIONS].all(user_id)
    except GrantDeadError:
        raise
    except (ServiceError, TimeoutError) as failed:
        return app[STATUS_WATCH].known(user_id) or [], str(failed) or "It took too long."
    app[STATUS_WATCH].observe(user_id, subscriptions)
    return subscriptions, None


async def _context(
    app: web.Application, user_id: str, window: str, subscriptions: list[dict[str, Any]]
) -> dict[str, Any]:
    store = app[STORE]
    now = clock.now_ms()
    length, bucket = WINDOWS[window]
    end = (now // bucket + 1) * bucket
    since = ids.first_id_at(end - length)
    (
        (rows, trouble, activity, timings),
        (refused, down_times, checked_at),
        (open_ones, latest),
    ) = await asyncio.gather(
        asyncio.gather(
            store.histogram(user_id, since, ids.first_id_at(end), ids.first_id_at(bucket)),
            store.trouble(user_id, since),
            store.activity(user_id, ids.first_id_at(now - DAY)),
            store.timings(user_id, since, TIMED),
        ),
        asyncio.gather(
            _refused_kinds(store, user_id),
            report_down_times(store, user_id, end - length),
            _checked_at(app, user_id),
        ),
        asyncio.gather(app[INCIDENTS].open_ones(user_id), store.incidents(user_id, None, LISTED)),
    )
    for subscription in subscriptions:
        last, count = activity.get(str(subscription["id"]), (None, 0))
        subscription |= {"last_received": last, "count_24h": count}
    waiting = now - trouble.pending_since if trouble.pending_since is not None else 0
    return {
        "window": window,
        "windows": list(WINDOWS),
        "chart": stacked(rows, end - length, end, bucket),
        "down_times": down_times,
        "chart_began": end - length,
        "chart_length": length,
        "stages": stages(timings),
        "trouble": trouble,
        "checked_at": checked_at,
        "open_incidents": open_ones,
        "incidents": latest,
        "attention": attention(
            trouble,
            subscriptions,
            window=window,
            slow=waiting > SLOW,
            refused=refused,
            clock_ahead=app[TRUSTED_TIME].ahead,
        ),
        "subscriptions": sorted(
            (subscription for subscription in subscriptions if subscription.get("mine")),
            key=lambda subscription: subscription["last_received"] or 0,
            reverse=True,
        ),
    }


async def _refused_kinds(store: Store, user_id: str) -> dict[str, str | None]:
    user = await store.user(user_id)
    return {} if user is None else await unreadable_kinds(store, user)


async def _checked_at(app: web.Application, user_id: str) -> int | None:
    """When the account's subscriptions were looked at last (ms)."""
    return app[STATUS_WATCH].known_at(user_id) or (await app[STORE].last_look(user_id)).looked_at
