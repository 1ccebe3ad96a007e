"""`srhooks demo`: the application beside the fake SmartRecruiters, with live traffic."""

import argparse
import asyncio
import os
import secrets
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from srhooks.app import create_app
from srhooks.commands.claiming import claimed
from srhooks.commands.demo_setup import DemoError, log_in, subscribe
from srhooks.commands.demo_traffic import STORIES, DemoTraffic
from srhooks.commands.options import number_between, whole
from srhooks.config import LOG_LEVELS, LOGIN_METHODS, Settings
from srhooks.observability.logging_setup import setup_logs
from srhooks.sandbox import SANDBOX, Sandbox, SandboxSettings, create_sandbox
from srhooks.sandbox.scopes import ALL_SCOPES
from srhooks.server.runner import CannotListenError, served, unless_stopped
from srhooks.store import StoreError

HOST = "127.0.0.1"
WELCOME = """\
srhooks runs beside a fake SmartRecruiters, and notifications are arriving.

  1. Open   {app}
  2. Click  Log in with SmartRecruiters
  3. Choose Ada Novak, then Allow

Or log in as most companies do. Such an account begins empty: create a subscription in it.

  API key        {api_key}
  Client ID      {client_id}
  Client secret  {client_secret}

The fake SmartRecruiters is at {sandbox}: there you fire any event by hand.
{data}Ctrl-C stops both."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options of one demo, with ports and folder filled in."""

    folder: Path
    secret: str
    port: int
    sandbox_port: int
    rate: float
    kept: bool  # whether the folder stays when the demo ends
    story: str

    @property
    def app_url(self) -> str:
        return f"http://localhost:{self.port}"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run srhooks beside a fake SmartRecruiters, with a log-in, subscriptions and live traffic"
        " already there. Nothing leaves this machine."
    )
    add = parser.add_argument
    add(
        "--port",
        type=whole(0, 65_535),
        default=os.environ.get("PORT") or "8080",
        help="of srhooks, 0 for a free one (%(default)s; or PORT in the environment)",
    )
    add(
        "--sandbox-port",
        type=whole(0, 65_535),
        default="8090",
        help="of the fake SmartRecruiters, 0 for a free one (%(default)s)",
    )
    add(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="keep the database there (default: a temporary folder, removed at the end)",
    )
    add(
        "--rate",
        type=number_between(0, 1000),
        default=0.8,
        help="events a second on average, 0 for none (%(default)s)",
    )
    add(
        "--story",
        choices=STORIES,
        default=STORIES[0],
        help="day: a company's day; outage: three deliveries are lost in it (%(default)s)",
    )
    add("--log-level", choices=LOG_LEVELS, default="warning", help="(%(default)s)")


def run(args: argparse.Namespace) -> int:
    setup_logs(args.log_level, "console")
    with ExitStack() as folders:
        try:
            folder = args.data or Path(
                folders.enter_context(tempfile.TemporaryDirectory(prefix="srhooks-demo-"))
            )
            plan = Plan(
                folder=folder.absolute(),
                secret=_secret(args.data),
                port=args.port or _free_port(),
                sandbox_port=args.sandbox_port,
                rate=args.rate,
                kept=args.data is not None,
                story=args.story,
            )
            asyncio.run(unless_stopped(_demo(plan)))
        except OSError as error:
            print(f"srhooks demo: cannot use {error.filename}: {error.strerror}", file=sys.stderr)
        except (StoreError, DemoError) as error:
            print(f"srhooks demo: {error}", file=sys.stderr)
        except CannotListenError as error:
            print(
                f"srhooks demo: {error}. Other ports:"
                " make demo ARGS='--port 8081 --sandbox-port 8091'"
                " (or srhooks demo --port 8081 --sandbox-port 8091)",
                file=sys.stderr,
            )
        else:
            return 0
    return 1


async def _demo(plan: Plan) -> None:
    outside, inside = AsyncExitStack(), AsyncExitStack()
    try:
        fake = create_sandbox(SandboxSettings())
        port = await outside.enter_async_context(served(fake, HOST, plan.sandbox_port))
        sandbox = fake[SANDBOX]
        sandbox.base_url = f"http://localhost:{port}"
        settings = _settings(plan, sandbox)
        await inside.enter_async_context(claimed(settings))
        await inside.enter_async_context(served(create_app(settings), HOST, plan.port))
        await _play(plan, sandbox)
    finally:
        # Concurrently: each may wait a while for requests under way.
        await asyncio.gather(inside.aclose(), outside.aclose())


async def _play(plan: Plan, sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        ada = sandbox.people[0]
        await log_in(session, plan.app_url, ada.id)
        await subscribe(session, plan.app_url)
        data = f"The database is kept in {plan.folder}.\n" if plan.kept else ""
        client = sandbox.credentials.create_client("Demo client")
        text = WELCOME.format(
            app=plan.app_url, sandbox=sandbox.base_url, data=data,
            api_key=sandbox.credentials.api_keys[0].key,
            client_id=client.client_id, client_secret=client.client_secret,
        )  # fmt: skip
        print(text, flush=True)
    # A second session, without the cookie of the log-in: forged notifications come from outside.
    async with aiohttp.ClientSession() as stranger:
        await DemoTraffic(sandbox, stranger, plan.rate, story=plan.story).run()


def _settings(plan: Plan, sandbox: Sandbox) -> Settings:
    return Settings(
        client_id=sandbox.settings.client_id,
        client_secret=sandbox.settings.client_secret,
        login_methods=LOGIN_METHODS,
        session_secrets=(plan.secret,),
        app_url=plan.app_url,
        host=HOST,
        port=plan.port,
        database_url=f"sqlite:///{plan.folder / 'srhooks.db'}",
        database_wait=0,
        scopes=ALL_SCOPES,  # the default scopes exclude offers, reviews and interviews
        api_url=sandbox.base_url,
        identity_url=sandbox.base_url,
        watch_interval=10,  # seconds: an alert should appear while somebody watches
    )


def _secret(folder: Path | None) -> str:
    """A random session secret; stored in the folder of `--data`, so that log-ins stay valid."""
    if folder is None:
        return secrets.token_urlsafe(32)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "session-secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return path.read_text(encoding="ascii")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as one:
        port: int = one.getsockname()[1]
    return port
