"""What a browser is told on every kind of answer, and that nothing comes from elsewhere."""

import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from srhooks.web.http.static_files import own_folder

from tests.support.harness import Browser, World
from tests.support.harness import world as start_world

TEMPLATES, STATIC = own_folder("templates"), own_folder("static")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
UNSAFE_SCRIPT = r"\beval\(|new Function\(|\.innerHTML\s*=|document\.write"
# What every answer must be, by what is asked: method, path, headers, status.
ANSWERS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "redirect home": ("GET", "/", {}, 303),
    "page": ("GET", "/notifications", {"Accept": "text/html"}, 200),
    "fragment": ("GET", "/notifications", {"HX-Request": "true", "HX-Target": "section#list"}, 200),
    "json": ("GET", "/notifications", {"Accept": "application/json"}, 200),
    "redirect": ("GET", "/auth", {}, 302),
    "error page": ("GET", "/nowhere", {"Accept": "text/html"}, 404),
    "error json": ("GET", "/nowhere", {"Accept": "application/json"}, 404),
    "error fragment": ("GET", "/notifications?limit=0", {"HX-Request": "true"}, 400),
    "wrong method": ("DELETE", "/notifications", {}, 405),
    "forged": ("POST", "/subscriptions", {"Origin": "https://evil.example"}, 403),
    "failed log-in": ("GET", "/auth/callback?state=x&code=y", {}, 400),
    "stylesheet": ("GET", "{css}", {}, 200),
    "script": ("GET", "{js}", {"Accept-Encoding": "gzip"}, 200),
    "not modified": ("GET", "{css}", {"If-None-Match": "*"}, 304),
    "no such file": ("GET", "/static/nothing.js", {}, 404),
    "health": ("GET", "/healthz", {}, 200),
    "socket refused by origin": (
        "GET", "/live",
        {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": "https://evil.example"}, 403,
    ),
    "hook, wrong method": ("GET", "/hooks/x", {"Accept": "text/html"}, 405),
    "hook, unknown": ("POST", "/hooks/x", {"Accept": "text/html"}, 404),
}  # fmt: skip


def policy_of(headers: Any) -> dict[str, set[str]]:
    """The directives of a Content-Security-Policy."""
    parts = [part.split() for part in headers["Content-Security-Policy"].split(";")]
    return {name: set(values) for name, *values in parts}


def check_headers(world: World, name: str, headers: Any) -> None:
    for header, value in ALWAYS.items():
        assert headers.get(header) == value, (name, header)
    assert "camera=()" in headers["Permissions-Policy"], name
    policy = policy_of(headers)
    assert policy["default-src"] == {"'none'"}, name
    assert policy["frame-ancestors"] == {"'none'"}, name
    assert policy["base-uri"] == {"'none'"}, name
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == {"'self'"}, name
    socket = world.base.replace("http", "ws", 1)
    assert set().union(*policy.values()) <= {"'none'", "'self'", "data:", socket}, name
    assert policy["img-src"] <= {"'self'", "data:"}, name


async def test_every_kind_of_answer_carries_the_headers(world: World, ada: Browser) -> None:
    page = await ada.page("/notifications")
    files = {kind: re.search(rf'"(/static/[^"]+\.{kind})"', page) for kind in ("css", "js")}
    paths = {kind: found[1] for kind, found in files.items() if found}
    for name, (method, path, headers, status) in ANSWERS.items():
        async with ada.request(method, path.format(**paths), headers=headers) as answer:
            assert answer.status == status, name
            check_headers(world, name, answer.headers)
            assert "Strict-Transport-Security" not in answer.headers, name
            kept = answer.headers["Cache-Control"]
            assert ("immutable" in kept) == (path in {"{css}", "{js}"}), name
            assert "immutable" in kept or "no-store" in kept, name


async def test_a_socket_is_refused_with_the_headers_and_opened_only_for_our_pages(
    world: World, ada: Browser
) -> None:
    for origin in (None, "null", "https://evil.example", world.base + "0", world.base[:-1]):
        headers = {} if origin is None else {"Origin": origin}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await ada.session.ws_connect(f"{world.base}/live", headers=headers)
        assert refused.value.status == 403
        assert refused.value.headers is not None
        check_headers(world, str(origin), refused.value.headers)
    async with world.nobody() as nobody:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await nobody.session.ws_connect(f"{world.base}/live", headers={"Origin": world.base})
        assert refused.value.status == 401
        assert refused.value.headers is not None
        check_headers(world, "nobody", refused.value.headers)


async def test_what_was_received_is_only_ever_saved(world: World, ada: Browser) -> None:
    created = await ada.subscribe()
    await world.notify(created["hookId"], b"<script>alert(1)</script>", content_type="text/html")
    (n,) = await ada.notifications()
    async with ada.request("GET", f"/notifications/{n['id']}/raw") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_and_transport_follow_the_address(tmp_path: Path, scheme: str) -> None:
    async with (
        start_world(tmp_path, app_url=f"{scheme}://hooks.example") as world,
        aiohttp.ClientSession() as session,
    ):
        base = f"http://127.0.0.1:{world.settings.port}"
        async with session.get(f"{base}/auth", allow_redirects=False) as answer:
            strict = answer.headers.get("Strict-Transport-Security", "")
            cookie = SimpleCookie(answer.headers["Set-Cookie"])["srhooks"]
    assert bool(cookie["httponly"])
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert bool(cookie["secure"]) == (scheme == "https")
    assert strict.startswith("max-age=31536000") == (scheme == "https")


async def test_a_session_planted_before_the_log_in_is_worth_nothing_after_it(world: World) -> None:
    async with world.nobody() as victim, world.nobody() as thief:
        async with thief.request("GET", "/auth"):
            pass
        planted = {one.key: one.value for one in thief.session.cookie_jar}
        victim.session.cookie_jar.update_cookies(planted)
        assert (await world.log_in(victim)).status == 303
        assert {one.key: one.value for one in victim.session.cookie_jar} != planted
        await victim.json("GET", "/notifications")
        await thief.json("GET", "/notifications", status=401)
        thief.session.cookie_jar.update_cookies(planted)
        await thief.json("GET", "/notifications", status=401)


def test_nothing_is_loaded_from_or_sent_to_elsewhere() -> None:
    """No address of another host in what makes a browser ask for something."""
    loads = re.compile(
        r"""(?:src|href|action|hx-(?:get|post|put|delete)|hx-ws:connect|srcset|data)\s*=\s*["']"""
        r"""\s*(?:https?:|wss?:|//)""",
        re.IGNORECASE,
    )
    asks = re.compile(r"""(?:url\(|@import|fetch\(|import\s*\(|from)\s*["']?\s*(?:https?:)?//""")
    files = [*TEMPLATES.rglob("*.html"), *STATIC.rglob("*.css"), *STATIC.rglob("*.js")]
    assert len(files) > 30
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not loads.search(text), path
        assert not asks.search(text), path
        if "vendor" not in path.parts:
            assert not re.search(UNSAFE_SCRIPT, text), path


def test_no_template_needs_what_the_policy_forbids() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path
        assert not re.search(r"hx-on|hx-vals=['\"]js:|javascript:|\|\s*safe\b", text), path
