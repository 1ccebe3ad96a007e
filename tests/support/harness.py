"""srhooks and the sandbox, both for real over HTTP, and somebody who uses them."""

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from srhooks.app import create_app
from srhooks.config import Settings
from srhooks.sandbox import SANDBOX, Sandbox, SandboxSettings, create_sandbox
from srhooks.sandbox.deliveries import Delivery
from srhooks.server.runner import CannotListenError, served
from yarl import URL

from tests.support.firing import fire
from tests.support.new_database import lay_down
from tests.support.services import Services

T = TypeVar("T")
SECRET = "a session secret for the tests, 32+"
PORT_ATTEMPTS = 5
PORTS = range(11_000, 32_000)  # browsers refuse some that are lower
DATABASE = "srhooks.db"  # in a world's folder
DEADLINE = 30.0  # seconds: it costs only what fails, and a busy machine is no failure


def own_ports(worker: int, workers: int) -> Iterator[int]:
    """Those of one process of the tests, over and over; each run begins elsewhere."""
    mine = PORTS[worker::workers]
    begin = secrets.randbelow(len(mine))
    return itertools.cycle((*mine[begin:], *mine[:begin]))


_ports = own_ports(
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")),
    int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
)


async def eventually(look: Callable[[], Awaitable[T]], *, within: float = DEADLINE) -> T:
    """The first true result of `look`; AssertionError when there is none in time.

    What takes long is looked at more seldom: each look costs what is waited for some of its time.
    """
    last: Any = None
    began = asyncio.get_running_loop().time()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not (last := await look()):
                waited = asyncio.get_running_loop().time() - began
                await asyncio.sleep(min(max(0.02, waited / 10), 0.2))
            return last
    raise AssertionError(f"still not so after {within} s; last seen: {last!r}")


def free_port() -> int:
    """For a program that takes it when it has started, a second later.

    None of those that the system hands out by itself (ip_local_port_range): the connection or the
    server of another test would get it meanwhile.
    """
    for port in itertools.islice(_ports, 1000):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@dataclass
class Browser:
    """One person's cookies, and the requests that a page or a program makes."""

    base: str
    session: aiohttp.ClientSession
    public: str = ""  # where it is not the base: behind a load balancer

    @property
    def origin(self) -> str:
        return self.public or self.base

    def request(self, method: str, path: str, **options: Any) -> Any:
        options.setdefault("allow_redirects", False)
        return self.session.request(method, self.base + path, **options)

    async def json(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """As a program: JSON both ways, and our own Origin."""
        headers = {
            "Accept": "application/json",
            "Origin": self.origin,
            **options.pop("headers", {}),
        }
        async with self.request(method, path, headers=headers, **options) as response:
            text = await response.text()
            assert response.status == status, f"{response.status}: {text[:500]}"
            return await response.json() if text else None

    async def page(self, path: str, *, status: int = 200, **headers: str) -> str:
        async with self.request("GET", path, headers={"Accept": "text/html", **headers}) as found:
            text: str = await found.text()
            assert found.status == status, f"{found.status}: {text[:500]}"
            return text

    async def csrf(self) -> str:
        """The token in the forms of the page."""
        found = re.search(r'name="csrf" value="([^"]+)"', await self.page("/notifications"))
        assert found is not None
        return unescape(found[1])

    async def subscribe(self, *events: str, active: bool = True, **more: Any) -> dict[str, Any]:
        body = {"events": list(events or ("job.created",)), "active": active, **more}
        created: dict[str, Any] = await self.json("POST", "/subscriptions", status=201, json=body)
        assert "activationError" not in created, created
        return created

    async def notifications(self, query: str = "") -> list[dict[str, Any]]:
        found = await self.json("GET", f"/notifications{query}")
        listed: list[dict[str, Any]] = found["notifications"]
        return listed

    def live(self, query: str = "", **headers: str) -> Any:
        return self.session.ws_connect(
            f"{self.base}/live{query}", headers={"Origin": self.origin, **headers}
        )


@contextlib.asynccontextmanager
async def nobody(base: str) -> AsyncIterator[Browser]:
    """A fresh browser, not logged in."""
    jar = aiohttp.CookieJar(unsafe=True)  # "unsafe" only means that hosts may be IP addresses
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(base, session)


class AppWorld:
    """srhooks beside some SmartRecruiters: what every world has, whoever plays the service."""

    settings: Settings
    app: web.Application

    @property
    def base(self) -> str:
        return self.settings.app_url

    @property
    def services(self) -> Services:
        return Services(self.app)

    @contextlib.asynccontextmanager
    async def nobody(self) -> AsyncIterator[Browser]:
        async with nobody(self.base) as browser:
            yield browser

    async def notify(self, hook_id: str, body: bytes = b'{"id": "1"}', **headers: str) -> int:
        """Post a notification as anybody can; the status of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.base}/hooks/{hook_id}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=named) as response,
        ):
            await response.read()
            return response.status


@dataclass
class World(AppWorld):
    """The service is the sandbox."""

    settings: Settings
    sandbox: Sandbox
    app: web.Application

    @contextlib.asynccontextmanager
    async def logged_in(self, first_name: str = "Ada") -> AsyncIterator[Browser]:
        async with self.nobody() as browser:

            async def is_let_in() -> bool:  # 503: a database that is busy, for once
                response = await self.log_in(browser, first_name)
                assert response.status in {303, 503}, await response.text()
                return response.status == 303

            await eventually(is_let_in)
            yield browser

    async def log_in(
        self, browser: Browser, first_name: str = "Ada", decision: str = "allow"
    ) -> aiohttp.ClientResponse:
        """Walk through the consent page as a person does; the answer of /auth/callback."""
        async with browser.request("GET", "/auth") as start:
            consent = URL(start.headers["Location"], encoded=True)
        async with browser.session.get(consent) as page:
            html = await page.text()
            assert page.status == 200, html[:500]
        fields = {
            name: unescape(value)
            for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)
        }
        fields |= {"user": self.person(first_name), "decision": decision}
        action = re.search(r'<form[^>]*action="([^"]*)"', html)
        target = consent.join(URL(unescape(action[1]))) if action and action[1] else consent
        async with browser.session.post(target, data=fields, allow_redirects=False) as answer:
            back = URL(answer.headers["Location"], encoded=True)
        return await browser.session.get(back, allow_redirects=False)

    def person(self, first_name: str) -> str:
        """The service's id of one of the sandbox's people."""
        return next(one.id for one in self.sandbox.people if one.first_name == first_name)

    async def fire(self, event: str, **chosen: Any) -> list[Delivery]:
        """Let an event happen; what is delivered of it is stored then (tests/support/firing.py)."""
        return await fire(self.sandbox, event, **chosen)


@contextlib.asynccontextmanager
async def world(
    folder: Path, *, sandbox: SandboxSettings | None = None, **settings: Any
) -> AsyncIterator[World]:
    """Both programs running on loopback, srhooks with a database in `folder`."""
    async with (
        served_sandbox(sandbox) as (fake, sandbox_port),
        application(folder, sandbox_port, **settings) as (app, used),
    ):
        yield World(used, fake, app)


@contextlib.asynccontextmanager
async def served_sandbox(
    settings: SandboxSettings | None = None,
) -> AsyncIterator[tuple[Sandbox, int]]:
    """The sandbox on a free port, and the port."""
    fake = create_sandbox(settings or SandboxSettings(seed=1))
    async with served(fake, "127.0.0.1", 0) as port:
        fake[SANDBOX].base_url = f"http://127.0.0.1:{port}"
        yield fake[SANDBOX], port


@contextlib.asynccontextmanager
async def served_double(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], port: int = 0
) -> AsyncIterator[int]:
    """A service that answers every request by one function, and its port."""
    outside = web.Application()
    outside.router.add_route("*", "/{path:.*}", answer)
    async with served(outside, "127.0.0.1", port) as bound:
        yield bound


def settings_beside(folder: Path, service_port: int, port: int) -> Settings:
    """Those of srhooks at `port`, with a database in `folder`, beside a service on loopback."""
    return Settings(
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        session_secrets=(SECRET,),
        app_url=f"http://127.0.0.1:{port}",
        port=port,
        api_url=f"http://127.0.0.1:{service_port}",
        identity_url=f"http://127.0.0.1:{service_port}",
        database_url=f"sqlite:///{folder / DATABASE}",
    )


@contextlib.asynccontextmanager
async def application(
    folder: Path, service_port: int, **changed: Any
) -> AsyncIterator[tuple[web.Application, Settings]]:
    """srhooks alone; start it again with the same folder and port to restart it.

    `prepare` is called with the application before it starts.
    """
    prepare = changed.pop("prepare", None)
    fixed_port = changed.pop("port", None)
    if "database_url" not in changed:
        lay_down(folder / DATABASE)
    async with contextlib.AsyncExitStack() as stack:
        for attempt in range(PORT_ATTEMPTS):
            port = fixed_port or free_port()
            settings = replace(settings_beside(folder, service_port, port), **changed)
            app = create_app(settings)
            if prepare is not None:
                prepare(app)
            try:
                await stack.enter_async_context(served(app, settings.host, settings.port))
                break
            except CannotListenError:  # another program took the free port meanwhile
                if fixed_port or attempt == PORT_ATTEMPTS - 1:
                    raise
        yield app, settings
