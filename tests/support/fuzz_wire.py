"""What the wire can carry that no client sends: odd heads, trailers, large headers and bodies.

Against `srhooks serve` as a process of its own, whose memory and event loop are looked at.
"""

import asyncio
import contextlib
import json
import random
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from srhooks.protocol.signature import SIGNATURE_HEADER, sign
from srhooks.server.memory import TRIM_INTERVAL

from tests.support.harness import Browser, World, eventually
from tests.support.loop_watch import VARIABLE, Look, read_looks
from tests.support.process import Process, process

CONCURRENT = 8
TIMEOUT = 30.0  # seconds for one answer
MAX_GROWTH = 100 * 1024  # kB of memory that a run may leave behind
WARM_UP = 0.3  # of a run: caches and pools are full after it
LEAP_EVERY = 25  # connections between two leaps of the clock
ROOT = Path(__file__).parents[2]
LONG = str(90 * 86_400)  # seconds: sessions outlive the leaps
ENTITY_EVERY = 20  # connections between two notifications about it
LOG_INS = 3  # tries
KEPT_OPEN = 40  # connections whose head never ends
MARK = "fuzz-victim"


@dataclass(frozen=True)
class Sizes:
    """What is large."""

    entity_parts: int  # of a list
    most_read: int  # bytes of one answer: there are gigabytes to export


LARGEST = Sizes(60_000, 20_000_000)  # an entity of some 4 MB of JSON
QUICK = Sizes(20_000, 5_000_000)  # a third of the time


@dataclass
class Report:
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)  # kB: after the warm-up, and at the end
    looks: list[Look] = field(default_factory=list)  # at the process's event loop


def large_bodies() -> dict[str, bytes]:
    """Each takes long to read, show or search, or is large when it is written out."""
    return {
        "direction marks": json.dumps({"t": "\u202e" * 300_000}, ensure_ascii=False).encode(),
        "deep": b'{"a":' * 400 + b"1" + b"}" * 400,
        "wide": b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
        "a list": json.dumps([{"id": n, "name": f"n{n}"} for n in range(20_000)]).encode(),
        "one text": b'{"t":"' + b"a" * 1_000_000 + b'"}',
        "joiners": json.dumps({"t": "\u0635\u200c" * 180_000}, ensure_ascii=False).encode(),
        "no text": bytes(range(256)) * 4000,
    }


def _hook(hook: str, lines: bytes, *, chunked: bool = False, length: int = 0) -> bytes:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % length
    return (
        b"POST /hooks/"
        + hook.encode()
        + b" HTTP/1.1\r\nHost: x\r\n"
        + lines
        + framing
        + b"\r\n\r\n"
    )


def odd_head(rng: random.Random, hook: str) -> bytes:
    """A head of any size up to beyond the limit, in few long fields or many short ones."""
    size = rng.choice((10, 500, 8_000, 60_000, 65_000, 70_000, 200_000))
    if rng.random() < 0.5:
        lines = b"x: " + bytes(rng.choices(b"abc \xc3\xa9\t", k=size)).strip() + b"\r\n"
    else:
        lines = b"".join(b"x%d: y\r\n" % n for n in range(size // 8))
    end = rng.choice((b"", b"\r\n" * 20, b"\r\n\r\n"))
    return end + _hook(hook, lines + b"Connection: close\r\n", length=2) + b"{}"


def trailers(rng: random.Random, hook: str) -> bytes:
    """A chunked request with trailers, and behind it one that must not get them."""
    body = b"".join(b"%x\r\n%b\r\n" % (n, b"z" * n) for n in rng.choices(range(1, 40), k=5))
    more = b"Cookie: srhooks=x\r\n" * rng.choice((0, 1, 1, 100, 5000))
    behind = _hook(hook, f"event-id: {MARK}\r\n".encode(), length=2) + b"{}"
    return _hook(hook, b"", chunked=True) + body + b"0\r\n" + more + b"\r\n" + behind


def large_headers(rng: random.Random, hook: str) -> bytes:
    text = rng.choice((b"x", b"\xc3\xa9", b"\xff", b'"', b"\\"))
    lines = b"x-large: " + text * (rng.choice((5_000, 20_000, 50_000)) // len(text)) + b"\r\n"
    return _hook(hook, lines + b"Connection: close\r\n", length=2) + b"{}"


def large_body(rng: random.Random, hook: str) -> bytes:
    body = rng.choice(list(large_bodies().values()))
    lines = b"event-name: job.created\r\nConnection: close\r\n"
    return _hook(hook, lines, length=len(body)) + body


async def notify_of_job(world: World, hook: str, link: str, vacancies: int) -> int:
    """A signed notification of the job as it is from now on: only such links are followed."""
    world.sandbox.world.listed["job"][0].data["vacancies"] = vacancies
    (subscription,) = world.sandbox.subscriptions.by_id.values()
    headers = {
        "event-name": "job.updated", "link": link, "smartrecruiters-timestamp": str(vacancies),
    }  # fmt: skip
    signature = sign(subscription.signing_keys()[0], headers, b"{}")
    return await world.notify(hook, b"{}", **headers, **{SIGNATURE_HEADER: signature})


def enlarge_job(world: World, parts: int) -> str:
    """Make one of the sandbox's jobs as large as it may be, or less; the header with its link."""
    job = world.sandbox.world.listed["job"][0]
    job.data["team"] = [
        {"id": f"u{n}", "firstName": "Grace", "lastName": "\u00cdto"} for n in range(parts)
    ]
    return f'<{world.settings.api_url}/jobs/{job.id}>; rel="self"'


KINDS: tuple[Callable[[random.Random, str], bytes], ...] = (
    odd_head, odd_head, trailers, trailers, large_headers, large_body,
)  # fmt: skip


async def exchange(report: Report, port: int, sent: bytes, rng: random.Random) -> None:
    """Send it in pieces; what comes back is no 5xx but 503, and comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    cut = rng.choice((len(sent), 1 + len(sent) // 3, 1 + len(sent) // 20))
    try:
        async with asyncio.timeout(TIMEOUT):
            with contextlib.suppress(ConnectionError):
                for at in range(0, len(sent), cut):
                    writer.write(sent[at : at + cut])
                    await writer.drain()
            with contextlib.suppress(ConnectionError):
                while more := await reader.read(65_536):
                    got += more
    except TimeoutError:
        report.failures.append(f"no answer: {sent[:200]!r}")
    finally:
        writer.transport.abort()
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]
    report.statuses.update(statuses or [0])
    if any(status >= 500 and status != 503 for status in statuses):
        report.failures.append(f"{statuses}: {sent[:200]!r}")


async def listed(world: World, browser: Browser, query: str) -> list[dict[str, Any]]:
    """The notifications; after a leap of the clock the cookie may be of another time."""
    for _ in range(LOG_INS):
        headers = {"Accept": "application/json"}
        async with browser.request("GET", f"/notifications{query}", headers=headers) as answer:
            if answer.status == 200:
                found: list[dict[str, Any]] = (await answer.json())["notifications"]
                return found
        await world.log_in(browser)
    return []


async def look_at_pages(
    report: Report, world: World, browser: Browser, rng: random.Random, most_read: int
) -> None:
    """What a person and a program fetch of it all, several at once."""
    found = await listed(world, browser, "?limit=20")
    # None is known where too much is written out already (503).
    details = [f"/notifications/{rng.choice(found)['id']}"] if found else []
    paths = (
        *details, "/notifications?limit=200", "/notifications?q=zzz", "/overview",
        *(f"/notifications/export?format={name}" for name in ("ndjson", "csv", "har", "ndjson")),
    )  # fmt: skip

    async def fetch(path: str) -> None:
        headers = {"Accept": rng.choice(("text/html", "application/json"))}
        async with browser.request("GET", path, headers=headers) as answer:
            read = 0
            try:
                async for piece in answer.content.iter_any():
                    read += len(piece)
                    if read > most_read:  # who asks for everything may leave early
                        break
            except aiohttp.ClientPayloadError:
                if "/export" not in path:  # which breaks off when it finds no room for long
                    report.failures.append(f"half an answer: {path}")
            if answer.status not in {200, 303, 400, 401, 503}:
                report.failures.append(f"{answer.status}: {path}")

    await asyncio.gather(*(fetch(path) for path in paths))


async def fuzz_wire(
    report: Report, running: Process, browser: Browser, hook: str, count: int,
    rng: random.Random, sizes: Sizes,
) -> None:  # fmt: skip
    link = enlarge_job(running.world, sizes.entity_parts)
    port = running.settings.port
    left = iter(range(count))

    async def worker() -> None:
        for number in left:
            if number % LEAP_EVERY == 0:
                running.send_signal(signal.SIGUSR1)
            await exchange(report, port, rng.choice(KINDS)(rng, hook), rng)
            if number % ENTITY_EVERY == 0:
                status = await notify_of_job(running.world, hook, link, number)
                report.statuses[status] += 1
            if number % 40 == 0:
                await look_at_pages(report, running.world, browser, rng, sizes.most_read)

    unfinished = [await asyncio.open_connection("127.0.0.1", port) for _ in range(KEPT_OPEN)]
    for _, writer in unfinished:
        writer.write(b"POST / HTTP/1.1\r\nx: " + b"y" * 60_000)
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(worker())
    for _, writer in unfinished:
        writer.transport.abort()


async def large_entity_fetched(world: World, browser: Browser) -> bool:
    """Whether one is stored, as program and page get it."""

    async def first() -> str | None:
        rows = await listed(world, browser, "?event=job.updated&status=fetched&limit=1")
        return rows[0]["id"] if rows and len(rows[0]["entity"]["data"]["team"]) > 1 else None

    with contextlib.suppress(AssertionError):
        await browser.page(f"/notifications/{await eventually(first, within=TIMEOUT)}")
        return True
    return False


def memory_of(running: Process) -> int:
    assert running.running is not None
    return resident(running.running.pid)


def resident(pid: int) -> int:
    """The memory of a process, in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


async def memory_left(running: Process, first: int) -> int:
    """What it is left with (kB): what is free goes back to the system every 20 s."""

    async def little() -> bool:
        return memory_of(running) - first < MAX_GROWTH

    with contextlib.suppress(AssertionError):  # too much stays: the caller says so
        await eventually(little, within=TRIM_INTERVAL + 5)
    return memory_of(running)


async def run_wire(folder: Path, count: int, seed: int, sizes: Sizes = LARGEST) -> Report:
    """Fuzz a process of its own: what it answered, its memory (kB) and the lag of its loop."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    report = Report()
    looks = folder / "looks"
    async with process(folder) as running:
        running.program = ("tests.support.leaping_serve",)
        await running.start(
            LOG_LEVEL="error", PYTHONPATH=str(ROOT), SESSION_MAX_AGE=LONG, SESSION_LIFETIME=LONG,
            **{VARIABLE: str(looks)},
        )  # fmt: skip
        started = len(read_looks(looks))  # what it took to start was nobody's wait
        async with running.world.logged_in() as ada:
            hook = (await ada.subscribe("job.created"))["hookId"]
            await running.world.notify(hook, b"{}", event_name="job.created")
            (first,) = await ada.notifications()
            for part in (int(count * WARM_UP), count - int(count * WARM_UP)):
                await fuzz_wire(report, running, ada, hook, part, rng, sizes)
                if not await large_entity_fetched(running.world, ada):
                    report.failures.append("the large entity was not fetched")
                first_memory = report.memory[0] if report.memory else memory_of(running)
                report.memory.append(await memory_left(running, first_memory))
            if not await listed(running.world, ada, "?limit=1"):  # whatever the clock says
                report.failures.append("nobody can log in at the end, or nothing is listed")
            async with ada.request("GET", f"/notifications/{first['id']}") as answer:
                if answer.status != 200:
                    report.failures.append("a leap of the clock took the first notification")
            if await listed(running.world, ada, f"?q={MARK}"):
                report.failures.append("a request behind a chunked one was taken")
        code, seconds = await running.terminate()
        report.looks = read_looks(looks)[started:]
        if code != 0 or seconds > running.patience:
            report.failures.append(f"it ended with {code} after {seconds:.1f} s")
    return report
