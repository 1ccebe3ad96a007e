"""Query parameters of the API: what is not documented is refused."""

import re
from collections.abc import Collection
from datetime import datetime

from aiohttp import web

from srhooks.sandbox.errors import ApiError

MAX_LIMIT = 100
# `yyyy-MM-ddTHH:mm:ss.SSSZZ`; the vendor's own example of it ends in Z.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:?\d\d)", re.ASCII)


def only_known(request: web.Request, known: Collection[str]) -> None:
    """Raises ApiError when there is a parameter that the call does not have."""
    for name in request.query:
        if name not in known:
            raise ApiError(400, f"Unknown parameter: {name[:80]}", "INVALID_PARAMETER")


def whole_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """An integer query parameter; raises ApiError when it is none, or out of range."""
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
        raise ApiError(400, f"{name} must be between {low} and {high}", "INVALID_PARAMETER")
    return int(text)


def read_time(request: web.Request, name: str) -> float | None:
    """A time in seconds, None without it; its `+` must be percent-encoded. Raises ApiError."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        if TIME.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        pass
    message = f"{name} must be a time like 2026-11-24T13:00:00.000Z"
    raise ApiError(400, message, "INVALID_PARAMETER")
