"""Planted secrets are looked for wherever they could have been written down."""

import asyncio
import base64
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from srhooks.crypto import Vault
from srhooks.protocol.signature import SIGNATURE_HEADER, sign
from srhooks.sandbox import SandboxSettings
from srhooks.store import Store
from srhooks.web.state.app_keys import HOOKS, STORE

from tests.support.environment import bare_environment
from tests.support.firing import fire
from tests.support.harness import (
    DEADLINE,
    Browser,
    World,
    application,
    eventually,
    free_port,
    served_sandbox,
    settings_beside,
)
from tests.support.harness import world as world_of

CLIENT_SECRET = "planted-client-secret-c1"
SESSION_SECRET = "planted-session-secret-0123456789-s1"
OLD_SECRET = "planted-former-session-secret-98765-s2"
METRICS_TOKEN = "planted-metrics-token-m1"
BASIC = "planted-basic-password-b1"
HEADER = "planted-header-value-h1"
OAUTH2 = "planted-oauth2-client-secret-o1"
BEARER = "planted-sender-bearer-a1"
CANDIDATE = "Planted Candidate 31415"  # data, not a secret: shown, but never logged
SEARCHED = "Planted Search 27182"
AUTHENTICATIONS: list[dict[str, str]] = [
    {"type": "basic", "username": "hook-user", "password": BASIC},
    {"type": "header", "headerName": "X-Hook-Auth", "headerValue": HEADER},
    {
        "type": "oauth2",
        "clientId": "hook-client",
        "clientSecret": OAUTH2,
        "tokenServiceUrl": "http://127.0.0.1:9/token",
    },
]


@dataclass
class Program:
    """`srhooks serve` as a process of its own, with all that it says at debug level."""

    world: World
    folder: Path
    process: asyncio.subprocess.Process
    said: bytearray

    def files(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("srhooks.db*")))

    async def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), DEADLINE) == 0


@contextlib.asynccontextmanager
async def program(folder: Path, log_format: str) -> AsyncIterator[Program]:
    sandbox = SandboxSettings(seed=1, client_secret=CLIENT_SECRET, rate_limit=0)
    async with served_sandbox(sandbox) as (fake, sandbox_port):
        port, base = free_port(), f"http://127.0.0.1:{sandbox_port}"
        settings = replace(
            settings_beside(folder, sandbox_port, port),
            client_secret=CLIENT_SECRET, session_secrets=(SESSION_SECRET,),
        )  # fmt: skip
        environment = bare_environment() | {
            "SMARTRECRUITERS_CLIENT_ID": "sandbox-client",
            "SMARTRECRUITERS_CLIENT_SECRET": CLIENT_SECRET,
            "SESSION_SECRET": f"{SESSION_SECRET},{OLD_SECRET}",
            "APP_URL": settings.app_url,
            "PORT": str(port),
            "SMARTRECRUITERS_API_URL": base,
            "SMARTRECRUITERS_IDENTITY_URL": base,
            "DATABASE_URL": f"sqlite:///{folder / 'srhooks.db'}",
            "METRICS_TOKEN": METRICS_TOKEN,
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": log_format,
            "PYTHONASYNCIODEBUG": "1",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "srhooks", "serve", env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        said = bytearray()
        reading = asyncio.create_task(_read(process.stdout, said))
        world = World(settings, fake, web.Application())
        try:
            await eventually(lambda: _is_up(settings.app_url))
            yield Program(world, folder, process, said)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading


async def _read(stream: asyncio.StreamReader, said: bytearray) -> None:
    while chunk := await stream.read(65536):
        said += chunk


async def _is_up(base: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(f"{base}/readyz") as answer:
            return answer.status == 200
    return False


@dataclass
class Found:
    secrets: set[str]  # must be nowhere
    unlogged: set[str]  # must not be in a log
    cookie: str
    shown: str  # all that a browser was answered


async def use_everything(running: Program) -> Found:
    """Real flows with all that is secret."""
    world, sandbox = running.world, running.world.sandbox
    shown: list[str] = []
    secret = {
        CLIENT_SECRET, SESSION_SECRET, OLD_SECRET, METRICS_TOKEN, BASIC, HEADER, OAUTH2, BEARER,
        base64.b64encode(f"hook-user:{BASIC}".encode()).decode(),
    }  # fmt: skip

    def note_tokens() -> None:
        secret.update((*sandbox.grants.access, *sandbox.grants.refresh, *sandbox.grants.codes))

    own = {"Origin": world.base}
    async with world.logged_in() as ada:
        created = [
            await ada.json(
                "POST", "/subscriptions", status=201,
                json={"events": ["job.created"], "active": True, "callbackAuthentication": one},
            )
            for one in AUTHENTICATIONS
        ]  # fmt: skip
        shown.append(repr(created))
        for one in created:
            secret.update(sandbox.subscriptions.by_id[one["id"]].signing_keys())
            await answer_of(ada, "POST", f"/subscriptions/{one['id']}/activation", headers=own)
        form = {
            "events": "job.created", "auth_type": "basic", "auth_username": "u",
            "auth_password": BASIC, "alertingEmailAddress": "no address", "csrf": await ada.csrf(),
        }  # fmt: skip
        sandbox.add_fault("/subscriptions$", method="POST", times=1, status=400)
        shown.append(await answer_of(ada, "POST", "/subscriptions", data=form))
        note_tokens()
        sandbox.expire_access_tokens()
        await fire(sandbox, "job.created")
        hook = created[1]["hookId"]
        sandbox.add_fault("^/applications/a1$", status=200, body={"firstName": CANDIDATE})
        body = f'{{"id": "1", "name": "{CANDIDATE}"}}'.encode()
        headers = {"event-name": "job.created", "link": "</applications/a1>; rel=self"}
        key = sandbox.subscriptions.by_id[created[1]["id"]].signing_keys()[0]
        headers[SIGNATURE_HEADER] = sign(key, headers, body)
        headers["Authorization"] = f"Bearer {BEARER}"
        headers["x-hook-auth"] = HEADER
        assert await world.notify(hook, body, **headers) == 202
        assert await world.notify(hook, body + b"!", **headers) == 202  # looks the key up anew

        async def fetched() -> bool:
            found = await ada.notifications()
            return bool(found) and all(n["entity"]["status"] != "pending" for n in found)

        await eventually(fetched)
        note_tokens()
        first = (await ada.notifications())[0]["id"]
        for path in (
            "/", "/notifications", f"/notifications/{first}", f"/notifications/{first}/raw",
            "/notifications/export?format=ndjson", "/notifications/export?format=har",
            "/notifications/export?format=csv", f"/notifications?q={SEARCHED}", "/subscriptions",
            "/overview", "/account", "/terminal", "/metrics", "/readyz", "/nowhere",
            f"/notifications/{first}?before={SEARCHED}",
        ):  # fmt: skip
            shown.append(await answer_of(ada, "GET", path, headers={"Accept": "text/html"}))
            shown.append(await answer_of(ada, "GET", path, headers={"Accept": "application/json"}))
        async with ada.live(f"?q={CANDIDATE}") as socket:
            await world.notify(hook, body, **headers)
            shown.append(await asyncio.wait_for(socket.receive_str(), DEADLINE))
        cookie = next(iter(ada.session.cookie_jar)).value
        shown.append(base64.urlsafe_b64decode(cookie).decode("latin-1"))
        await malformed(running, cookie)
        named = f'{{"candidate_id": "{CANDIDATE}"}}'.encode()
        await world.notify(hook, named)
        erasing = {"candidateId": CANDIDATE, "confirm": True}
        await ada.json("POST", "/candidates/erase", json=erasing)
        shown.append(await answer_of(ada, "POST", "/logout", headers=own))
        # Whoever knows a hook's address can post to it.
        return Found(secret, {cookie, hook, CANDIDATE, SEARCHED}, cookie, "\n".join(shown))


async def answer_of(browser: Browser, method: str, path: str, **options: Any) -> str:
    """Status line, headers and body, as text."""
    async with browser.request(method, path, **options) as answer:
        body = (await answer.read()).decode("utf-8", "replace")
        return "\n".join(
            [path, *(f"{name}: {text}" for name, text in answer.headers.items()), body]
        )


async def malformed(running: Program, cookie: str) -> None:
    """A request that the HTTP parser refuses, full of what must not be logged."""
    port = int(running.world.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /?{CANDIDATE} HTTP/1.1\r\nCookie: {cookie}\r\nbad<{BEARER}\r\n\r\n".encode())
    await writer.drain()
    answer = await reader.read()
    writer.close()
    assert b" 400 " in answer
    assert CANDIDATE.encode() not in answer


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_no_secret_is_written_down_anywhere(tmp_path: Path, log_format: str) -> None:
    async with program(tmp_path, log_format) as running:
        found = await use_everything(running)
        kept = running.files()
        await running.stop()
        kept += running.files()
        said = bytes(running.said).decode()
    assert len(found.secrets) > 15
    assert "notification" in said
    assert CANDIDATE in found.shown  # the flows did run
    assert {word for word in found.secrets | found.unlogged if word in said} == set()
    assert {word for word in found.secrets if word.encode() in kept} == set()
    assert {word for word in found.secrets if word in found.shown} == set()
    assert found.cookie.encode() not in kept


async def test_secrets_are_sealed_anew_at_the_next_start(tmp_path: Path) -> None:
    """After a start with the new secret in front, the old one can be dropped."""
    new = "another session secret, of 32 letters"
    async with world_of(tmp_path) as world, world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        port = int(world.settings.api_url.rpartition(":")[2])
        old = world.settings.session_secrets[0]
    for secrets in ((new, old), (new,)):
        async with application(tmp_path, port, session_secrets=secrets) as (app, _):
            looking = partial(_all_sealed_with, new, app[STORE], created["hookId"])
            await eventually(looking)
            entry = await app[HOOKS].get(created["hookId"])
            assert entry is not None
            assert len(entry.live_keys()) == 1


async def _all_sealed_with(secret: str, store: Store, hook_id: str) -> bool:
    vault = Vault((secret,))
    (user_id,) = await store.user_ids()
    tokens = await store.credential(user_id)
    assert tokens is not None
    assert tokens.renewal is not None
    keys = await store.keys(hook_id)
    assert keys
    return all(map(vault.is_current, (tokens.access, tokens.renewal, *(k.sealed for k in keys))))


async def test_what_a_lost_secret_sealed_is_over_and_nothing_else(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world, world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        port = int(world.settings.api_url.rpartition(":")[2])
        lost = ("a secret that is not the one before",)
        async with application(tmp_path, port, session_secrets=lost) as (app, settings):
            (user_id,) = await app[STORE].user_ids()

            async def dead() -> bool:
                tokens = await app[STORE].credential(user_id)
                return tokens is not None and tokens.dead

            await eventually(dead)
            anew = World(settings, world.sandbox, app)
            async with anew.nobody() as stale:
                stale.session.cookie_jar.update_cookies(
                    {one.key: one.value for one in ada.session.cookie_jar}
                )
                await stale.json("GET", "/notifications", status=401)
            assert await anew.notify(created["hookId"]) == 202  # intake goes on
            async with anew.logged_in() as again:
                (kept,) = await again.notifications()
                assert kept["signature"] in {"unsigned", "unverifiable"}
                assert kept["entity"]["status"] in {"none", "refused"}
