"""Headers that every answer carries, errors and static files included (OWASP Secure Headers).

They are set when an answer is prepared, since a middleware would miss some answers.
"""

from aiohttp import web

from srhooks.config import Settings
from srhooks.server.connection import SERVER
from srhooks.web.http.content_negotiation import VARY, is_for_hook
from srhooks.web.http.errors import REQUEST

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'{socket}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


def setup_security(app: web.Application, settings: Settings) -> None:
    # Safari did not count ws: as 'self' for years: name the socket's origin.
    socket = settings.app_url.replace("http", "ws", 1)
    headers = {
        "Content-Security-Policy": POLICY.format(socket=f" {_origin(socket)}"),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    if settings.secure_cookies:
        # Not for subdomains: what else stands on them is not ours to decide (RFC 6797, 6.1.2).
        headers["Strict-Transport-Security"] = "max-age=31536000"

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER
        if not is_for_hook(request):  # which reflects nothing of a stranger's
            response.headers["X-Request-Id"] = request.get(REQUEST, "")
        elif response.status < 300:
            return  # empty, and for programs: the fewer bytes the better
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
            response.headers.setdefault("Vary", VARY)

    app.on_response_prepare.append(on_prepare)


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
