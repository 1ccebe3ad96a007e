"""Requests that nobody should send, against everything that listens: no 5xx, and nothing grows.

`make fuzz` runs many of them (`ARGS='--requests 10000 --seed 1'`); the suite runs a few.
"""

import argparse
import asyncio
import gc
import os
import random
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from srhooks.observability.logging_setup import setup_logs

from tests.support.fuzz_wire import CONCURRENT, MAX_GROWTH, TIMEOUT, WARM_UP, resident, run_wire
from tests.support.harness import Browser, World, world
from tests.support.loop_watch import late_share

WIRE_SHARE = 10  # one connection with odd bytes for so many requests
MAX_LAG = 0.05  # seconds for which the process may hold its event loop
LATE_SHARE = 0.01  # of the looks at the event loop that may be later
LAGS = (0.02, MAX_LAG, 0.1, 0.2, 0.5)  # seconds that are told
METHODS = ("GET", "GET", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X")
PATHS = (
    "/", "/notifications", "/notifications/{word}", "/notifications/{id}", "/overview", "/account",
    "/notifications/{id}/raw", "/notifications/{id}/signed", "/notifications/export",
    "/static/{word}", "/auth", "/auth/callback",
    "/live", "/healthz", "/readyz", "/metrics", "/hooks/{word}", "/hooks/{hook}", "/{word}",
    "/terminal", "/subscriptions/{word}/activation", "/subscriptions/{word}/delete", "/logout",
    "/candidates/erase", "/account/delete",
)  # fmt: skip
FIELDS = (
    "q", "event", "subscription", "signature", "status", "link", "after", "before", "limit",
    "cursor", "view", "format", "state", "code", "error", "csrf", "candidateId", "window", "events",
)  # fmt: skip
HEADERS = (
    "event-id", "event-name", "event-version", "link", "smartrecruiters-timestamp", "Accept",
    "smartrecruiters-signature", "X-Hook-Secret", "Content-Type", "Content-Encoding", "Cookie",
    "Origin", "X-CSRF-Token", "HX-Request", "HX-Target", "If-None-Match", "Range", "Expect",
    "Authorization", "Accept-Encoding", "X-Forwarded-For", "Upgrade", "Sec-WebSocket-Key", "Host",
)  # fmt: skip
WORDS = (
    "", " ", "a", "job.created", "job.", "candidate.deleted", "valid", "fetched", "0", "1", "-1",
    "50", "201", "9" * 30, "1e999", "NaN", "null", "true", "{}", "[]", '{"id":', '{"id": "1"}',
    '{"events": ["job.created"]}', '{"candidateId": "x"}', "2026-11-24T13:00:00Z", "9999-12-31",
    "0001-01-01T00:00:00+23:59", "0" * 13, "z" * 13, "7zzzzzzzzzzzz", "%00", "%", "%zz", "%ff",
    "..", "../../etc/passwd", "..%2f..%2fx", "<script>", "'\"><x y=z>", "' OR 1=1 --", "\\", "\t",
    "\x7f", "\u00e9", "\u202e", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\U0001f600", "\u0130", "</x>; rel=self", "<http://127.0.0.2/>; rel=self", "<" * 50, "v1=;v1=",
    "v1=" + "0" * 64, "text/html", "application/json", "application/json;q=x", "*/*;q=0.0.1",
    "multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
    "gzip", "websocket", "bytes=0-1", "100-continue", "srhooks=", "srhooks=gAAAAA", "Bearer x",
    "https://evil.example", "section#list", "x" * 500, "x" * 7000, "a,b;c=d", "*", '"', 'W/"x"',
)  # fmt: skip
REQUEST_LINES = (b"GET / HTTP/1.1", b"GET / HTTP/0.9", b"\x16\x03\x01", b"POST", b"GET  /")


@dataclass
class Target:
    """What the requests are about, and what came of them."""

    world: World
    ada: Browser
    hook: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    id: str = "0" * 13


@dataclass(frozen=True)
class Size:
    """What must not grow."""

    memory: int  # kB
    tasks: int
    files: int


def measure() -> Size:
    gc.collect()
    return Size(resident(os.getpid()), len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - names are enough


def word(rng: random.Random) -> str:
    made = rng.choice(WORDS)
    if rng.random() < 0.1:
        made += rng.choice(WORDS)
    if rng.random() < 0.05:
        points = [rng.choice((rng.randrange(256), rng.randrange(0x2FFF))) for _ in range(9)]
        made = "".join(map(chr, points))
    return made


def request(rng: random.Random, target: Target, cookie: str) -> bytes:
    """One request, as bytes: half of the time on a hook."""
    if rng.random() < 0.03:
        return rng.choice(REQUEST_LINES) + rng.randbytes(rng.randrange(60)) + b"\r\n\r\n"
    method = rng.choice(METHODS)
    path = rng.choice(PATHS)
    if rng.random() < 0.4:
        method, path = "POST", "/hooks/{hook}"
    path = path.replace("{word}", quote(word(rng)[:3000], safe="%/.", errors="replace"))
    path = path.replace("{id}", target.id).replace("{hook}", target.hook)
    if path in {"/logout", "/account/delete"}:
        cookie = ""  # whoever is logged in stays so
    if path == "/auth" or (method != "GET" and path.startswith("/subscriptions")):
        method = "GET"  # each would go on to the service, which has limits of its own
    asked = "&".join(
        f"{rng.choice(FIELDS)}={quote(word(rng)[:600], safe='%', errors='replace')}"
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 5)))
    )
    lines = [f"{method} {path}{'?' if asked else ''}{asked} HTTP/1.1", "Connection: close"]
    names = rng.sample(HEADERS, rng.choice((0, 1, 2, 4, 8)))
    lines += [f"{name}: {_line(word(rng))}" for name in names]
    lines += [] if "Host" in names else [f"Host: {rng.choice(('x', '127.0.0.1'))}"]
    if cookie and "Cookie" not in names and rng.random() < 0.8:
        lines.append(f"Cookie: srhooks={cookie}")
    if rng.random() < 0.4:
        lines.append(f"Origin: {target.world.base}")
    body = b"" if method in {"GET", "HEAD"} else _body(rng)
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def _line(text: str) -> str:
    return re.sub(r"[\r\n\x00]", " ", text)


def _body(rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(300))
    if kind == 1:
        return b"[" * rng.randrange(2000)
    if kind == 2:
        return "&".join(f"{rng.choice(FIELDS)}={word(rng)}" for _ in range(5)).encode()
    return word(rng).encode("utf-8", "replace")


async def exchange(target: Target, sent: bytes) -> None:
    """Send it, and count the status of what comes back; a connection that is closed is fine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.world.settings.port)
    try:
        writer.write(sent)
        await writer.drain()
        async with asyncio.timeout(TIMEOUT):
            head = await reader.readline()
            if b" 101 " not in head:  # a socket that was opened stays so: we leave
                await reader.read()
    except TimeoutError:
        target.failures.append(f"no answer: {sent[:300]!r}")
        return
    except ConnectionError:
        head = b""
    finally:
        writer.close()
    parts = head.split()
    status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    target.statuses[status] += 1
    if status >= 500:
        target.failures.append(f"{status}: {sent[:300]!r}")


async def fuzz(target: Target, count: int, rng: random.Random) -> None:
    cookie = next(iter(target.ada.session.cookie_jar)).value
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            await exchange(target, request(rng, target, cookie))

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(worker())


async def run(folder: Path, count: int, seed: int) -> tuple[Target, Size, Size]:
    """Fuzz a world of its own; the sizes after the warm-up and at the end."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    async with world(folder) as running, running.logged_in() as ada:
        created = await ada.subscribe("job.created")
        target = Target(running, ada, created["hookId"])
        await running.notify(target.hook, b'{"id": "1"}', event_name="job.created")
        target.id = (await ada.notifications())[0]["id"]
        await fuzz(target, int(count * WARM_UP), rng)
        before = await settled_size()
        await fuzz(target, count - int(count * WARM_UP), rng)
        after = await settled_size(before)
        assert await ada.notifications("?limit=1"), "still logged in, and something came in"
        return target, before, after


async def settled_size(most: Size | None = None) -> Size:
    """Once the connections that were closed are gone.

    With `most`, as soon as there are no more tasks and files than then: what works in the
    background now and then may just be at it.
    """
    size = measure()
    for _ in range(50):
        await asyncio.sleep(0.1)
        last, size = size, measure()
        if most is not None:
            is_settled = size.tasks <= most.tasks and size.files <= most.files
        else:
            is_settled = (size.tasks, size.files) >= (last.tasks, last.files)
        if is_settled:
            break
    return size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    options = parser.parse_args()
    setup_logs("error", "console")
    print(f"seed {options.seed}", flush=True)  # first, so that it is known if the run breaks off
    with tempfile.TemporaryDirectory() as folder:
        target, before, after = asyncio.run(run(Path(folder), options.requests, options.seed))
    with tempfile.TemporaryDirectory() as folder:
        wire = asyncio.run(run_wire(Path(folder), options.requests // WIRE_SHARE, options.seed))
    print(f"{options.requests} requests; answers by status:")
    print("  " + ", ".join(f"{status}: {n}" for status, n in sorted(target.statuses.items())))
    print(f"  after the warm-up {before}\n  at the end        {after}")
    counts = ", ".join(f"{status}: {n}" for status, n in sorted(wire.statuses.items()))
    print(f"on the wire, {sum(wire.statuses.values())} answers by status (0: closed):\n  {counts}")
    first, last = (size // 1024 for size in wire.memory)
    print(f"  memory after the warm-up {first} MB, at the end {last} MB")
    print(f"  {len(wire.looks)} looks at the event loop: late by its own work (by the wall clock)")
    for limit in LAGS:
        own, late = (sum(look[at] > limit for look in wire.looks) for at in (1, 0))
        print(f"    by more than {limit * 1000:.0f} ms: {own} ({late})")
    failures = [*target.failures, *wire.failures]
    share = late_share(wire.looks, MAX_LAG)
    if share > LATE_SHARE:
        failures.append(f"the event loop was late by more than {MAX_LAG} s in {share:.1%} of looks")
    if wire.memory[1] - wire.memory[0] > MAX_GROWTH:
        failures.append(f"the process grew by {last - first} MB")
    for failure in failures[:20]:
        print(f"  FAILED {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
