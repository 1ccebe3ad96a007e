"""What is done to several notifications at once: delete them, or process them again.

To process again is to do here what was done when it came in: verify the signature, decide about
the link, fetch the entity. Nothing is sent to an address that somebody names; `srhooks listen`
replays notifications, to a program on one's own machine.
"""

import asyncio
from typing import Any

from aiohttp import web

from srhooks.hub import Event
from srhooks.web.http.confirmation import confirmation_page
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.forms import read_form, read_json, text_of
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, require_login
from srhooks.web.pages.export import read_ids
from srhooks.web.pages.feed import find_notification
from srhooks.web.presentation.template_filters import quoted
from srhooks.web.presentation.words import WORDS
from srhooks.web.state.app_keys import FLASH, HOOKS, HUB, INTAKE, STORE

SAID = {"deleted": "{} deleted.", "processed": "{} processed again."}
BATCH = 20  # notifications at a time: each may hold megabytes
DELETE_BATCH = 200
NAMED = 5  # of those that are to be deleted


async def delete(request: web.Request) -> web.Response:
    """Forms are asked first."""
    login = await require_login(request)
    asked = await _Asked.of(request)
    if not asked.confirmed:
        return await _question(request, login, asked)
    notification_ids = read_ids(asked.ids)
    deleted = 0
    for start in range(0, len(notification_ids), DELETE_BATCH):
        deleted += await _delete(
            request, login.user.id, notification_ids[start : start + DELETE_BATCH]
        )
    return await _done(request, login, asked, "deleted", deleted)


async def _question(request: web.Request, login: Login, asked: "_Asked") -> web.Response:
    """The question that select.js asks in the page, and which ones they are."""
    words = WORDS["delete_many" if len(asked.ids) > 1 else "delete_one"]
    notification_ids = read_ids(asked.ids[:NAMED])
    back = f"/{quoted(asked.ids[0])}{asked.back}" if len(asked.ids) == 1 else asked.back
    return confirmation_page(
        request,
        words.format(count=len(asked.ids)),
        WORDS["delete_what"],
        action="/notifications/delete",
        yes=WORDS["delete_yes"],
        back=f"/notifications{back}",
        fields={"id": asked.ids, "back": asked.back, "confirm": "yes"},
        named=await request.app[STORE].by_ids(login.user.id, notification_ids),
        unnamed=len(asked.ids[NAMED:]),
    )


async def _delete(request: web.Request, user_id: str, notification_ids: list[int]) -> int:
    """Delete them, and tell every open page."""
    app = request.app
    deleted = await app[STORE].delete_notifications(user_id, notification_ids)
    app[HUB].publish(user_id, Event("deleted"))
    return len(deleted)


async def reprocess(request: web.Request) -> web.Response:
    login = await require_login(request)
    asked = await _Asked.of(request)
    processed = 0
    notification_ids = read_ids(asked.ids)
    for start in range(0, len(notification_ids), BATCH):
        processed += await _process(request, login, notification_ids[start : start + BATCH])
    return await _done(request, login, asked, "processed", processed)


async def reprocess_one(request: web.Request) -> web.Response:
    """Verify and fetch the open one again."""
    login = await require_login(request)
    n = await find_notification(request, login)
    processed = await _process(request, login, [n.id])
    if wants_json(request):
        return json_response({"processed": processed})
    if processed:
        said = "It was processed again."
        await request.app[FLASH].save(login.session_id, "feed", said=said)
    back = text_of(await read_form(request), "back")
    return see_other(f"/notifications/{n.public_id}{_query(back)}#d-entity")


async def _process(request: web.Request, login: Login, notification_ids: list[int]) -> int:
    app = request.app
    done = 0
    for n in await app[STORE].by_ids(login.user.id, notification_ids):
        entry = await app[HOOKS].get(n.hook_id)
        if entry is not None:
            done += await app[INTAKE].process_again(entry, n)
        await asyncio.sleep(0)
    return done


class _Asked:
    def __init__(self, ids: list[str], back: str, *, confirmed: bool) -> None:
        if not ids:
            raise BadRequestError("Choose at least one notification")
        read_ids(ids)  # not too many
        self.ids = ids
        self.back = back
        self.confirmed = confirmed

    @classmethod
    async def of(cls, request: web.Request) -> "_Asked":
        if request.content_type != "application/json":
            form = await read_form(request)
            ids = form.getall("id", [])
            confirmed = bool(text_of(form, "confirm")) or wants_json(request)
            return cls(ids, _query(text_of(form, "back")), confirmed=confirmed)
        value: Any = await read_json(request)
        named: Any = value.get("ids") if isinstance(value, dict) else None
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise BadRequestError('the body must be an object such as {"ids": ["…"]}')
        return cls(named, "", confirmed=True)


def _query(text: str) -> str:
    """The list to go back to. Only a query: it never leads to another address."""
    return text if text.startswith("?") and text.isprintable() and len(text) < 4000 else ""


async def _done(
    request: web.Request, login: Login, asked: _Asked, what: str, count: int
) -> web.Response:  # fmt: skip
    if wants_json(request):
        return json_response({what: count})
    said = SAID[what].format("1 notification was" if count == 1 else f"{count} notifications were")
    await request.app[FLASH].save(login.session_id, "feed", said=said)
    return see_other(f"/notifications{asked.back}")
