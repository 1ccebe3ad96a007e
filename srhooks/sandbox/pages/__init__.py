"""The sandbox's own pages: templates, a stylesheet and a script, under a strict policy."""

from pathlib import Path

import jinja2
from aiohttp import web

HERE = Path(__file__).parent
STYLE_PATH = "/sandbox/style.css"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE),
    autoescape=True,
    auto_reload=False,  # a look at the file for each page would block the loop
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, *, status: int = 200, form_action: str = "; form-action 'self'", **values: object
) -> web.Response:
    """A rendered page with its headers."""
    headers = HEADERS | {"Content-Security-Policy": POLICY + form_action}
    text = TEMPLATES.get_template(template).render(style=STYLE_PATH, **values)
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)
