"""`/missed`: notifications of the callbacks log that never arrived. Readable with a dead grant."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from srhooks.domain.account import User
from srhooks.domain.clock import iso
from srhooks.domain.ids import received_ms
from srhooks.incidents.reconciler import Missed
from srhooks.web.http.content_negotiation import wants_fragment, wants_json
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.forms import read_form, read_json, text_of
from srhooks.web.http.query_params import read_cursor, read_limit
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.presentation.labels import hook_labels
from srhooks.web.state.app_keys import LOG_CHECKS, RECONCILER, STORE

MAX_IDS = 20_000
WAITED = 1.5  # seconds: then the page is shown, and says how far the check is
STATE_TEXTS = {
    "retrying": "SmartRecruiters tries again",
    "given-up": "SmartRecruiters has given up",
    "elsewhere": "delivered, but not here",
}


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    return await _answer(request, login.user)


async def check(request: web.Request) -> web.Response:
    """Reconcile now, also when the watch is off."""
    login = await require_login(request)
    checks = request.app[LOG_CHECKS]
    if wants_json(request):
        await checks.run(login.user.id)
        return await _answer(request, login.user)
    await checks.start(login.user.id, WAITED)
    return see_other("/missed")


async def backfill(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    ids = await _chosen(request)
    stored = await request.app[RECONCILER].backfill(login.user.id, ids)
    return json_response({"stored": stored}) if wants_json(request) else see_other("/missed")


async def _answer(request: web.Request, user: User) -> web.Response:
    app = request.app
    limit = read_limit(request.query)
    before = read_cursor("before", request.query.get("before", ""))
    missed = await app[RECONCILER].missing(user.id)
    total = len(missed)
    if before is not None:
        missed = _older(missed, before)
    following = None
    if len(missed) > limit:
        missed = missed[:limit]
        following = _older_url(request.query, missed[-1].public_id)
    checked_at = await app[STORE].log_checked_at(user.id)
    if wants_json(request):
        return json_response(
            {
                "missed": [missed_json(one) for one in missed],
                "checkedAt": None if checked_at is None else iso(checked_at),
                "next": following,
            }
        )
    ctx = {
        "missed": missed,
        "total": total,
        "checked_at": checked_at,
        "next": following,
        "names": hook_labels(await app[STORE].hooks(user.id)),
        "state_texts": STATE_TEXTS,
        "progress": await app[LOG_CHECKS].progress(user.id),
    }
    # What asks for a fragment is the progress: with it comes the list, once the check is over.
    template = "_missed_progress.html" if wants_fragment(request) else "missed.html"
    return render(request, template, ctx)


def missed_json(one: Missed) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "subscriptionId": one.logged.subscription_id,
        "eventId": one.logged.event_id,
        "eventName": one.logged.event_name,
        "sentAt": iso(one.logged.first_at),
        "state": one.state,
        "nextAttemptAt": None if one.next_attempt_at is None else iso(one.next_attempt_at),
    }


def _older(missed: list[Missed], before: int) -> list[Missed]:
    """Behind the cursor; it holds the time that it was sent, should it be gone meanwhile."""
    place = next((at for at, one in enumerate(missed) if one.kept.id == before), None)
    if place is not None:
        return missed[place + 1 :]
    return [one for one in missed if one.logged.first_at < received_ms(before)]


async def _chosen(request: web.Request) -> list[str] | None:
    """The chosen ids; None: all. Raises BadRequestError."""
    if request.content_type != "application/json":
        form = await read_form(request)
        ids: Any = form.getall("id", [])
        is_all = text_of(form, "all") == "1"
    else:
        value = await read_json(request)
        value = value if isinstance(value, dict) else {}
        ids, is_all = value.get("ids", []), value.get("all") is True
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadRequestError("ids must be a list of texts")
    if is_all:
        return None
    if not ids or len(ids) > MAX_IDS:
        raise BadRequestError('Choose what to backfill: {"ids": ["…"]} or {"all": true}')
    return ids


def _older_url(query: MultiMapping[str], last_id: str) -> str:
    kept = {"limit": query["limit"]} if query.get("limit") else {}
    return "/missed?" + urlencode({**kept, "before": last_id}, errors="replace")
