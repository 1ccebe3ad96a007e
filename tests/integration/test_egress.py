"""Calls by a proxy and under a private certificate authority: who sees what."""

import asyncio
import contextlib
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from srhooks.domain.alerts import AlertMessage
from srhooks.domain.models import Hook
from srhooks.egress import Egress, load_egress
from srhooks.incidents.channels import ChannelError, EmailChannel
from srhooks.intake.hook_cache import new_hook_id
from srhooks.server.runner import served
from yarl import URL

from tests.support.egress import (
    Authority,
    ConnectProxy,
    connect_proxy,
    private_authority,
    tls_in_front,
)
from tests.support.environment import bare_environment
from tests.support.harness import DEADLINE, eventually
from tests.support.mail import mail_server
from tests.support.strict_service import StrictService, StrictWorld, strict_world

API, ALERTS, BEAT, HOOKS = "api.srtest.example", "alerts.example", "beat.example", "hooks.example"
KEY = "k" * 32
PASSWORD = "pa%73s word"  # with what has to be encoded
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Outside:
    """Names that no resolver knows: whoever reaches them came by the proxy."""

    service: StrictService
    authority: Authority
    proxy: ConnectProxy

    def egress(self, **changed: str) -> Egress:
        settings = {
            "USE_PROXY": "yes",
            "HTTPS_PROXY": f"http://us%40er:pa%2573s%20word@127.0.0.1:{self.proxy.port}",
            "CA_FILE": str(self.authority.ca_file),
            **changed,
        }
        return load_egress(settings.get)


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    service = StrictService()
    authority = private_authority(tmp_path, API, ALERTS, BEAT, HOOKS, "localhost")
    async with (
        tls_in_front(authority.server, lambda: urlsplit(service.base).port or 0) as port,
        connect_proxy(port) as proxy,
    ):
        yield Outside(service, authority, proxy)


@contextlib.asynccontextmanager
async def running(folder: Path, outside: Outside, **changed: object) -> AsyncIterator[StrictWorld]:
    changed = {"egress": outside.egress(), "api_url": f"https://{API}"} | changed
    async with strict_world(folder, outside.service, **changed) as world:
        yield world


async def test_the_proxy_sees_names_and_no_credential(tmp_path: Path, outside: Outside) -> None:
    outside.service.replies["/beat"] = (200, {})
    outside.service.replies["/alert"] = (200, {})
    async with (
        running(
            tmp_path, outside,
            alert_webhook_url=f"https://{ALERTS}/alert", alert_webhook_secret=SECRET,
            heartbeat_url=f"https://{BEAT}/beat",
        ) as world,
        world.logged_in(KEY) as ada,
    ):  # fmt: skip
        account = (await ada.json("GET", "/account"))["account"]
        hook = new_hook_id()
        await world.services.store.add_hook(Hook(hook, account["id"], None, None, 1))
        link = f"<https://{API}/jobs/7>; rel=self"
        async with ada.session.post(
            f"{ada.base}/hooks/{hook}", data=b"{}", headers={"Link": link}
        ) as answer:
            assert answer.status == 202

        async def fetched() -> bool:
            (found,) = await ada.notifications()
            return bool(found["entity"]["status"] == "fetched")

        await eventually(fetched)
        await ada.json("POST", "/account/alerts/test")

        async def told() -> bool:
            return bool(outside.service.calls("/alert") and outside.service.calls("/beat"))

        await eventually(told)
    assert {one.headers.get("x-smarttoken") for one in outside.service.calls("/jobs/7")} == {KEY}
    assert set(outside.proxy.asked_for) == {f"{API}:443", f"{ALERTS}:443", f"{BEAT}:443"}
    pair = b64encode(f"us@er:{PASSWORD}".encode())
    for head in outside.proxy.heads:
        assert b"Proxy-Authorization: Basic " + pair in head
        assert KEY.encode() not in head
        assert b"smarttoken" not in head.lower()
    assert KEY.encode() not in outside.proxy.seen
    assert b"HTTP/1.1" not in outside.proxy.seen
    for call in outside.service.seen:
        assert "proxy-authorization" not in call.headers


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("unknown authority", "not trusted (see CA_FILE)"),
        ("refused", "the proxy (HTTPS_PROXY) answered 407"),
        ("away", "no connection to the proxy (HTTPS_PROXY)"),
    ],
)
async def test_what_went_wrong_is_said(
    tmp_path: Path, outside: Outside, trouble: str, said: str
) -> None:
    changed = {}
    if trouble == "unknown authority":
        changed["CA_FILE"] = ""
    elif trouble == "refused":
        outside.proxy.refuses_with = 407
    else:
        changed["HTTPS_PROXY"] = "127.0.0.1:9"
    async with (
        running(tmp_path, outside, egress=outside.egress(**changed)) as world,
        world.nobody() as nobody,
    ):
        told = await nobody.json("POST", "/login/api-key", status=502, data={"api_key": KEY})
        assert said in str(told)
    assert outside.service.seen == []
    assert KEY.encode() not in b"".join(outside.proxy.heads) + outside.proxy.seen


async def test_nothing_goes_by_a_proxy_that_nobody_asked_for(
    tmp_path: Path, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{outside.proxy.port}")
    egress = outside.egress(USE_PROXY="no")
    async with running(tmp_path, outside, egress=egress) as world, world.nobody() as nobody:
        await nobody.json("POST", "/login/api-key", status=502, data={"api_key": KEY})
    assert outside.proxy.heads == []


@pytest.mark.parametrize(
    ("url", "by_proxy"),
    [
        ("https://api.example/", True),
        ("wss://hooks.example/live", True),
        ("http://api.example/", False),
        ("https://localhost/", False),
        ("https://127.0.0.2:8443/", False),
        ("https://[::1]/", False),
        ("https://inner.example/", False),
        ("https://deep.inner.example/", False),
        ("https://winner.example/", True),
        ("https://ported.example:8443/", False),
        ("https://ported.example/", True),
        ("https://10.1.2.3/", False),
        ("https://11.1.2.3/", True),
        ("https://[fd00::5]/", False),
        ("https://x.dotted.example/", False),
    ],
)
def test_which_way_a_call_goes(url: str, by_proxy: bool) -> None:
    settings = {
        "USE_PROXY": "YES",
        "HTTPS_PROXY": "proxy.example:3128",
        "NO_PROXY": "Inner.example, ported.example:8443,10.0.0.0/8 ,fd00::/8,*.dotted.example",
    }
    proxy = load_egress(settings.get).proxy_for(URL(url))
    assert proxy == (URL("http://proxy.example:3128") if by_proxy else None)
    assert load_egress({**settings, "NO_PROXY": "*"}.get).proxy_for(URL(url)) is None


async def test_mail_goes_out_under_the_private_authority(outside: Outside) -> None:
    message = AlertMessage(
        id=1, user_id="u1", channel="email", target="ada@acme.example", created_at=1, due_at=1,
        message={"type": "test", "subject": "s", "text": "t", "lines": ["l"], "url": "u"},
    )  # fmt: skip
    async with mail_server(outside.authority.server) as box:
        url = f"smtp://user:pass@localhost:{box.port}"
        with pytest.raises(ChannelError):
            await EmailChannel(url, "s@acme.example", "http://app").send(message)
        tls = outside.egress().tls
        await EmailChannel(url, "s@acme.example", "http://app", tls).send(message)
        assert box.encrypted == [True]


@pytest.mark.slow
async def test_send_and_listen_go_the_same_way(outside: Outside) -> None:
    async def hook(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hooks/x", hook)
    environment = bare_environment() | {
        "USE_PROXY": "yes", "HTTPS_PROXY": f"http://127.0.0.1:{outside.proxy.port}",
        "CA_FILE": str(outside.authority.ca_file), "SRHOOKS_TOKEN": "srhooks_x",
    }  # fmt: skip

    async def run(*args: str, **changed: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "srhooks", *args, env=environment | changed,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        return process.returncode, out.decode()

    async with served(app, "127.0.0.1", 0) as port:
        outside.service.base = f"http://127.0.0.1:{port}"
        sent = await run("send", f"https://{HOOKS}/hooks/x")
        assert sent[0] == 0, sent
        listened = await run("listen", "--server", f"https://{HOOKS}", "--print-only")
        assert "answered 404" in listened[1], listened  # it was reached
    assert outside.proxy.asked_for == [f"{HOOKS}:443"] * len(outside.proxy.heads)
    assert len(outside.proxy.heads) >= 2
    assert b"srhooks_x" not in b"".join(outside.proxy.heads) + outside.proxy.seen
    for command in (["send", "https://x/"], ["listen", "--print-only"]):
        code, told = await run(*command, HTTPS_PROXY="")
        assert (code, told.count("\n")) == (2, 1)
        assert "HTTPS_PROXY is not set" in told
