"""Cross-site request forgery: an unsafe request needs our own `Origin` or the session's token.

OWASP CSRF prevention: browsers send `Origin` with unsafe requests and no page can forge it; the
token covers those that leave it out. A right token suffices whatever the `Origin`.
"""

import hmac
from collections.abc import Collection

from aiohttp import hdrs, web
from yarl import URL

from srhooks.config import Settings
from srhooks.web.http.forms import is_form, read_form, text_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "X-CSRF-Token"
FIELD = "csrf"


def own_origin(request: web.Request, settings: Settings) -> bool:
    """Whether `Origin` is that of APP_URL; browsers leave out a port that is the scheme's own."""
    origin = request.headers.get(hdrs.ORIGIN, "").rstrip("/").lower()
    return bool(origin) and origin == str(URL(settings.app_url).origin()).lower()


async def is_forged(request: web.Request, settings: Settings, tokens: Collection[str]) -> bool:
    """Whether an unsafe request shows neither our origin nor one of the session's tokens.

    Raises what read_form raises.
    """
    if request.method in SAFE or own_origin(request, settings):
        return False
    given = [request.headers.get(HEADER, "")]
    if is_form(request):
        given.append(text_of(await read_form(request), FIELD))
    return not any(
        hmac.compare_digest(one.encode("utf-8", "replace"), token.encode())
        for one in given
        for token in tokens
    )
