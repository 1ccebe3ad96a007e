"""Liveness, readiness and metrics: who may read them, and that their labels are bounded."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.harness import DEADLINE, Browser, World, served_double
from tests.support.harness import world as start_world


async def status_of(browser: Browser, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with browser.request("GET", path, headers=named) as answer:
        return int(answer.status)


async def test_health_and_readiness_are_for_everybody(world: World) -> None:
    async with world.nobody() as nobody:
        for path in ("/healthz", "/readyz"):
            assert await status_of(nobody, path, X_Forwarded_For="203.0.113.7") == 200
            assert await status_of(nobody, path, Accept="text/html") == 200


@pytest.mark.slow
async def test_the_heartbeat_is_asked_for_while_the_store_takes_writes(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        asked.set()
        return web.Response()

    async with (
        served_double(answer) as port,
        start_world(tmp_path, heartbeat_url=f"http://127.0.0.1:{port}/"),
        asyncio.timeout(DEADLINE),
    ):
        await asked.wait()


async def test_not_ready_while_the_store_is_gone(world: World, tmp_path: Path) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe(active=False)
        database = tmp_path / "srhooks.db"
        away = tmp_path / "away.db"
        database.rename(away)
        assert (await ada.json("GET", "/readyz", status=503))["error"]["status"] == 503
        error = (await ada.json("POST", "/logout", status=503))["error"]
        assert error["status"] == 503
        assert await status_of(ada, "/healthz") == 200
        assert await world.notify(created["hookId"]) == 503
        away.rename(database)
        assert await status_of(ada, "/readyz") == 200
        assert await world.notify(created["hookId"]) == 202


async def test_metrics_are_for_this_machine(world: World) -> None:
    async with world.nobody() as nobody:
        async with nobody.request("GET", "/metrics") as answer:
            assert answer.status == 200
            assert answer.content_type == "text/plain"
            assert "srhooks_notifications" in await answer.text()
        for proxied in (
            {"X_Forwarded_For": "127.0.0.1"}, {"X_Forwarded_For": ""}, {"Forwarded": "for=::1"},
        ):  # fmt: skip
            assert await status_of(nobody, "/metrics", **proxied) == 403
        assert await status_of(nobody, "/metrics", Authorization="Bearer anything") == 200
        error = (await nobody.json("GET", "/metrics", status=403, headers={"Forwarded": "x"}))[
            "error"
        ]
        assert error["status"] == 403


async def test_the_metrics_are_for_this_machine_by_its_own_names_alone(world: World) -> None:
    """A page of another site can have its name lead here (DNS rebinding)."""
    port = world.settings.port
    async with world.nobody() as nobody:
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert await status_of(nobody, "/metrics", Host=host) == 200, host
        for host in ("evil.example", f"evil.example:{port}", "10.0.0.1", "localhost.evil", "a:b:c"):
            assert await status_of(nobody, "/metrics", Host=host) in {400, 403}, host


async def test_with_a_token_only_the_token_opens_them(tmp_path: Path) -> None:
    token = "s3cret-Tökén"
    async with start_world(tmp_path, metrics_token=token) as world, world.nobody() as nobody:
        right = f"Bearer {token}"
        assert await status_of(nobody, "/metrics", Authorization=right) == 200
        proxied = {"X_Forwarded_For": "203.0.113.7"}
        assert await status_of(nobody, "/metrics", Authorization=right, **proxied) == 200
        assert await status_of(nobody, "/metrics") in {401, 403}
        for wrong in ("", "Bearer", "Bearer ", token, f"Basic {token}", right[:-1], right + "x"):
            assert await status_of(nobody, "/metrics", Authorization=wrong) in {401, 403}, wrong


async def test_no_label_comes_from_outside(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for number in range(30):
            await world.notify(
                created["hookId"], event_name=f"outside.{number}", event_version="outside",
                smartrecruiters_signature=f"v1={number:064x}", user_agent=f"outside.{number}",
            )  # fmt: skip
            await world.notify(f"outside-{number:024}")
            await ada.json("GET", f"/outside/{number}", status=404)
        await world.notify(created["hookId"], event_name="job.created")
        async with ada.request("GET", "/metrics") as answer:
            text = await answer.text()
        assert "outside" not in text
        assert created["hookId"] not in text
        assert str(created["id"]) not in text
        stored = re.search(r'srhooks_notifications_total\{event="job.created".*\} 1\.0', text)
        assert stored is not None
        assert len([line for line in text.splitlines() if "event=" in line]) < 8


@pytest.mark.parametrize("secure", [False, True])
async def test_every_answer_has_its_headers(tmp_path: Path, secure: bool) -> None:
    more: dict[str, Any] = {"app_url": "https://hooks.example"} if secure else {}
    async with start_world(tmp_path, **more) as world, world.nobody() as nobody:
        nobody.base = f"http://127.0.0.1:{world.settings.port}"
        for path in ("/", "/nothing", "/notifications", "/auth/callback", "/healthz", "/live"):
            async with nobody.request("GET", path) as answer:
                headers = answer.headers
                assert "aiohttp" not in headers.get("Server", "").lower()
                assert "script-src 'self'" in headers["Content-Security-Policy"]
                assert "unsafe" not in headers["Content-Security-Policy"]
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert ("Strict-Transport-Security" in headers) == secure
                assert "includeSubDomains" not in headers.get("Strict-Transport-Security", "")
        async with nobody.request("GET", "/auth") as answer:
            assert ("Secure" in answer.headers["Set-Cookie"]) == secure
