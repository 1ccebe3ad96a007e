"""Follow a link that an entity holds (`actions.*.url`), when somebody asks to.

The rules are those of a notification's own link: GET, the API's own origin alone, with the token
of whoever asks. Only a link that stands in the stored entity is followed, so that no address from
elsewhere can make a browser ask. The answer is shown and not stored.
"""

from typing import Any

from aiohttp import web

from srhooks.domain.json_values import parse_body
from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.content_negotiation import wants_fragment
from srhooks.web.http.errors import BadRequestError, NotFoundError
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.pages.feed import find_notification
from srhooks.web.presentation.entity_links import links_in
from srhooks.web.state.app_keys import SETTINGS, USER_CLIENT


async def follow(request: web.Request) -> web.Response:
    login = await require_login(request)
    n = await find_notification(request, login)
    path = request.query.get("path", "")
    if not path:
        raise BadRequestError("path must name a link of the entity")
    links = await run_heavy(n.size, links_in, n, request.app[SETTINGS].api_url)
    target = links.get(path)
    if target is None:
        raise NotFoundError("The entity holds no such link that could be followed")
    user_client = request.app[USER_CLIENT]
    answer = await user_client.call(login.user.id, "GET", target, foreground=True)
    ctx = {
        "n": n,
        "link_path": path,
        "target": target,
        "answered": answer.status,
        "raw": answer.body,
        "size": len(answer.body),
    }
    template = "_followed.html" if wants_fragment(request) else "followed.html"
    return await run_heavy(n.size + len(answer.body), _render, request, template, ctx)


def _render(request: web.Request, template: str, ctx: dict[str, Any]) -> web.Response:
    """What is parsed is freed here as well: that takes long, too."""
    page = render(request, template, {**ctx, "value": parse_body(ctx["raw"])})
    ctx["n"].forget_values()
    return page
