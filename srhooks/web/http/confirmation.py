"""The question before something that is not easily undone, as a page."""

from typing import Any

from aiohttp import web

from srhooks.web.http.templating import render


def ask(
    request: web.Request, title: str, message: str, *, action: str, yes: str, back: str,
    **shown: Any,
) -> web.Response:  # fmt: skip
    """`yes` posts to the action, with the `fields` if given; to cancel leads to `back`."""
    ctx = {"title": title, "message": message, "action": action, "yes": yes, "back": back}
    return render(request, "confirm.html", {**ctx, **shown})
