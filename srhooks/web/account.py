"""A person's own data: what is kept, erasing a candidate, deleting the account.

Both ask first: a form without `confirm` is answered with the question. All of it works also when
SmartRecruiters takes the log-in no more: one must be able to leave.
"""

import json
from typing import Any

import aiohttp_session
from aiohttp import hdrs, web

from srhooks.candidates import MAX_ID
from srhooks.models import Filter
from srhooks.web.errors import BadRequestError, json_text
from srhooks.web.forms import read_form
from srhooks.web.keys import SERVICES, SETTINGS
from srhooks.web.negotiate import VARY, wants_json
from srhooks.web.session import Login, require_login
from srhooks.web.view import VIEW, render

UNLIMITED = 1 << 60


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    return await _page(request, login)


async def erase(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    asked = await _asked(request)
    candidate_id = str(asked.get("candidateId") or "").strip()
    if not 0 < len(candidate_id) <= MAX_ID or not candidate_id.isprintable():
        raise BadRequestError(f"candidateId must be the candidate's id: 1 to {MAX_ID} characters")
    if not asked.get("confirm") and not wants_json(request):
        return _question(
            request, "Erase this candidate?", "/candidates/erase", "Erase for good",
            f"Everything received so far that carries the id {candidate_id} loses its body, its"
            " headers, its link and what was fetched. That it came stays visible.",
            candidateId=candidate_id,
        )  # fmt: skip
    erased = await request.app[SERVICES].eraser.erase(login.user.id, candidate_id)
    if wants_json(request):
        return _json({"candidateId": candidate_id, "erased": erased})
    count = "1 notification" if erased == 1 else f"{erased} notifications"
    return await _page(request, login, f"Erased: {count} carried the id {candidate_id}.")


async def delete(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    asked = await _asked(request)
    if not asked.get("confirm"):
        if wants_json(request):
            raise BadRequestError('deleting an account needs {"confirm": true}')
        return _question(
            request, "Delete your account?", "/account/delete", "Delete everything",
            "Your subscriptions, all notifications, signing keys and the log-in at SmartRecruiters"
            " are deleted here, for good, and every browser is logged out.",
        )  # fmt: skip
    left = await request.app[SERVICES].accounts.delete(login.user.id)
    (await aiohttp_session.get_session(request)).invalidate()
    if wants_json(request):
        return _json({"deleted": True, "subscriptionsLeft": left})
    message = "Your account and everything in it has been deleted."
    if left:
        message += (
            f" SmartRecruiters could not be told to delete {len(left)} of the subscriptions"
            f" ({', '.join(left)}): delete them there."
        )
    del request[VIEW]["user"]
    return render(request, "login.html", {"message": message, "status": 200, "csrf": ""})


async def _page(request: web.Request, login: Login, message: str | None = None) -> web.Response:
    store = request.app[SERVICES].store
    settings = request.app[SETTINGS]
    stored = await store.count(login.user.id, Filter(), UNLIMITED)
    ctx = {
        "message": message,
        "notifications": stored,
        "hooks": len(await store.hooks(login.user.id)),
        "days": settings.retention_days,
        "automatic": settings.erase_deleted_candidates,
    }
    if wants_json(request):
        kept = {name: ctx[name] for name in ("notifications", "hooks")}
        person = {"name": login.user.name, "email": login.user.email}
        return _json({**person, **kept, "retentionDays": settings.retention_days})
    return render(request, "account.html", ctx)


def _question(
    request: web.Request, title: str, action: str, yes: str, message: str, **fields: str
) -> web.Response:
    ctx = {"title": title, "message": message, "action": action, "yes": yes, "back": "/account"}
    return render(request, "confirm.html", {**ctx, "fields": {**fields, "confirm": "yes"}})


async def _asked(request: web.Request) -> dict[str, Any]:
    """The parameters, of a form or of a JSON object."""
    if request.content_type != "application/json":
        return dict(await read_form(request))
    try:
        asked = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None
    if not isinstance(asked, dict):
        raise BadRequestError("the body must be a JSON object")
    return asked


def _json(value: Any) -> web.Response:
    return web.Response(
        text=json_text(value), content_type="application/json", headers={hdrs.VARY: VARY}
    )


def setup_account(app: web.Application) -> None:
    app.router.add_get("/account", show)
    app.router.add_post("/account/delete", delete)
    app.router.add_post("/candidates/erase", erase)
