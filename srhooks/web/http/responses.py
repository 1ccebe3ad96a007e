"""Answers that are made in one way everywhere: JSON, and the redirect after a form."""

import io
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import hdrs, web

from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.content_negotiation import VARY
from srhooks.web.http.errors import json_text
from srhooks.web.http.pieces import in_pieces


def json_response(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json_text(value),
        status=status,
        content_type="application/json",
        headers={hdrs.VARY: VARY},
    )


def see_other(url: str) -> web.Response:
    """To the page that shows what became of a form (RFC 9110, 15.4.4)."""
    return web.Response(status=303, headers={hdrs.LOCATION: url})


async def large_json_response(size: int, parts: Callable[[], Iterable[str]]) -> web.Response:
    """An answer made of `size` bytes or so: written and encoded beside the event loop."""
    body = await run_heavy(size, _encoded, parts)
    return web.Response(
        body=in_pieces(body), content_type="application/json", charset="utf-8",
        headers={hdrs.VARY: VARY},
    )  # fmt: skip


def _encoded(parts: Callable[[], Iterable[str]]) -> bytes:
    body = io.BytesIO()
    for part in parts():
        body.write(part.encode())
    return body.getvalue()
