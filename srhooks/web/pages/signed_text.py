"""Compare a text that somebody's program signed with what SmartRecruiters signed."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.content_negotiation import wants_fragment, wants_json
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.forms import read_form, read_json
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.pages.feed import find_notification
from srhooks.web.presentation.text_difference import first_difference


async def compare(request: web.Request) -> web.Response:
    """Nothing is stored."""
    login = await require_login(request)
    n = await find_notification(request, login)
    pasted = await _pasted(request)
    difference = await run_heavy(n.size + len(pasted), first_difference, n, pasted)
    if wants_json(request):
        answer = {
            "same": difference is None,
            "difference": None if difference is None else asdict(difference),
        }
        return json_response(answer)
    ctx: dict[str, Any] = {"n": n, "difference": difference, "pasted": pasted}
    template = "_compared.html" if wants_fragment(request) else "compared.html"
    return render(request, template, ctx)


async def _pasted(request: web.Request) -> str:
    if request.content_type != "application/json":
        value = (await read_form(request)).get("text")
    else:
        given = await read_json(request)
        value = given.get("text") if isinstance(given, dict) else None
    if not isinstance(value, str) or not value:
        raise BadRequestError("Paste the text that your program signed")
    return value
