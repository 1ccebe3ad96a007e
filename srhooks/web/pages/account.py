"""The Account page: what is kept, erasing a candidate, deleting the account.

Both ask first: a form without `confirm` is answered with the question. Everything works with a dead
grant as well: deleting an account must not need SmartRecruiters.
"""

from typing import Any

import aiohttp_session
from aiohttp import web

from srhooks.accounts.rights import PLURALS, unreadable_kinds
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.subjects import MAX_ID
from srhooks.privacy.candidate_erasure import CandidateEraser, UnknownCandidateError
from srhooks.web.http.confirmation import confirmation_page
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, NotFoundError
from srhooks.web.http.forms import read_form, read_json
from srhooks.web.http.log_in_form import log_in_form_token
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import Login, require_login
from srhooks.web.http.templating import VIEW, render
from srhooks.web.state.app_keys import ACCOUNT_DELETION, CANDIDATE_ERASER, SETTINGS, STORE

UNLIMITED = 1 << 60
CREDENTIAL_NAMES = {
    "oauth": "SmartRecruiters (OAuth)",
    "api-key": "an API key",
    "client-credentials": "client credentials",
}


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    return await (account_json(request, login) if wants_json(request) else _page(request, login))


async def account_json(request: web.Request, login: Login) -> web.Response:
    """The JSON of `GET /account`, which is also the answer to a program's log-in."""
    store = request.app[STORE]
    user = login.user
    company = user.company
    return json_response(
        {
            "account": {
                "id": user.id,
                "name": user.name,
                "credential": user.credential,
                "company": None if company is None else {"id": company.id, "name": company.name},
                "scopes": None if user.scopes is None else list(user.scopes),
                "grant": "dead" if user.grant_dead else "alive",
            },
            "name": user.name,
            "email": user.email,
            "notifications": await store.count(user.id, Filter(), UNLIMITED),
            "hooks": len(await store.hooks(user.id)),
            "retentionDays": request.app[SETTINGS].retention_days,
        }
    )


async def erase(request: web.Request) -> web.Response:
    """Count or erase what is stored about a candidate; forms are asked first."""
    login = await require_login(request, dead_grant=True)
    asked = await _asked(request)
    is_json = wants_json(request) or request.content_type == "application/json"
    candidate_id = asked.get("candidateId")
    if isinstance(candidate_id, str) and not is_json:
        candidate_id = candidate_id.strip()
    if not isinstance(candidate_id, str) or not 0 < len(candidate_id) <= MAX_ID:
        raise BadRequestError(f"candidateId must be the candidate's id: 1 to {MAX_ID} characters")
    eraser = request.app[CANDIDATE_ERASER]
    try:
        if is_json:
            return await _erase_for_program(request, eraser, login, candidate_id, asked)
        if not _is_confirmed(request, asked):
            return await _ask_to_erase(request, login, candidate_id)
        erased = await eraser.erase(login.user.id, candidate_id)
    except UnknownCandidateError:
        message = f"Nothing was erased: nothing stored is about the candidate {candidate_id}."
        if is_json:
            raise NotFoundError(message) from None
        hint = " Copy the id from a notification, or from the address of the candidate's page."
        return await _page(request, login, message + hint, status=404)
    message = f"Erased: {_many(erased)} about the candidate {candidate_id}."
    return await _page(request, login, message, good=True)


async def _erase_for_program(
    request: web.Request, eraser: CandidateEraser, login: Login, candidate_id: str,
    asked: dict[str, Any],
) -> web.Response:  # fmt: skip
    """Raises UnknownCandidateError."""
    if asked.get("dryRun") is True:
        records = await eraser.find(login.user.id, candidate_id)
        return json_response(
            {"found": len(records.records), "name": records.name, "byEvent": records.by_event()}
        )
    if _is_confirmed(request, asked):
        erased = await eraser.erase(login.user.id, candidate_id)
        return json_response({"erased": erased})
    raise BadRequestError(
        'erasing needs {"confirm": true}; {"dryRun": true} tells what would be erased'
    )


async def _ask_to_erase(request: web.Request, login: Login, candidate_id: str) -> web.Response:
    """The question, with whom and what was found. Raises UnknownCandidateError."""
    records = await request.app[CANDIDATE_ERASER].find(login.user.id, candidate_id)
    whom = records.name or "a candidate whose name is not known here"
    return confirmation_page(
        request,
        f"Erase {records.name or 'this candidate'}?",
        f"{_many(len(records.records))} about {whom} ({candidate_id}): body, headers, link and"
        " details are erased, also from the search. An empty entry remains in the list. It cannot"
        " be undone.",
        action="/candidates/erase",
        yes="Erase for good",
        back="/account",
        fields={"candidateId": candidate_id, "confirm": "yes"},
        counts=sorted(records.by_event().items(), key=lambda row: (-row[1], row[0])),
    )


async def delete(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    asked = await _asked(request)
    if not _is_confirmed(request, asked):
        if wants_json(request):
            raise BadRequestError('deleting an account needs {"confirm": true}')
        return await _ask_to_delete(request, login)
    left = await request.app[ACCOUNT_DELETION].run(login.user.id)
    (await aiohttp_session.get_session(request)).invalidate()
    if wants_json(request):
        return json_response({"deleted": True, "subscriptionsLeft": left})
    message = "Your account and everything in it has been deleted."
    if left:
        message += (
            f" SmartRecruiters could not be told to delete {len(left)} of the subscriptions"
            f" ({', '.join(left)}): delete them there."
        )
    request.pop(VIEW, None)
    ctx = {
        "message": message,
        "good": not left,
        "offers": request.app[SETTINGS].offers,
        "csrf": await log_in_form_token(request),
    }
    return render(request, "login.html", ctx)


async def _ask_to_delete(request: web.Request, login: Login) -> web.Response:
    store = request.app[STORE]
    stored = await store.count(login.user.id, Filter(), UNLIMITED) or 0
    hooks = await store.hooks(login.user.id)
    living = sum(hook.subscription_id is not None and not hook.deleted_at for hook in hooks)
    message = (
        f"Data stored here is deleted: {_many(stored)}, the signing keys, the tokens and the"
        " log-in. Every browser is logged out. It cannot be undone."
    )
    if living:
        theirs = "subscription is" if living == 1 else f"{living} subscriptions are"
        message = f"Your {theirs} deleted at SmartRecruiters. {message}"
    return confirmation_page(
        request,
        "Delete your account?",
        message,
        action="/account/delete",
        yes="Delete everything",
        back="/account",
        fields={"confirm": "yes"},
    )


async def _page(
    request: web.Request, login: Login, message: str | None = None, *, good: bool = False,
    status: int = 200,
) -> web.Response:  # fmt: skip
    store = request.app[STORE]
    settings = request.app[SETTINGS]
    user = login.user
    ctx = {
        "message": message,
        "good": good,
        "credential_name": CREDENTIAL_NAMES[user.credential],
        "use": await store.credential_use(user.id),
        "unreadable": [
            (PLURALS[kind].lower(), scope)
            for kind, scope in (await unreadable_kinds(store, user)).items()
        ],
        "sessions": len(await store.sessions(user.id, now_ms())),
        "offers": settings.offers,
        "notifications": await store.count(user.id, Filter(), UNLIMITED),
        "hooks": len(await store.hooks(user.id)),
        "days": settings.retention_days,
        "automatic": settings.erase_deleted_candidates,
    }
    return render(request, "account.html", ctx, status=status)


def _many(count: int) -> str:
    return "1 notification" if count == 1 else f"{count:,} notifications"


def _is_confirmed(request: web.Request, asked: dict[str, Any]) -> bool:
    """What cannot be undone is done for `true` in JSON and `yes` in a form, and nothing else."""
    if request.content_type == "application/json":
        return asked.get("confirm") is True
    return asked.get("confirm") == "yes"


async def _asked(request: web.Request) -> dict[str, Any]:
    """The parameters, of a form or of a JSON object."""
    if request.content_type != "application/json":
        return dict(await read_form(request))
    asked = await read_json(request)
    if not isinstance(asked, dict):
        raise BadRequestError("the body must be a JSON object")
    return asked
