"""What the service says it sent to a subscription, and what of it arrived here."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from multidict import MultiMapping

from srhooks.domain.clock import iso, now_ms
from srhooks.domain.ids import encode_id, received_ms
from srhooks.domain.missed import LoggedNotification
from srhooks.domain.models import Hook
from srhooks.domain.subjects import Subject, digest_of
from srhooks.incidents.logged_calls import Arrival, find_arrivals, read_logged, things_named
from srhooks.server.heavy_work import run_heavy
from srhooks.subscriptions.callback_log import (
    SERIES,
    STATUSES,
    Call,
    LogFilter,
    Position,
    callbacks_log,
    failures_in_a_row,
    read_position,
)
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, json_parts
from srhooks.web.http.query_params import MAX_TEXT, read_bound, read_since
from srhooks.web.http.responses import large_json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.presentation.reader_zone import zone_named
from srhooks.web.presentation.template_filters import field_time
from srhooks.web.state.app_keys import STORE, USER_CLIENT

KEPT = ("status", "event", "since", "after", "before", "zone")  # of the query, for links


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call and what is known of it here."""

    call: Call
    arrival: Arrival | None  # None: nobody can tell, as of another system's subscription
    things: list[Subject]
    names: dict[Subject, str]
    known: set[Subject]  # those that have a timeline here

    @property
    def notification_id(self) -> str | None:
        known = self.arrival is not None and self.arrival.notification_id
        return encode_id(known) if known else None


async def show(request: web.Request) -> web.Response:
    """The service's callbacks log; what failed first, unless asked otherwise."""
    login = await require_login(request)
    subscription_id = request.match_info["id"]
    chosen, position = read_log_filter(request.query)
    app = request.app
    page = await callbacks_log(
        app[USER_CLIENT], login.user.id, subscription_id, log_filter=chosen, position=position
    )
    hooks = await app[STORE].hooks(login.user.id)
    hook = next((hook for hook in hooks if hook.subscription_id == subscription_id), None)
    calls = await _look_up(request, login.user.id, subscription_id, hook, page.calls)
    kept = {name: request.query[name] for name in KEPT if request.query.get(name)}
    path = f"/subscriptions/{quote(subscription_id, safe='')}/callbacks-log"
    following = None
    if page.following:
        if "since" in kept and chosen.after is not None:  # it stays where the first page had it
            kept["since"] = iso(chosen.after + 1)
        following = f"{path}?{urlencode({**kept, 'page': page.following}, errors='replace')}"
    size = sum(len(call.body) for call in page.calls)
    if wants_json(request):
        shown = {"callbacks": [callback_json(call) for call in calls], "next": following}
        return await large_json_response(size, lambda: json_parts(shown, size))
    is_whole = not kept and not request.query.get("page")
    series = failures_in_a_row(page.calls) if is_whole else 0
    zone = request.query.get("zone", "")
    ctx = {
        "number": subscription_id,
        "name": hook.label if hook else f"subscription {subscription_id}",
        "path": path,
        # What failed first, unless an outcome was chosen: then in the order of time.
        "calls": calls if chosen.status else sorted(calls, key=lambda call: call.call.successful),
        "failed": sum(not call.call.successful for call in calls),
        "chosen": chosen,
        "params": kept,
        "from": field_time(request.query.get("after", ""), zone),
        "until": field_time(request.query.get("before", ""), zone),
        "events": sorted({*(hook.event_names if hook else ()), *_event_names(page.calls)}),
        "is_ours": hook is not None,
        "next": following,
        "series": series,
        "at_risk": series >= SERIES,
    }
    return await run_heavy(size, render, request, "callbacks.html", ctx)


def read_log_filter(query: MultiMapping[str]) -> tuple[LogFilter, Position]:
    """Raises BadRequestError that says which parameter is wrong."""
    status, event = query.get("status", ""), query.get("event", "").strip()
    if status and status not in STATUSES:
        raise BadRequestError(f"status must be one of {', '.join(STATUSES)}")
    if len(event) > MAX_TEXT:
        raise BadRequestError(f"event is too long: at most {MAX_TEXT} characters")
    zone = zone_named(query.get("zone", ""))
    after = _read_time("after", query.get("after", ""), zone)
    since = read_since(query.get("since", ""))
    if since is not None:
        after = max(after or 0, since)
    before = _read_time("before", query.get("before", ""), zone)
    try:
        position = read_position(query.get("page", ""))
    except ValueError:
        raise BadRequestError("page must be what `next` gave") from None
    return LogFilter(status=status, event=event, after=after, before=before), position


def callback_json(one: LoggedCall) -> dict[str, Any]:
    call = one.call
    return {
        "status": "successful" if call.successful else "failed",
        "at": None if call.at is None else iso(call.at),
        "url": call.url,
        "headers": call.headers,
        "body": call.body,
        "outcome": None if one.arrival is None else one.arrival.outcome,
        "notificationId": one.notification_id,
        "about": [{"kind": thing.kind, "id": thing.id} for thing in one.things],
    }


async def _look_up(
    request: web.Request, user_id: str, subscription_id: str, hook: Hook | None, calls: list[Call]
) -> list[LoggedCall]:
    """Raises StoreError."""
    store = request.app[STORE]
    # Of another system's calls nothing is here, but they name things all the same.
    stand_in = hook or Hook("", user_id, subscription_id, auth_header=None, created_at=0)
    size = sum(len(call.body) for call in calls)

    def read_calls() -> list[LoggedNotification | None]:
        return [read_logged(call, subscription_id, stand_in) for call in calls]

    records = await run_heavy(size, read_calls)
    arrivals: list[Arrival | None] = [None] * len(calls)
    if hook is not None:
        arrivals = await find_arrivals(store, records, now_ms())

    def read_things() -> list[list[Subject]]:
        return [things_named(call, user_id) if call is not None else [] for call in records]

    things = await run_heavy(size, read_things)
    digests = {digest_of(user_id, thing): thing for group in things for thing in group}
    names = {digests[key]: name for key, name in (await store.names_of(list(digests))).items()}
    known = {digests[key] for key in await store.known_subjects(list(digests))}
    return [
        LoggedCall(call, arrival, group, names, known)
        for call, arrival, group in zip(calls, arrivals, things, strict=True)
    ]


def _read_time(name: str, text: str, zone: Any) -> int | None:
    cursor, ms = read_bound(name, text, zone)
    return received_ms(cursor) if cursor is not None else ms


def _event_names(calls: list[Call]) -> set[str]:
    return {call.event for call in calls if call.event}
