"""Sessions: aiohttp-session's encrypted cookie with the user's id and the session's own.

The cookie alone is not enough: a session that was ended is listed in the store, so a copy of its
cookie is worth nothing. Each use renews the cookie (SESSION_MAX_AGE counts unused time).
"""

import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp_session
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage

from srhooks.config import Settings
from srhooks.crypto import RotatingFernet, csrf_token
from srhooks.domain.clock import now_ms
from srhooks.domain.models import User
from srhooks.smartrecruiters.errors import GrantDeadError
from srhooks.web.http.content_negotiation import bearer, wants_fragment, wants_json
from srhooks.web.http.csrf import is_forged
from srhooks.web.http.errors import GREET, ForgedError, LoginRequiredError, WrongTokenError
from srhooks.web.http.templating import VIEW
from srhooks.web.state.app_keys import SERVICES, SETTINGS

COOKIE = "srhooks"
MAX_NEXT = 1000  # characters of the address somebody wanted: a cookie holds 4 kB
KEEP_ENDED = 400 * 86_400_000  # ms: longer than any cookie can live


@dataclass(frozen=True, slots=True)
class Login:
    user: User
    session_id: str
    csrf: str


class CookieStorage(EncryptedCookieStorage):
    """The library's, which fails on bytes that no cookie of ours can hold."""

    def load_cookie(self, request: web.Request) -> str | None:
        cookie: str | None = super().load_cookie(request)
        return cookie if cookie is not None and cookie.isascii() else None


def setup_sessions(app: web.Application, settings: Settings) -> None:
    storage = CookieStorage(
        RotatingFernet(settings.session_secrets, "cookie"),
        cookie_name=COOKIE,
        max_age=settings.session_max_age,
        httponly=True,
        samesite="Lax",  # Strict would lose the OAuth state on the way back
        secure=settings.secure_cookies,
    )
    aiohttp_session.setup(app, storage)
    app[GREET] = find_login


async def find_login(request: web.Request, *, dead_grant: bool = False) -> Login | None:
    """Who is logged in, else None.

    A grant that the service takes no more counts as logged out, unless `dead_grant` is fine.
    """
    session = await aiohttp_session.get_session(request)
    user_id, session_id = session.get("user"), session.get("id")
    if not isinstance(user_id, str) or not isinstance(session_id, str):
        return None
    user = await request.config_dict[SERVICES].store.user(user_id, session_id)
    if user is None:
        session.invalidate()
        return None
    if user.grant_dead and not dead_grant:
        return None
    settings = request.config_dict[SETTINGS]
    login = Login(user, session_id, csrf_token(settings.session_secrets[0], session_id))
    session["user"] = user_id  # written again, so that the time of use is
    request[VIEW] = {"user": user, "csrf": login.csrf}
    return login


async def find_reader(request: web.Request) -> Login | None:
    """Who may read: whoever is logged in, or a program that shows a person's token.

    Raises WrongTokenError for a token that is not known.
    """
    text = bearer(request)
    if text is None:
        return await find_login(request)
    services = request.config_dict[SERVICES]
    token = await services.personal.find(text)
    user = None if token is None else await services.store.user(token.user_id)
    if token is None or user is None:
        raise WrongTokenError
    return None if user.grant_dead else Login(user, reader_id(token.id), "")


async def require_reader(request: web.Request) -> Login:
    """Raises LoginRequiredError or WrongTokenError."""
    if bearer(request) is None:
        return await require_login(request)
    login = await find_reader(request)
    if login is None:
        raise LoginRequiredError(str(GrantDeadError()))
    return login


def reader_id(token_id: str) -> str:
    """What stands for the session where a program reads with a token."""
    return f"token {token_id}"


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
        raise LoginRequiredError
    settings = request.config_dict[SETTINGS]
    # A page that was open while the secrets were rotated still holds an older one's token.
    tokens = [csrf_token(secret, login.session_id) for secret in settings.session_secrets]
    if await is_forged(request, settings, tokens):
        raise ForgedError
    return login


async def start_session(request: web.Request, user: User) -> None:
    """A fresh session: nothing of the one before is kept (no session fixation)."""
    session = await aiohttp_session.new_session(request)
    session["user"] = user.id
    session["id"] = secrets.token_urlsafe(16)


async def end_session(request: web.Request, login: Login) -> None:
    store = request.config_dict[SERVICES].store
    await store.end_session(login.session_id, now_ms() + KEEP_ENDED)
    session: Any = await aiohttp_session.get_session(request)
    session.invalidate()
    request.pop(VIEW, None)
