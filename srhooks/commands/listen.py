"""`srhooks listen`: print the user's notifications, and replay each to a local address."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import aiohttp

from srhooks.commands.listen_changes import changes_line
from srhooks.commands.listen_client import Heard, RefusedError, Stream, UnreachableError
from srhooks.commands.listen_forward import Reply, forward
from srhooks.commands.options import client_session, http_url, whole
from srhooks.commands.terminal import fit
from srhooks.config import SettingsError, load_client_egress
from srhooks.domain.feed_filter import event_matches
from srhooks.domain.ids import decode_id, encode_id
from srhooks.domain.models import SIGNATURES
from srhooks.domain.wire_text import is_event_name
from srhooks.egress import Egress
from srhooks.server.runner import unless_stopped
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.query_params import read_cursor

MAX_RETRIES = 100
MAX_REPLAYED = 10_000
MAX_LOOKS = 50  # notifications at a time whose entity is waited for (--verbose)
SESSION_TIMEOUT = 300.0  # seconds per exchange, unless the call sets another
DEFAULT_SERVER = "http://localhost:8080"
HEAD = f"{'TIME':<12}  {'EVENT':<34}  {'ABOUT':<36}  {'SIGNATURE':<12}"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print each of your notifications as it arrives and replay it to a program on this"
        " machine, original headers and body unchanged. Make a token on the page /terminal."
    )
    add = parser.add_argument
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--forward-to",
        metavar="[EVENT=]URL",
        action="append",
        type=_target,
        help="where to replay to; repeatable: the first whose event fits takes it, a URL alone"
        " takes the rest",
    )
    target.add_argument("--print-only", action="store_true", help="replay nothing")
    add(
        "--server",
        metavar="URL",
        type=http_url,
        default=os.environ.get("APP_URL") or DEFAULT_SERVER,
        help="where srhooks is (%(default)s; or APP_URL in the environment)",
    )
    add("--token", help="a personal token (better: SRHOOKS_TOKEN in the environment)")
    add(
        "--event",
        action="append",
        default=[],
        help="only this event, or all that start so when it ends with a dot; repeatable",
    )
    add(
        "--retries",
        metavar="N",
        type=whole(0, MAX_RETRIES),
        default=3,
        help="how often a target that is away or answers 429 or 5xx is tried again (%(default)s)",
    )
    add("--q", metavar="TEXT", default="", help="only those that hold this text")
    add("--subscription", metavar="ID", default="", help="only this subscription's")
    add("--signature", choices=SIGNATURES, default="", help="only those with this verdict")
    add(
        "--since",
        metavar="TIME|ID",
        type=_since,
        help="begin with what came after this time (RFC 3339) or notification (default: now)",
    )
    add(
        "--replay",
        nargs="*",
        metavar="ID",
        type=_id,
        help="replay these notifications, or without an ID the newest that the filters leave,"
        " oldest first, and end",
    )
    add(
        "--until",
        metavar="TIME|ID",
        type=_since,
        help="with --replay: only what came before this time or notification",
    )
    add(
        "--limit",
        metavar="N",
        type=whole(1, MAX_REPLAYED),
        default="100",
        help="with --replay and no ID: how many at most (%(default)s)",
    )
    add(
        "--verbose",
        action="store_true",
        help="show what each changed, once its details are there, against the state before",
    )


def run(args: argparse.Namespace) -> int:
    token = args.token or os.environ.get("SRHOOKS_TOKEN", "").strip()
    if not token or not token.isascii() or not token.isprintable():
        print(
            f"srhooks listen: give a token in SRHOOKS_TOKEN; make one at {args.server}/terminal",
            file=sys.stderr,
        )
        return 2
    filters: list[tuple[str, str]] = [("event", event) for event in args.event]
    filters += [
        (name, getattr(args, name))
        for name in ("q", "subscription", "signature")
        if getattr(args, name)
    ]
    try:
        egress = load_client_egress(os.environ)
        return asyncio.run(_until_stopped(args, token, filters, egress))
    except SettingsError as error:
        print(f"srhooks listen: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output closed the pipe, as `head` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for Python's own last flush
        return 0


async def _until_stopped(
    args: argparse.Namespace, token: str, filters: list[tuple[str, str]], egress: Egress
) -> int:
    async with client_session(egress, SESSION_TIMEOUT) as session:
        stream = Stream(session, args.server.rstrip("/"), token, filters, args.since or "")
        failed = 0

        async def work() -> None:
            nonlocal failed
            if args.replay is None:
                await _listen(args, stream, session)
            else:
                failed = await _replay(args, stream, session)

        try:
            await unless_stopped(work())
        except (RefusedError, UnreachableError) as error:
            print(f"srhooks listen: {error}", file=sys.stderr)
            return 1
        finally:
            if stream.cursor and args.replay is None:
                print(f"To go on from here: --since {stream.cursor}", file=sys.stderr)
    return 1 if failed else 0


def say(text: str) -> None:
    print(f"srhooks listen: {text}", file=sys.stderr, flush=True)


async def _replay(args: argparse.Namespace, stream: Stream, session: aiohttp.ClientSession) -> int:
    """Replay the chosen notifications; returns how many failed.

    Raises RefusedError or UnreachableError.
    """
    chosen: list[Heard] = []
    for notification_id in args.replay:
        heard = await stream.by_id(notification_id)
        if heard is None:
            raise RefusedError(f"there is no notification {notification_id}: nothing was replayed")
        chosen.append(heard)
    if not args.replay:
        chosen = await stream.matching(args.limit, args.until or "")
    failed = 0
    _print_head(args)
    for heard in chosen:
        reply = await _handle(args, stream, session, heard)
        failed += bool(args.forward_to) and (reply is None or not reply.is_success)
        if args.verbose:
            await _show_changes(stream, heard)
    say(f"{len(chosen)} chosen, {failed} failed" if args.forward_to else f"{len(chosen)} chosen")
    return failed


async def _listen(args: argparse.Namespace, stream: Stream, session: aiohttp.ClientSession) -> None:
    await stream.start()
    where = "" if args.print_only else f", replaying to {_named(args.forward_to)}"
    say(f"following {args.server}{where}; Ctrl-C stops")
    _print_head(args)
    looks: set[asyncio.Task[None]] = set()
    try:
        async for heard in stream.heard(say):
            await _handle(args, stream, session, heard)
            stream.done(heard)
            if args.verbose and len(looks) < MAX_LOOKS:
                look = asyncio.create_task(_show_changes(stream, heard))
                looks.add(look)
                look.add_done_callback(looks.discard)
    finally:
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def _handle(
    args: argparse.Namespace, stream: Stream, session: aiohttp.ClientSession, heard: Heard
) -> Reply | None:
    """Replay a notification to its target, if it has one, and print it. None: it was deleted."""
    reply = None
    url = _url_for(args.forward_to or (), heard.event)
    if url is not None:
        body = await stream.body(heard)
        if body is not None:
            reply = await forward(session, url, heard, body, args.retries)
    elif args.forward_to:
        reply = Reply("no target for this event")
    print(_line(heard, reply, print_only=args.print_only), flush=True)
    return reply


async def _show_changes(stream: Stream, heard: Heard) -> None:
    """Print what a notification changed, with its event: other lines may stand in between."""
    line = await changes_line(stream, heard)
    if line is not None:
        print(f"{'':<12}  {fit(heard.event or '-', 34):<34}  {line}", flush=True)


def _print_head(args: argparse.Namespace) -> None:
    print(HEAD + ("" if args.print_only else "  ANSWER"), flush=True)


def _target(text: str) -> tuple[str, str]:
    """Parse `[EVENT=]URL` into event and URL; an empty event means all.

    An event that ends with a dot matches all that begin with it. Raises ArgumentTypeError.
    """
    event, equals, url = text.partition("=")
    if not equals or "/" in event:
        return "", http_url(text)
    if not is_event_name(event.removesuffix(".")):
        raise argparse.ArgumentTypeError("must look like job.created=http://localhost:3000/")
    return event, http_url(url)


def _id(text: str) -> str:
    """The id of a notification, given as such or as the address of its page.

    Raises ArgumentTypeError.
    """
    notification_id = text.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    if decode_id(notification_id) is None:
        raise argparse.ArgumentTypeError(f"{fit(text, 60)} is not the id of a notification")
    return notification_id


def _named(targets: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{url} ({event})" if event else url for event, url in targets)


def _url_for(targets: Sequence[tuple[str, str]], event_name: str | None) -> str | None:
    for event, url in targets:
        if event and event_matches(event, event_name):
            return url
    return next((url for event, url in targets if not event), None)


def _since(text: str) -> str:
    """The cursor for a time or an id of a notification. Raises ArgumentTypeError."""
    try:
        number = read_cursor("since", text)
    except BadRequestError:
        number = None
    if number is None:
        raise argparse.ArgumentTypeError(
            "must be a time such as 2026-11-24T13:00:00Z, or the id of a notification"
        )
    return encode_id(number)


def _line(heard: Heard, reply: Reply | None, *, print_only: bool) -> str:
    time = heard.received_at
    with suppress(ValueError):
        moment = datetime.fromisoformat(heard.received_at).astimezone()
        time = moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
    line = (
        f"{fit(time, 12):<12}  {fit(heard.event or '-', 34):<34}  {fit(heard.about, 36):<36}"
        f"  {heard.signature:<12}"
    )
    if print_only:
        return line.rstrip()
    return f"{line}  {'deleted meanwhile' if reply is None else reply.text}"
