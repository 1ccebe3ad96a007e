"""Log in with SmartRecruiters: OAuth 2.0 authorization code (RFC 6749, 4.1; 10.12 for `state`).

And log out, however one had logged in.
"""

import hashlib
import hmac
import logging
import secrets
import time

import aiohttp_session
from aiohttp import hdrs, web

from srhooks.accounts.log_in import LogInError, NotAdministratorError
from srhooks.hub import Hub
from srhooks.smartrecruiters.errors import ServiceError, brief
from srhooks.smartrecruiters.oauth import authorize_url
from srhooks.web.http.errors import NotFoundError, Problem, problem_response
from srhooks.web.http.log_in_result import complete_log_in
from srhooks.web.http.responses import see_other
from srhooks.web.http.session import end_session, find_login, require_login
from srhooks.web.state.app_keys import HUB, LOG_IN, SETTINGS

log = logging.getLogger(__name__)

STATE_LIFETIME = 600  # seconds between asking for the log-in and coming back from it
MAX_STATES = 5  # log-ins under way in as many tabs
MAX_DESCRIPTION = 500  # characters of what the service says of a refused scope
USED_STATES = web.AppKey("used_states", dict[str, float])
TOPIC = "used-state"  # of the messages between processes
RESTART = "Go back to the start and try again."


async def authorize(request: web.Request) -> web.Response:
    _check_offered(request)
    session = await aiohttp_session.get_session(request)
    state = secrets.token_urlsafe(24)
    pending = _pending(session)
    pending[state] = int(time.time())
    session["states"] = dict(list(pending.items())[-MAX_STATES:])
    url = authorize_url(request.app[SETTINGS], state)
    return web.Response(status=302, headers={hdrs.LOCATION: url})


async def callback(request: web.Request) -> web.Response:
    """Every way out but the last is a page that tells what went wrong, and no session."""
    _check_offered(request)
    session = await aiohttp_session.get_session(request)
    state = request.query.get("state", "")
    pending = _pending(session)
    known = [
        candidate
        for candidate in pending
        if hmac.compare_digest(candidate.encode(), state.encode("utf-8", "replace"))
    ]
    if not known or not _use_once(request.app, known[0]):
        return _failed(request, 400, "This login was not started here, or it took too long.")
    del pending[known[0]]
    session["states"] = pending
    if "error" in request.query:
        return _refused(request, request.query["error"])
    code = request.query.get("code", "")
    if not code or len(code) > 2000:
        return _failed(request, 400, "SmartRecruiters sent no code to log in with.")
    try:
        user = await request.app[LOG_IN].with_code(code)
    except LogInError as error:
        before = await find_login(request, dead_grant=True)
        if before is not None and isinstance(error, NotAdministratorError):
            await end_session(request, before)  # it may be the same person, who is none any more
        return _failed(request, 403, str(error), error.hint)
    except ServiceError as error:
        log.warning("log-in failed: %s", brief(error))
        return _failed(request, 502, f"The login could not be completed. {error}")
    _, target = await complete_log_in(request, user)
    return see_other(target)


async def logout(request: web.Request) -> web.Response:
    if await find_login(request, dead_grant=True) is not None:
        await end_session(request, await require_login(request, dead_grant=True))
    return see_other("/")


def _refused(request: web.Request, error: str) -> web.Response:
    if error == "access_denied":
        return _failed(request, 403, "You declined access.")
    if error == "invalid_scope":
        return _scope_refused(request)
    return _failed(request, 403, "SmartRecruiters refused access to srhooks.")


def _scope_refused(request: web.Request) -> web.Response:
    """RFC 6749, 4.1.2.1. Which scope it was, the description may say."""
    asked = request.app[SETTINGS].scopes.split()
    description = request.query.get("error_description", "")[:MAX_DESCRIPTION]
    named = [scope for scope in asked if scope in description]
    which = ", ".join(named or asked)
    message = (
        f"SmartRecruiters does not grant this app the scope {which}."
        if len(named) == 1
        else f"SmartRecruiters does not grant this app one of these scopes: {which}."
    )
    hint = (
        "The operator of this srhooks takes it out of SMARTRECRUITERS_SCOPES, or asks"
        " SmartRecruiters to add it to the app."
    )
    return _failed(request, 403, message, hint)


def _check_offered(request: web.Request) -> None:
    if not request.app[SETTINGS].offers("oauth"):
        raise NotFoundError("This way to log in is not offered here")


def _failed(request: web.Request, status: int, message: str, hint: str = RESTART) -> web.Response:
    return problem_response(request, Problem(status, message, hint))


def _pending(session: aiohttp_session.Session) -> dict[str, int]:
    """The states given out to this browser that are still good."""
    states = session.get("states")
    if not isinstance(states, dict):
        return {}
    oldest = time.time() - STATE_LIFETIME
    return {key: at for key, at in states.items() if isinstance(at, int) and at > oldest}


def _use_once(app: web.Application, state: str) -> bool:
    """Whether the state is used for the first time, also with a copied cookie."""
    used = app[USED_STATES]
    now = time.monotonic()
    for old in [key for key, at in used.items() if at < now - STATE_LIFETIME]:
        del used[old]
    digest = hashlib.sha256(state.encode()).hexdigest()
    if digest in used:
        return False
    used[digest] = now
    app[HUB].publish_to_processes(TOPIC, digest)
    return True


def share_states(app: web.Application, hub: Hub) -> None:
    """Remember those that were used at other processes as well."""

    def on_used(digest: str) -> None:
        app[USED_STATES][digest] = time.monotonic()

    hub.on_message(TOPIC, on_used)


def setup_auth(app: web.Application) -> None:
    app[USED_STATES] = {}
