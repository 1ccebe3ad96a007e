"""The Caddyfiles of the compose recipes before srhooks, each with the environment of its recipe."""

import asyncio
import contextlib
import os
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yaml
from srhooks.sandbox import SandboxSettings, create_sandbox
from srhooks.server.runner import served

from tests.support.harness import DEADLINE, Browser, eventually, free_port
from tests.support.machine import program
from tests.support.process import START_WITHIN
from tests.support.recipes import CHOSEN, Programs, interpolated, is_ready, text

pytestmark = pytest.mark.slow
KEY = "k" * 32
# What the machine of a test has to have otherwise: no port 80, and no root for its certificates.
FOR_TESTS = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"


@dataclass
class Site:
    browser: Browser
    servers: list[subprocess.Popen[bytes]]

    async def deliver(self, hook_id: str, number: int) -> int:
        headers = {"event-id": str(number), "event-name": "job.created"}
        async with self.browser.request(
            "POST", f"/hooks/{hook_id}", data=b'{"job_id": "1"}', headers=headers
        ) as answer:
            status: int = answer.status
            return status

    async def deliver_until_taken(self, hook_id: str, number: int) -> None:
        """As SmartRecruiters does: what was not answered 202 is sent again, here at once."""

        async def taken() -> bool:
            return await self.deliver(hook_id, number) == 202

        await eventually(taken)


def caddyfile(recipe: str, upstreams: list[int]) -> str:
    """The recipe's, but for the addresses of its containers."""
    names = iter(upstreams)
    changed, count = re.subn(
        r"\bsrhooks[-\w]*:8080", lambda _: f"127.0.0.1:{next(names)}", text(f"{recipe}/Caddyfile")
    )
    assert count == len(upstreams)
    return FOR_TESTS + changed


@contextlib.asynccontextmanager
async def site(recipe: str, folder: Path, database: str) -> AsyncIterator[Site]:
    caddy = program("caddy")
    services = yaml.safe_load(text(f"{recipe}/compose.yaml"))["services"]
    ours = {name: one for name, one in services.items() if name.startswith("srhooks")}
    upstreams = [free_port() for _ in ours]
    domain = f"localhost:{free_port()}"
    authority = folder / "caddy/pki/authorities/local/root.crt"
    fake = create_sandbox(SandboxSettings(api_key=KEY))
    async with served(fake, "127.0.0.1", 0) as sandbox:
        with Programs() as programs:
            for service, port in zip(ours.values(), upstreams, strict=True):
                environment = interpolated(service["environment"], CHOSEN | {"DOMAIN": domain})
                environment |= {
                    "PATH": os.environ["PATH"], "PORT": str(port), "DATABASE_URL": database,
                    "SMARTRECRUITERS_API_URL": f"http://127.0.0.1:{sandbox}", "WATCH_INTERVAL": "0",
                }  # fmt: skip
                programs.start(sys.executable, "-m", "srhooks", "serve", **environment)
            servers = list(programs.running)
            (folder / "Caddyfile").write_text(caddyfile(recipe, upstreams))
            programs.start(
                caddy, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile",
                PATH=os.environ["PATH"], HOME=str(folder), XDG_DATA_HOME=str(folder),
                XDG_CONFIG_HOME=str(folder), DOMAIN=domain,
            )  # fmt: skip
            async with aiohttp.ClientSession() as session:
                for port in upstreams:
                    await eventually(lambda: is_ready(session, port), within=START_WITHIN)  # noqa: B023 - awaited
            await eventually(lambda: asyncio.to_thread(authority.exists))
            trusting = aiohttp.TCPConnector(
                ssl=ssl.create_default_context(cafile=str(authority)), limit=0
            )
            async with aiohttp.ClientSession(connector=trusting) as session:
                browser = Browser(f"https://{domain}", session)

                async def answers() -> bool:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with browser.request("GET", "/readyz") as answer:
                            return bool(answer.status == 200)
                    return False

                await eventually(answers)
                yield Site(browser, servers)


async def log_in_and_subscribe(browser: Browser) -> str:
    account = await browser.json("POST", "/login/api-key", data={"api_key": KEY})
    assert account["account"]["grant"] == "alive"
    assert all(cookie["secure"] for cookie in browser.session.cookie_jar)
    created = await browser.subscribe("job.created", active=False)
    assert created["callbackUrl"] == f"{browser.base}/hooks/{created['hookId']}"
    return str(created["hookId"])


@pytest.mark.parametrize("recipe", ["compose-one", "compose-several"])
async def test_a_page_is_live_through_caddy(recipe: str, tmp_path: Path, postgres_url: str) -> None:
    database = postgres_url if recipe == "compose-several" else f"sqlite:///{tmp_path}/srhooks.db"
    async with site(recipe, tmp_path, database) as here:
        hook_id = await log_in_and_subscribe(here.browser)
        async with here.browser.live() as socket:
            assert await here.deliver(hook_id, 1) == 202
            (stored,) = await here.browser.notifications()
            frame = ""
            async with asyncio.timeout(DEADLINE):
                while stored["id"] not in frame:
                    frame = await socket.receive_str()
        async with here.browser.request("GET", "/metrics") as answer:
            assert answer.status == 403  # Caddy is on this machine, who asks need not be
        if recipe == "compose-one":
            return
        await asyncio.gather(*(here.deliver_until_taken(hook_id, n) for n in range(30)))
        under_way = [here.deliver_until_taken(hook_id, n) for n in range(30, 60)]
        sending = asyncio.gather(*under_way)
        here.servers[0].kill()
        await sending
        # Now nobody is sent where nobody is, and the other is not blamed for it.
        statuses = await asyncio.gather(*(here.deliver(hook_id, n) for n in range(60, 90)))
        assert set(statuses) == {202}
        found = await here.browser.notifications("?limit=200")
        assert {one["eventId"] for one in found} == {str(number) for number in range(90)}
