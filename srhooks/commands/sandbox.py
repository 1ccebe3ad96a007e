"""`srhooks sandbox`: the fake SmartRecruiters alone."""

import argparse
import asyncio
import signal
import sys

from srhooks.commands.options import http_url, number_between, whole
from srhooks.sandbox import SandboxSettings, start_sandbox
from srhooks.sandbox.identity import redirect_allowed


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    defaults = SandboxSettings()
    parser.description = (
        "A fake SmartRecruiters to point any webhook receiver at: OAuth, API keys, subscriptions "
        "with handshake, signed notifications with re-delivery, entities, rate limits and faults. "
        "Its own page explains the rest and fires events by hand."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=whole(0, 65_535), default=8090, help="port, 0 for a free one (%(default)s)")
    add(
        "--base-url",
        metavar="URL",
        type=http_url,
        help="public base of all links, for use behind a proxy (default: as each client calls it)",
    )
    add("--client-id", default=defaults.client_id, help="the OAuth app's id (%(default)s)")
    add("--client-secret", default=defaults.client_secret, help="its secret (%(default)s)")
    add(
        "--redirect-uri",
        metavar="URI",
        action="append",
        default=[],
        type=_redirect_uri,
        help="a registered redirect URI; repeatable (default: any https or localhost address)",
    )
    add(
        "--speed",
        type=number_between(0.001, 1e9),
        default=defaults.speed,
        help="the re-delivery schedule is this many times faster (%(default)s)",
    )
    add(
        "--latency",
        metavar="SECONDS",
        type=number_between(0, 60),
        default=defaults.latency,
        help="added to every API answer (%(default)s)",
    )
    add(
        "--rate-limit",
        metavar="N",
        type=whole(0, 1_000_000),
        default=defaults.rate_limit,
        help="API requests a second per credential, 0 for no limits (%(default)s)",
    )
    add(
        "--traffic",
        metavar="RATE",
        type=number_between(0, 10_000),
        default=0.0,
        help="random events a second to whoever is subscribed (%(default)s)",
    )
    add(
        "--token-seconds",
        metavar="SECONDS",
        type=whole(1, 10**8),
        default=defaults.access_token_seconds,
        help="life of an access token (%(default)s)",
    )
    add(
        "--list-style",
        choices=("array", "content"),
        default=defaults.list_style,
        help="how the webhooks API answers lists (%(default)s)",
    )
    add(
        "--allow-remote-control",
        action="store_true",
        help="serve the /sandbox/ control routes to other machines, too",
    )


def run(args: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM; 1 when it cannot listen."""
    settings = SandboxSettings(
        base_url=args.base_url,
        client_id=args.client_id,
        client_secret=args.client_secret,
        redirect_uris=tuple(args.redirect_uri),
        access_token_seconds=args.token_seconds,
        speed=args.speed,
        rate_limit=args.rate_limit,
        latency=args.latency,
        list_style=args.list_style,
        control_from_anywhere=args.allow_remote_control,
    )
    return asyncio.run(_serve(settings, args.host, args.port, args.traffic))


async def _serve(settings: SandboxSettings, host: str, port: int, rate: float) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, over.set)
    try:
        runner, sandbox = await start_sandbox(settings, host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"srhooks sandbox: cannot listen on {host}:{port}: {reason}", file=sys.stderr)
        return 1
    try:
        if rate > 0:
            sandbox.start_traffic(rate)
        print(f"The sandbox is at {sandbox.base_url} (Ctrl-C stops it)", flush=True)
        print(f"Log in with the API key {settings.api_key}, or as its page says", flush=True)
        await over.wait()
    finally:
        await runner.cleanup()
    return 0


def _redirect_uri(text: str) -> str:
    if not redirect_allowed(text):
        raise argparse.ArgumentTypeError("must be https, or http on localhost, and no fragment")
    return text
