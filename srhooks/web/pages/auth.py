"""Log in and out: OAuth 2.0 authorization code (RFC 6749, 4.1; 10.12 for `state`)."""

import asyncio
import hmac
import logging
import secrets
import time
from typing import Any

import aiohttp_session
from aiohttp import hdrs, web

from srhooks.domain.clock import now_ms
from srhooks.domain.models import User
from srhooks.hub import Event
from srhooks.smartrecruiters.client import ServiceClient, raise_for_error, retry_after
from srhooks.smartrecruiters.errors import OddAnswerError, ServiceError, brief
from srhooks.smartrecruiters.oauth import authorize_url, exchange_code
from srhooks.web.http.errors import Problem, problem_response
from srhooks.web.http.session import Login, end_session, find_login, require_login, start_session
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import SERVICES, SETTINGS

log = logging.getLogger(__name__)

WHO_AM_I = "/user-api/v201804/users/me"
ADMINISTRATOR = "ADMINISTRATOR"
STATE_LIFE = 600  # seconds between asking for the log-in and coming back from it
BUSY_PAUSES = (1.1, 2.2)  # seconds before asking again when the service is asked too often
MAX_BUSY_PAUSE = 5.0
MAX_STATES = 5  # log-ins under way in as many tabs
USED_STATES = web.AppKey("used_states", dict[str, float])
HOME = "/notifications"
RESTART = "Go back to the start and try again."


async def home(request: web.Request) -> web.Response:
    if await find_login(request) is not None:
        return _see_other(HOME)
    session = await aiohttp_session.get_session(request)
    message = None
    if session.get("user"):
        message = (
            "SmartRecruiters no longer accepts your log-in. Log in again to go on:"
            " nothing is lost meanwhile."
        )
    return render(request, "login.html", {"message": message, "status": 200})


async def authorize(request: web.Request) -> web.Response:
    session = await aiohttp_session.get_session(request)
    state = secrets.token_urlsafe(24)
    pending = _pending(session)
    pending[state] = int(time.time())
    session["states"] = dict(list(pending.items())[-MAX_STATES:])
    url = authorize_url(request.app[SETTINGS], state)
    return web.Response(status=302, headers={hdrs.LOCATION: url})


async def callback(request: web.Request) -> web.Response:
    """Every way out but the last is a page that tells what went wrong, and no session."""
    session = await aiohttp_session.get_session(request)
    state = request.query.get("state", "")
    pending = _pending(session)
    known = [
        one
        for one in pending
        if hmac.compare_digest(one.encode(), state.encode("utf-8", "replace"))
    ]
    if not known or not _use_once(request.app, known[0]):
        return _failed(request, 400, "This log-in was not started here, or it took too long.")
    del pending[known[0]]
    session["states"] = pending
    if "error" in request.query:
        denied = request.query["error"] == "access_denied"
        message = (
            "SmartRecruiters was told not to let srhooks in."
            if denied
            else ("SmartRecruiters did not let srhooks in.")
        )
        return _failed(request, 403, message)
    code = request.query.get("code", "")
    if not code or len(code) > 2000:
        return _failed(request, 400, "SmartRecruiters sent no code to log in with.")
    return await _log_in(request, code)


async def _log_in(request: web.Request, code: str) -> web.Response:
    services = request.app[SERVICES]
    try:
        grant = await exchange_code(services.client, request.app[SETTINGS], code)
        profile = await _profile(services.client, grant.access_token)
        person = _person(profile)
    except ServiceError as error:
        log.warning("log-in failed: %s", brief(error))
        return _failed(request, 502, f"The log-in could not be completed. {error}")
    if not _is_administrator(profile):
        if (login := await find_login(request, dead_grant=True)) is not None:
            await _end(request, login)  # it may be the same person, who is none any more
        message = "Only administrators of SmartRecruiters may manage webhooks here."
        name = _name(profile)
        known = f"You are logged in there as {name}. " if name else ""
        hint = f"{known}Ask an administrator, or log in there as another person."
        return _failed(request, 403, message, hint)
    user = await services.store.save_user(person, services.tokens.seal(grant))
    services.gateway.count_log_in(user.id)
    services.tokens.forget(user.id)
    services.fetcher.wake(user.id)
    services.hub.publish(user.id, Event("login"))
    session = await aiohttp_session.get_session(request)
    wanted = session.get("next")
    await start_session(request, user)
    log.info("logged in", extra={"user": user.id})
    return _see_other(_local(wanted) or HOME)


async def logout(request: web.Request) -> web.Response:
    if await find_login(request, dead_grant=True) is not None:
        await _end(request, await require_login(request, dead_grant=True))
    return _see_other("/")


async def _end(request: web.Request, login: Login) -> None:
    """The session, and all that it has open."""
    await end_session(request, login)
    event = Event("session-ended", session_id=login.session_id)
    request.app[SERVICES].hub.publish(login.user.id, event)


async def _profile(client: ServiceClient, token: str) -> Any:
    """Who this is. Raises ServiceError.

    Whose rate limit this draws on is not known beforehand, and it may be used up: wait a moment.
    """
    url = client.api_url.joinpath(WHO_AM_I.lstrip("/"))
    for pause in (*BUSY_PAUSES, None):
        answer = await client.send("GET", url, token=token, timeout=15.0)
        if answer.status != 429 or pause is None:
            break
        await asyncio.sleep(min(retry_after(answer.headers) or pause, MAX_BUSY_PAUSE))
    return raise_for_error(answer).json()


def _failed(request: web.Request, status: int, message: str, hint: str = RESTART) -> web.Response:
    return problem_response(request, Problem(status, message, hint))


def _pending(session: aiohttp_session.Session) -> dict[str, int]:
    """The states given out to this browser that are still good."""
    states = session.get("states")
    if not isinstance(states, dict):
        return {}
    oldest = time.time() - STATE_LIFE
    return {key: at for key, at in states.items() if isinstance(at, int) and at > oldest}


def _use_once(app: web.Application, state: str) -> bool:
    """Whether the state is used for the first time, also with a copied cookie."""
    used = app[USED_STATES]
    now = time.monotonic()
    for old in [key for key, at in used.items() if at < now - STATE_LIFE]:
        del used[old]
    if state in used:
        return False
    used[state] = now
    return True


def _person(profile: Any) -> User:
    number = profile.get("id") if isinstance(profile, dict) else None
    if isinstance(number, bool) or not isinstance(number, str | int) or not str(number).strip():
        raise OddAnswerError("SmartRecruiters did not say who this is.")
    email = profile.get("email")
    email = email[:320] if isinstance(email, str) else ""
    now = now_ms()
    return User(
        secrets.token_urlsafe(12), str(number)[:200], _name(profile) or email or "Administrator",
        email, grant_dead=False, created_at=now, seen_at=now,
    )  # fmt: skip


def _name(profile: Any) -> str:
    names = [profile.get("firstName"), profile.get("lastName")]
    return " ".join(part for part in names if isinstance(part, str) and part)[:200]


def _is_administrator(profile: Any) -> bool:
    role = profile.get("systemRole")
    return (
        isinstance(role, dict)
        and role.get("id") == ADMINISTRATOR
        and profile.get("active") is not False
    )


def _local(path: Any) -> str | None:
    """An address of ours, which starts with one slash; never another site's."""
    if isinstance(path, str) and path.startswith("/") and path[1:2] not in {"/", "\\"}:
        return path
    return None


def _see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: location})


def setup_auth(app: web.Application) -> None:
    app[USED_STATES] = {}
