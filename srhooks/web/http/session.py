"""Sessions: aiohttp-session's encrypted cookie with the session's id; the store has the rest.

The cookie alone is not enough: a session that is not in the store any more is over, so a copy of
its cookie is worth nothing. Each use renews it (SESSION_MAX_AGE counts unused time), up to
SESSION_LIFETIME.

One that was used later than it is now was used while the clock was ahead. Nothing tells how long
ago that is, so it is over: it would last longer than it may.
"""

import contextlib
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp_session
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet, InvalidToken

from srhooks.accounts.log_in import may_enter
from srhooks.config import Settings
from srhooks.crypto import RotatingFernet, csrf_token
from srhooks.domain.account import Session, User
from srhooks.domain.clean_text import clean_text
from srhooks.domain.clock import CLOCK_SKEW, now_ms
from srhooks.hub import Event
from srhooks.smartrecruiters.errors import GrantDeadError
from srhooks.store import StoreError
from srhooks.web.http.content_negotiation import bearer, is_for_hook, wants_fragment, wants_json
from srhooks.web.http.csrf import is_forged
from srhooks.web.http.errors import FIND_LOGIN, ForgedError, LoginRequiredError, WrongTokenError
from srhooks.web.http.templating import VIEW, told_zone
from srhooks.web.state.app_keys import (
    ACCOUNT_ZONES,
    HUB,
    INCIDENTS,
    PERSONAL_TOKENS,
    SETTINGS,
    STORE,
)

COOKIE = "srhooks"
MAX_NEXT = 1000  # characters of the address somebody wanted: a cookie holds 4 kB
MAX_AGENT = 300  # characters of the browser's own words
READER = "token "
OF_LATER = "srhooks_session_of_later"
CLOCK_WAS_AHEAD = (
    "You were logged out because this server's clock had been ahead and was set back."
    " Log in again: nothing is lost."
)
TOUCH_INTERVAL = 60_000  # ms between two notes of a session's use, at most


@dataclass(frozen=True, slots=True)
class Login:
    user: User
    session_id: str
    csrf: str
    until: int  # ms, when it ends unless it is used


class CookieStorage(EncryptedCookieStorage):
    """The library's storage; a cookie with bytes that ours cannot hold counts as absent."""

    def load_cookie(self, request: web.Request) -> str | None:
        cookie: str | None = super().load_cookie(request)
        return cookie if cookie is not None and cookie.isascii() else None

    async def load_session(self, request: web.Request) -> aiohttp_session.Session:
        session = await super().load_session(request)
        cookie = self.load_cookie(request)
        if session.new and cookie and _is_of_later(self._fernet, cookie):
            request[OF_LATER] = True
        return session


def _is_of_later(fernet: Fernet, cookie: str) -> bool:
    """Whether it is one of ours that the clock says will be made later."""
    try:
        return fernet.extract_timestamp(cookie) * 1000 > now_ms() + CLOCK_SKEW
    except InvalidToken:
        return False


def setup_sessions(app: web.Application, settings: Settings) -> None:
    storage = CookieStorage(
        RotatingFernet(settings.session_secrets, "cookie"),
        cookie_name=COOKIE,
        max_age=settings.session_max_age,
        httponly=True,
        samesite="Lax",  # Strict would lose the OAuth state on the way back
        secure=settings.secure_cookies,
    )
    sessions = aiohttp_session.session_middleware(storage)

    @web.middleware
    def for_people(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        return handler(request) if _is_notification(request) else sessions(request, handler)

    app.middlewares.append(for_people)
    app[FIND_LOGIN] = find_login


def _is_notification(request: web.Request) -> bool:
    """Whether it is posted to a hook: it gets no session."""
    return request.method == hdrs.METH_POST and is_for_hook(request)


async def find_login(request: web.Request, *, dead_grant: bool = False) -> Login | None:
    """Return who is logged in, else None.

    A grant that the service accepts no more counts as logged out, unless `dead_grant` is fine.
    """
    if _is_notification(request):
        return None
    cookie = await aiohttp_session.get_session(request)
    session_id = cookie.get("id")
    if not isinstance(session_id, str):
        return None
    settings = request.config_dict[SETTINGS]
    store = request.config_dict[STORE]
    now = now_ms()
    stored = await store.session(session_id, now)
    if stored is None or not may_enter(settings, stored[0].company):
        cookie.invalidate()
        return None
    user, session = stored
    if now - session.used_at >= _touch_interval(settings):
        session = replace(session, used_at=now, until=_end(settings, session.created_at, now))
        with contextlib.suppress(StoreError):  # on a full disk people read and delete all the same
            await store.touch_session(session_id, session.used_at, session.until)
    if user.grant_dead and not dead_grant:
        return None
    login = Login(
        user, session_id, csrf_token(settings.session_secrets[0], session_id), session.until
    )
    cookie["id"] = session_id  # written again, so that the time of use is
    request[VIEW] = {"user": user, "csrf": login.csrf}
    if not wants_json(request) and not wants_fragment(request):  # a whole page tells of them
        await request.config_dict[ACCOUNT_ZONES].see(user.id, told_zone(request))
        service = request.config_dict[INCIDENTS]
        request[VIEW]["open_incidents"] = await service.open_ones(user.id)
    return login


def why_logged_out(request: web.Request) -> str | None:
    """What to say to somebody whose session ended otherwise than by its age or by them."""
    return CLOCK_WAS_AHEAD if request.get(OF_LATER) else None


async def find_reader(request: web.Request) -> Login | None:
    """Return who reads: a logged-in person, or a program with a personal token; else None.

    Raises WrongTokenError for a token that is not known.
    """
    text = bearer(request)
    if text is None:
        return await find_login(request)
    app = request.config_dict
    token = await app[PERSONAL_TOKENS].find(text)
    user = None if token is None else await app[STORE].user(token.user_id)
    if token is None or user is None:
        raise WrongTokenError
    if user.grant_dead or not may_enter(request.config_dict[SETTINGS], user.company):
        return None
    return Login(user, reader_id(token.id), "", token.expires_at)


async def still_logged_in(app: web.Application, login: Login) -> int | None:
    """Return when (ms) the session of an open page ends unless it is used; None when it is over.

    Raises StoreError.
    """
    now = now_ms()
    if login.session_id.startswith(READER):
        user = await app[STORE].user(login.user.id)
        tokens = await app[PERSONAL_TOKENS].all(login.user.id)
        valid = any(reader_id(token.id) == login.session_id for token in tokens)
        over = user is None or user.grant_dead or not valid or login.until <= now
        return None if over else login.until
    stored = await app[STORE].session(login.session_id, now)
    if stored is None or stored[0].grant_dead:
        return None
    return stored[1].until


async def require_reader(request: web.Request) -> Login:
    """Raises LoginRequiredError or WrongTokenError."""
    if bearer(request) is None:
        return await require_login(request)
    login = await find_reader(request)
    if login is None:
        raise LoginRequiredError(str(GrantDeadError()))
    return login


def reader_id(token_id: str) -> str:
    """The session id of a program that reads with a personal token."""
    return f"{READER}{token_id}"


async def require_login(request: web.Request, *, dead_grant: bool = False) -> Login:
    """Raises LoginRequiredError, or ForgedError for an unsafe request from elsewhere."""
    login = await find_login(request, dead_grant=dead_grant)
    if login is None:
        if request.method == "GET" and not wants_json(request) and not wants_fragment(request):
            session = await aiohttp_session.get_session(request)
            wanted = request.rel_url.raw_path_qs
            session["next"] = wanted if len(wanted) <= MAX_NEXT else request.rel_url.raw_path
        if bearer(request) is not None:
            raise LoginRequiredError("A personal token reads notifications and nothing else")
        raise LoginRequiredError(why_logged_out(request) or "Log in first")
    settings = request.config_dict[SETTINGS]
    # A page that was open while the secrets were rotated still holds an older one's token.
    tokens = [csrf_token(secret, login.session_id) for secret in settings.session_secrets]
    if await is_forged(request, settings, tokens):
        raise ForgedError
    return login


async def start_session(request: web.Request, user: User) -> Login:
    """Start a new session and end the one before; nothing is carried over (session fixation)."""
    settings = request.config_dict[SETTINGS]
    before = await find_login(request, dead_grant=True)
    if before is not None:
        await end_session(request, before)
    cookie = await aiohttp_session.new_session(request)
    now = now_ms()
    agent = clean_text(request.headers.get(hdrs.USER_AGENT, ""))
    session = Session(
        secrets.token_urlsafe(16), user.id, now, now, _end(settings, now, now),
        agent[:MAX_AGENT],
    )  # fmt: skip
    await request.config_dict[STORE].add_session(session)
    cookie["id"] = session.id
    csrf = csrf_token(settings.session_secrets[0], session.id)
    request[VIEW] = {"user": user, "csrf": csrf}
    return Login(user, session.id, csrf, session.until)


async def end_session(request: web.Request, login: Login) -> None:
    """End the session: its live pages close, and a copy of its cookie is worth nothing."""
    app = request.config_dict
    await app[STORE].end_session(login.user.id, login.session_id)
    app[HUB].publish(login.user.id, Event("session-ended", session_id=login.session_id))
    cookie: Any = await aiohttp_session.get_session(request)
    cookie.invalidate()
    request.pop(VIEW, None)


def _touch_interval(settings: Settings) -> int:
    """ms; short sessions are noted more often, so that their end is not far off."""
    return min(TOUCH_INTERVAL, settings.session_max_age * 100)


def _end(settings: Settings, created_at: int, used_at: int) -> int:
    """The cookie's own age is exact; what is noted of its use may be a while behind."""
    unused = used_at + settings.session_max_age * 1000 + _touch_interval(settings)
    return min(created_at + settings.session_lifetime * 1000, unused)
