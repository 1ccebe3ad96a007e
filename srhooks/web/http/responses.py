"""JSON answers, made in one way."""

from typing import Any

from aiohttp import hdrs, web

from srhooks.web.http.content_negotiation import VARY
from srhooks.web.http.errors import json_text


def json_response(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json_text(value),
        status=status,
        content_type="application/json",
        headers={hdrs.VARY: VARY},
    )
