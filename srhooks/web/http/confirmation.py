"""The page that asks for confirmation before something that cannot easily be undone."""

from typing import Any

from aiohttp import web

from srhooks.web.http.templating import render


def confirmation_page(
    request: web.Request, title: str, message: str, *, action: str, yes: str, back: str,
    **shown: Any,
) -> web.Response:  # fmt: skip
    """Render the question: the button `yes` posts `fields` to `action`, Cancel links to `back`."""
    ctx = {"title": title, "message": message, "action": action, "yes": yes, "back": back}
    return render(request, "confirm.html", {**ctx, **shown})
