"""`/terminal`: how to follow one's notifications in a terminal, and the tokens for it."""

import itertools
from collections.abc import Container
from typing import Any

from aiohttp import web

from srhooks.accounts.personal_tokens import (
    DEFAULT_DAYS,
    MAX_DAYS,
    MAX_NAME,
    ClockAheadError,
    TooManyTokensError,
)
from srhooks.domain.account import PersonalToken
from srhooks.domain.clock import iso
from srhooks.hub import Event
from srhooks.web.http.confirmation import confirmation_page
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, ConflictError, NotFoundError
from srhooks.web.http.forms import read_fields, text_of
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, reader_id, require_login
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import FLASH, HUB, PERSONAL_TOKENS, SETTINGS

DEFAULT_NAME = "Terminal"


async def show(request: web.Request) -> web.Response:
    return await _page(request, await require_login(request))


async def make(request: web.Request) -> web.Response:
    """Its text is told this once: to a program in the answer, to a person on the page after it."""
    login = await require_login(request)
    form = await read_fields(request)
    name = text_of(form, "name")
    if len(name) > MAX_NAME:
        raise BadRequestError(f"The name is too long: at most {MAX_NAME} characters")
    days = _days(text_of(form, "days"))
    personal = request.app[PERSONAL_TOKENS]
    if not name:
        name = _free_name({token.name for token in await personal.all(login.user.id)})
    try:
        token, text = await personal.make(login.user.id, name, days)
    except TooManyTokensError as error:
        raise BadRequestError(str(error)) from None
    except ClockAheadError as error:
        raise ConflictError(str(error)) from None
    if wants_json(request):
        return json_response({**_json(token), "token": text}, status=201)
    await request.app[FLASH].save(login.session_id, "terminal", made=text, name=token.name)
    return see_other("/terminal")


async def ask_to_revoke(request: web.Request) -> web.Response:
    login = await require_login(request)
    tokens = await request.app[PERSONAL_TOKENS].all(login.user.id)
    token = next((one for one in tokens if one.id == request.match_info["id"]), None)
    if token is None:
        raise NotFoundError("There is no such token")
    return confirmation_page(
        request,
        f"Revoke the token {token.name}?",
        "Programs that use it can no longer read your notifications. It cannot be undone.",
        action=f"/terminal/tokens/{token.id}/revoke",
        yes="Revoke",
        back="/terminal",
    )


async def revoke(request: web.Request) -> web.Response:
    login = await require_login(request)
    app = request.app
    token_id = request.match_info["id"]
    if not await app[PERSONAL_TOKENS].revoke(login.user.id, token_id):
        raise NotFoundError("There is no such token")
    app[HUB].publish(login.user.id, Event("session-ended", session_id=reader_id(token_id)))
    if wants_json(request):
        return web.Response(status=204)
    await app[FLASH].save(login.session_id, "terminal", said="The token was revoked.")
    return see_other("/terminal")


async def _page(request: web.Request, login: Login) -> web.Response:
    tokens = await request.app[PERSONAL_TOKENS].all(login.user.id)
    if wants_json(request):
        return json_response({"tokens": [_json(token) for token in tokens]})
    ctx = {
        "tokens": tokens,
        "made": None,
        "default_days": DEFAULT_DAYS,
        "server": request.app[SETTINGS].app_url,
        **(await request.app[FLASH].pop(login.session_id, "terminal")),
    }
    return render(request, "terminal.html", ctx)


def _days(text: str) -> int:
    """For how long a token lasts. Raises BadRequestError."""
    if not text:
        return DEFAULT_DAYS
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MAX_DAYS:
        raise BadRequestError(f"days must be a whole number from 1 to {MAX_DAYS}")
    return int(text)


def _free_name(taken: Container[str]) -> str:
    """For a token that was given none: so that one can be told from another when it is revoked."""
    numbered = (f"{DEFAULT_NAME} {number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([DEFAULT_NAME], numbered) if name not in taken)


def _json(token: PersonalToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "createdAt": iso(token.created_at),
        "usedAt": None if token.used_at is None else iso(token.used_at),
        "expiresAt": iso(token.expires_at),
    }
