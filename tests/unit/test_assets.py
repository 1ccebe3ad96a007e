"""Files that pages name: kept for ever, and found under no other name."""

import re
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from srhooks.web.http.static_files import (
    ASSETS,
    PREFIX,
    serve,
    setup_assets,
)
from srhooks.web.http.templating import setup_view
from srhooks.web.live.row_cache import setup_new_rows

CLIENT = Callable[[web.Application], Awaitable[TestClient[web.Request, web.Application]]]


@pytest.fixture
def app() -> web.Application:
    app = web.Application()
    setup_assets(app)
    app.router.add_get(PREFIX + "{path:.+}", serve)
    setup_view(app)
    setup_new_rows(app)
    return app


async def test_assets_may_be_kept_for_ever(app: web.Application, aiohttp_client: CLIENT) -> None:
    client = await aiohttp_client(app)
    for name, kind in (
        ("app.css", "text/css"),
        ("js/app.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/htmx-4.0.1.min.js", "text/javascript"),
    ):
        url = app[ASSETS].url(name)
        assert re.fullmatch(r"/static/[\w./-]+\.[0-9a-f]{12}\.\w+", url)
        plain = await client.get(url, headers={"Accept-Encoding": "identity"})
        assert plain.status == 200
        assert plain.content_type == kind
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert plain.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in plain.headers
        body = await plain.read()
        packed = await client.get(url, headers={"Accept-Encoding": "br;q=1, gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) < len(body)
        assert await packed.read() == body
        same = await client.get(url, headers={"If-None-Match": plain.headers["ETag"]})
        assert same.status == 304
        head = await client.head(url)
        assert head.status == 200


async def test_unknown_assets_are_not_found(app: web.Application, aiohttp_client: CLIENT) -> None:
    client = await aiohttp_client(app)
    unknown = "app.css", "app.000000000000.css", "VERSIONS", "vendor/LICENSE", "..%2fapp.py"
    for name in unknown:
        answer = await client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip;q=0"})
        assert answer.status == 404, name
