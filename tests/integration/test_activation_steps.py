"""An activation says what happens, where the handshake came from, and why it fails."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from srhooks.server.runner import served
from srhooks.subscriptions.address_check import (
    cause_of_refusal,
    check_address,
    doubts_about,
)

from tests.support.harness import World, eventually, free_port

SECRET = "the-secret-of-this-check"


@asynccontextmanager
async def other_server(status: int = 200, **headers: str) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named)

    app = web.Application()
    app.router.add_post("/hooks/x", answer)
    async with served(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/hooks/x"


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (200, {"X_Hook_Secret": SECRET}, "The address answers"),
        (200, {}, "200 with no X-Hook-Secret. A proxy removes"),
        (200, {"X_Hook_Secret": "stale"}, "200 with another X-Hook-Secret"),
        (202, {}, "removes it on the way in"),
        (301, {"Location": "https://elsewhere.example/"}, "it redirects (301)"),
        (401, {}, "asks for a password"),
        (404, {}, "a proxy with another path"),
        (502, {}, "does not reach srhooks"),
        (418, {}, "or a proxy answers there"),
    ],
)
async def test_what_answers_instead_is_told(
    status: int, headers: dict[str, str], told: str
) -> None:
    async with other_server(status, **headers) as url, aiohttp.ClientSession() as session:
        check = await check_address(session, url, SECRET)
        assert told in check.text
        assert check.ok == (told == "The address answers")


async def test_what_does_not_answer_is_told(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session, other_server() as plain:
        refused = await check_address(session, f"http://127.0.0.1:{free_port()}/hooks/x", SECRET)
        assert "no connection" in refused.text
        no_tls = await check_address(session, plain.replace("http:", "https:"), SECRET)
        assert "there is no TLS" in no_tls.text
        unknown = await check_address(session, "https://no-such-host.invalid/hooks/x", SECRET)
        assert "cannot be resolved" in unknown.text
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        runner = web.AppRunner(web.Application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        untrusted = await check_address(session, f"https://127.0.0.1:{port}/hooks/x", SECRET)
        await runner.cleanup()
        assert "certificate is not trusted" in untrusted.text


def test_causes_of_a_refusal() -> None:
    assert "reached" in cause_of_refusal(arrived=True, check=None, url=None)
    local = cause_of_refusal(arrived=False, check=None, url="http://localhost:8080/hooks/x")
    assert "leads to this machine only" in local
    assert "firewall" in cause_of_refusal(arrived=False, check=None, url="https://ours.example/h")
    assert "not https" in str(doubts_about("http://ours.example/hooks/x"))
    assert doubts_about("https://ours.example/hooks/x") is None


async def test_the_steps_name_the_check_the_sender_and_the_cause(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        path = f"/subscriptions/{created['id']}"
        world.sandbox.add_fault("/activation", method="PUT", status=400, times=1)
        await ada.json("POST", f"{path}/activation", status=400)
        page = await ada.page(path)
        assert "The address answers" in page
        assert page.index("The address answers") < page.index("was asked to activate")
        assert "Likely cause: No handshake arrived. 127.0.0.1 leads to this machine only" in page
        await ada.json("POST", f"{path}/activation", status=204)
        page = await ada.page(path)
        assert "Likely cause" not in page  # of the try before
        assert "Handshake received from 127.0.0.1 and confirmed" in page
        assert page.count("Handshake received") == 1  # our own check is none
        assert " of 20 s</span>" in page


async def test_another_systems_address_is_never_called(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        record = world.sandbox.subscriptions.by_id[created["id"]]
        (user_id,) = await world.services.store.user_ids()
        await world.services.store.delete_hook(created["hookId"])
        hook = (await world.services.store.hooks(user_id))[0]
        await world.services.store.bind_hook(hook.id, "another")
        record.callback_url = "https://other.example/in"
        world.sandbox.add_fault("/activation", method="PUT", status=400)
        await ada.json("POST", f"/subscriptions/{created['id']}/activation", status=400)
        page = await ada.page(f"/subscriptions/{created['id']}")
        assert "was asked to activate" in page
        assert "The address" not in page


async def test_the_steps_survive_a_restart(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        (user_id,) = await world.services.store.user_ids()

    async def stored() -> bool:
        found = await world.services.store.activations(user_id)
        return "SmartRecruiters activated it" in found.get(created["id"], "")

    await eventually(stored)
    fresh = type(world.services.activations)(
        world.services.store, world.services.hub, world.settings.session_secrets
    )
    steps = await fresh.of(user_id, created["id"])
    assert [step.outcome for step in steps][-1] == "good"
    assert steps[-1].elapsed is not None
    await world.services.store.delete_activation(user_id, created["id"])
    assert await fresh.of(user_id, created["id"]) == []
