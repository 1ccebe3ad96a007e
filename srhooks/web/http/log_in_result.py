"""After any kind of log-in: start the session, and resume what waited for a credential."""

import logging
from typing import Any

import aiohttp_session
from aiohttp import web

from srhooks.domain.account import User
from srhooks.domain.clock import now_ms
from srhooks.hub import Event
from srhooks.web.http.session import Login, start_session
from srhooks.web.state.app_keys import ENTITY_FETCHER, HUB, KEY_RECOVERY, STORE, USER_CLIENT

log = logging.getLogger(__name__)

HOME = "/notifications"
MAX_RETRIED = 500  # entities that were refused; older ones can be processed again by hand


async def complete_log_in(request: web.Request, user: User) -> tuple[Login, str]:
    """Start the session; return the address that the person asked for before. Raises StoreError."""
    app = request.app
    app[USER_CLIENT].forget(user.id)
    # This credential may read what the one before could not.
    await app[STORE].retry_refused_entities(user.id, now_ms(), MAX_RETRIED)
    app[ENTITY_FETCHER].wake(user.id)
    app[KEY_RECOVERY].start(user.id)
    app[HUB].publish(user.id, Event("login"))
    session = await aiohttp_session.get_session(request)
    target = _own_address(session.get("next")) or HOME
    login = await start_session(request, user)
    log.info("logged in", extra={"user": user.id})
    return login, target


def _own_address(path: Any) -> str | None:
    """Whether `path` is an address on this site: it starts with exactly one slash."""
    if isinstance(path, str) and path.startswith("/") and path[1:2] not in {"/", "\\"}:
        return path
    return None
