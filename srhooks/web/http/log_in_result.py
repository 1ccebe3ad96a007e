"""What follows a log-in, however it was made: a session, and all that waited for a credential."""

import logging
from typing import Any

import aiohttp_session
from aiohttp import hdrs, web

from srhooks.domain.account import User
from srhooks.hub import Event
from srhooks.web.http.session import Login, start_session
from srhooks.web.state.app_keys import ENTITY_FETCHER, HUB, KEY_RECOVERY, USER_CLIENT

log = logging.getLogger(__name__)

HOME = "/notifications"


async def complete_log_in(request: web.Request, user: User) -> tuple[Login, str]:
    """The new session, and the address that the person wanted to see. Raises StoreError."""
    app = request.app
    app[USER_CLIENT].forget(user.id)
    app[ENTITY_FETCHER].wake(user.id)
    app[KEY_RECOVERY].start(user.id)
    app[HUB].publish(user.id, Event("login"))
    session = await aiohttp_session.get_session(request)
    target = _own_address(session.get("next")) or HOME
    login = await start_session(request, user)
    log.info("logged in", extra={"user": user.id})
    return login, target


def see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: location})


def _own_address(path: Any) -> str | None:
    """An address of ours, which starts with one slash; never another site's."""
    if isinstance(path, str) and path.startswith("/") and path[1:2] not in {"/", "\\"}:
        return path
    return None
