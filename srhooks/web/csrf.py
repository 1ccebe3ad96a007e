"""Cross-site request forgery: an unsafe request needs our own `Origin` or the session's token.

OWASP CSRF prevention: browsers send `Origin` with unsafe requests and no page can forge it; the
token covers those that leave it out. A right token suffices whatever the `Origin`.
"""

import hmac

from aiohttp import hdrs, web

from srhooks.config import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "X-CSRF-Token"
FIELD = "csrf"


def own_origin(request: web.Request, settings: Settings) -> bool:
    origin = request.headers.get(hdrs.ORIGIN, "")
    return origin.rstrip("/").lower() == "/".join(settings.app_url.split("/", 3)[:3]).lower()


async def is_forged(request: web.Request, settings: Settings, token: str) -> bool:
    """Whether an unsafe request shows neither our origin nor the token."""
    if request.method in SAFE or own_origin(request, settings):
        return False
    given = request.headers.get(HEADER, "")
    if not given and request.content_type in {
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }:
        value = (await request.post()).get(FIELD, "")
        given = value if isinstance(value, str) else ""
    return not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
