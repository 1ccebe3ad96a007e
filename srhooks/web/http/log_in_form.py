"""The anti-forgery token of a browser that is not logged in, by an id in its cookie.

Without it a page of another site could log the browser in to an account of its own.
"""

import secrets

import aiohttp_session
from aiohttp import web

from srhooks.crypto import csrf_token
from srhooks.web.http.csrf import is_forged
from srhooks.web.state.app_keys import SETTINGS


async def forged_log_in(request: web.Request) -> bool:
    """Whether the posted log-in form came from another site. Raises BadRequestError."""
    settings = request.config_dict[SETTINGS]
    cookie = await aiohttp_session.get_session(request)
    ids = [value for name in ("form", "id") if isinstance(value := cookie.get(name), str)]
    tokens = [csrf_token(key, value) for key in settings.session_secrets for value in ids]
    return await is_forged(request, settings, tokens)


async def log_in_form_token(request: web.Request) -> str:
    """The anti-forgery token of a browser that is not logged in."""
    cookie = await aiohttp_session.get_session(request)
    if not isinstance(cookie.get("form"), str):
        cookie["form"] = secrets.token_urlsafe(16)
    return csrf_token(request.config_dict[SETTINGS].session_secrets[0], cookie["form"])
