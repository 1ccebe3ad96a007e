"""`/account/sessions`: the browsers that are logged in, and how to log them out."""

import hashlib
from typing import Any

from aiohttp import web

from srhooks.domain.account import Session
from srhooks.domain.clock import iso, now_ms
from srhooks.hub import EVERY_SESSION, Event
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import NotFoundError
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, end_session, require_login
from srhooks.web.http.templating import render
from srhooks.web.presentation.user_agent import browser_name
from srhooks.web.state.app_keys import FLASH, HUB, STORE

PAGE = "/account/sessions"


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    app = request.app
    found = await app[STORE].sessions(login.user.id, now_ms())
    sessions = [_shown(session, login) for session in found]
    if wants_json(request):
        times = ("createdAt", "usedAt", "until")
        return json_response(
            {
                "sessions": [
                    {**shown, **{name: iso(shown[name]) for name in times}} for shown in sessions
                ]
            }
        )
    said = await app[FLASH].pop(login.session_id, "sessions")
    return render(request, "sessions.html", {"sessions": sessions, **said})


async def end(request: web.Request) -> web.Response:
    """Log out one of them."""
    login = await require_login(request, dead_grant=True)
    app = request.app
    handle = request.match_info["id"]
    sessions = await app[STORE].sessions(login.user.id, now_ms())
    session = next((one for one in sessions if _handle(one.id) == handle), None)
    if session is None:
        raise NotFoundError("There is no such session")
    if session.id == login.session_id:
        await end_session(request, login)
    else:
        await app[STORE].end_session(login.user.id, session.id)
        app[HUB].publish(login.user.id, Event("session-ended", session_id=session.id))
        said = f"{browser_name(session.agent)} was logged out."
        await app[FLASH].save(login.session_id, "sessions", said=said)
    if wants_json(request):
        return web.Response(status=204)
    return see_other("/" if session.id == login.session_id else PAGE)


async def end_all(request: web.Request) -> web.Response:
    """Log out everywhere, here as well."""
    login = await require_login(request, dead_grant=True)
    app = request.app
    await app[STORE].end_sessions(login.user.id)
    await end_session(request, login)
    app[HUB].publish(login.user.id, Event("session-ended", session_id=EVERY_SESSION))
    return web.Response(status=204) if wants_json(request) else see_other("/")


def _shown(session: Session, login: Login) -> dict[str, Any]:
    return {
        "id": _handle(session.id),
        "browser": browser_name(session.agent),
        "current": session.id == login.session_id,
        "createdAt": session.created_at,
        "usedAt": session.used_at,
        "until": session.until,
    }


def _handle(session_id: str) -> str:
    """Names a session on a page: what the cookie holds is shown to nobody."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:16]
