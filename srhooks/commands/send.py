"""`srhooks send`: a notification or a handshake, posted as SmartRecruiters does."""

import argparse
import asyncio
import base64
import os
import re
import secrets
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp

from srhooks.commands.options import client_session, http_url
from srhooks.commands.terminal import fit, fit_lines
from srhooks.config import SettingsError, load_client_egress
from srhooks.domain.wire_text import is_header_name
from srhooks.egress import Egress
from srhooks.protocol.notification_headers import HANDSHAKE_HEADER, notification_headers

TIMEOUT = 30.0  # seconds; SmartRecruiters gives up earlier
NOTIFICATION_SECONDS = 5.0  # how long SmartRecruiters waits for the answer
HANDSHAKE_SECONDS = 20.0  # likewise, to a handshake
SHOWN = 20_000  # bytes printed of the answer's body
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # not allowed in a header (RFC 9110, 5.5)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float
    echo: str | None


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Post one notification, or a handshake, to a hook address and print the answer. The exit"
        " code is 0 only when SmartRecruiters would be content with it. An empty value leaves a"
        " header out."
    )
    add = parser.add_argument
    add("url", metavar="URL", type=http_url, help="the hook address")
    add("--event", default="job.created", type=_line, help="event-name (%(default)s)")
    add("--version", default="v201910", type=_line, help="event-version (%(default)s)")
    add("--event-id", metavar="ID", type=_line, help="event-id (default: a random one)")
    add(
        "--link",
        type=_line,
        default="https://api.smartrecruiters.com/jobs/example",
        help="where the changed thing is, or a whole Link header (%(default)s)",
    )
    add(
        "--timestamp",
        metavar="SECONDS",
        type=_line,
        help="smartrecruiters-timestamp (default: now)",
    )
    add(
        "--body",
        default='{"id":"example"}',
        type=_body,
        metavar="JSON|@FILE|-",
        help="the body itself, a file's or standard input's, byte for byte (%(default)s)",
    )
    add("--key", help="sign with this secret key")
    add(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="'NAME: VALUE'",
        help="one header more, or instead of the one made here; repeatable",
    )
    add("--auth", metavar="USER:PASSWORD", type=_auth, help="basic callback authentication")
    add(
        "--handshake",
        nargs="?",
        const="",
        type=_line,
        metavar="SECRET",
        help="post a handshake and check that the same secret comes back (default: a random one)",
    )


def run(args: argparse.Namespace) -> int:
    more = dict(args.header)
    if args.auth:
        more["authorization"] = args.auth
    if args.handshake is not None:
        secret = args.handshake or secrets.token_urlsafe(24)
        body = b"{}"
        headers = {"content-type": "application/json", HANDSHAKE_HEADER.lower(): secret, **more}
    else:
        secret, body = None, args.body
        headers = _notification(args, more)
    try:
        egress = load_client_egress(os.environ)
        answer = asyncio.run(_post(args.url, headers, body, egress))
    except SettingsError as error:
        print(f"srhooks send: {error}", file=sys.stderr)
        return 2
    except (aiohttp.ClientError, OSError, ValueError) as error:
        message = (error.strerror if isinstance(error, OSError) else None) or str(error)
        reason = "no answer in time" if isinstance(error, TimeoutError) else fit(message, 300)
        print(f"srhooks send: cannot reach {args.url}: {reason}", file=sys.stderr)
        return 1
    _show(answer)
    wrong = _failure(answer, secret)
    if wrong:
        print(f"srhooks send: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


def _notification(args: argparse.Namespace, more: dict[str, str]) -> dict[str, str]:
    link = args.link
    if link and not link.lstrip().startswith("<"):
        link = f"<{link}>; rel=self"
    event_id = secrets.token_hex(12) if args.event_id is None else args.event_id
    timestamp = str(int(time.time())) if args.timestamp is None else args.timestamp
    return notification_headers(
        args.body,
        event=args.event or None,
        version=args.version or None,
        event_id=event_id or None,
        link=link or None,
        timestamp=timestamp or None,
        key=args.key or None,
        more=more,
    )


async def _post(url: str, headers: dict[str, str], body: bytes, egress: Egress) -> Answer:
    async with client_session(egress, TIMEOUT) as session:
        started = time.perf_counter()
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            shown = b""
            while len(shown) < SHOWN and (more := await answer.content.read(SHOWN)):
                shown += more
            seconds = time.perf_counter() - started
            return Answer(
                answer.status, list(answer.headers.items()), shown, seconds,
                answer.headers.get(HANDSHAKE_HEADER),
            )  # fmt: skip


def _show(answer: Answer) -> None:
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    print(f"{answer.status}{phrase} in {answer.seconds * 1000:.0f} ms")
    for name, value in answer.headers:
        print(f"{fit(name)}: {fit(value)}")
    if answer.body:
        print("\n" + fit_lines(answer.body.decode("utf-8", "replace")))


def _failure(answer: Answer, secret: str | None) -> str | None:
    """Why SmartRecruiters would count the answer as a failure; None: it would not.

    `secret`: of the handshake that was sent; None for a notification.
    """
    expected, limit = (202, NOTIFICATION_SECONDS) if secret is None else (200, HANDSHAKE_SECONDS)
    if answer.status != expected:
        return f"answered {answer.status}, where SmartRecruiters expects {expected}"
    if secret is not None and answer.echo is None:
        return f"the answer has no {HANDSHAKE_HEADER}"
    if secret is not None and answer.echo != secret:
        return f"the answer's {HANDSHAKE_HEADER} is not the one that was sent"
    if answer.seconds > limit:
        return f"took {answer.seconds:.1f} s, and SmartRecruiters waits {limit:g} s"
    return None


def _body(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise argparse.ArgumentTypeError(f"cannot read {text[1:]}: {error.strerror}") from None
    return text.encode("utf-8", "surrogateescape")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not is_header_name(name) or CONTROL.search(value):
        raise argparse.ArgumentTypeError("must look like 'Name: value'")
    return name.lower(), value.strip()


def _line(text: str) -> str:
    if CONTROL.search(text):
        raise argparse.ArgumentTypeError("must be one line without control characters")
    return text


def _auth(text: str) -> str:
    if ":" not in text:
        raise argparse.ArgumentTypeError("must be USER:PASSWORD")
    return "Basic " + base64.b64encode(text.encode()).decode()
