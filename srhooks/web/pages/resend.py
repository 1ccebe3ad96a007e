"""Send a notification into the running `srhooks listen` programs of the account once more."""

from aiohttp import web

from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import ConflictError
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import require_login
from srhooks.web.pages.feed import find_notification
from srhooks.web.state.app_keys import FLASH
from srhooks.web.state.listeners import LISTENERS


async def resend(request: web.Request) -> web.Response:
    """Ask the programs to replay it. Nothing is stored, and their filters do not apply."""
    login = await require_login(request)
    n = await find_notification(request, login)
    if n.erased:
        raise ConflictError("A candidate's data was erased from it: nothing is left to send")
    sent_to = await request.app[LISTENERS].resend(login.user.id, n.public_id)
    if not sent_to:
        raise ConflictError(
            "No terminal is listening: start srhooks listen, and then send it again"
        )
    if wants_json(request):
        return json_response({"sentTo": sent_to})
    terminals = "1 terminal" if sent_to == 1 else f"{sent_to} terminals"
    await request.app[FLASH].save(login.session_id, "feed", said=f"Sent to {terminals}.")
    return see_other(f"/notifications/{n.public_id}#d-take")
