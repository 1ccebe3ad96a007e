"""Answer time of feed, searches and overview with a large number of stored notifications.

That is 100,000 and 1,000,000, or as many as given; on PostgreSQL as well where a server is given.
A search that takes longer than a page may is answered as far as it got, and goes on by itself: how
long that takes is a figure of its own.
"""

import re
from collections.abc import Callable
from html import unescape
from time import perf_counter
from typing import NamedTuple

from srhooks.bench.account import Account
from srhooks.bench.client import HttpConnection
from srhooks.bench.processes import BenchError, running
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import middle
from srhooks.bench.stored import fill, name_of

FEED, SEARCH, OVERVIEW = 30.0, 50.0, 100.0  # ms
GROWTH = 2.0  # at most this factor for ten times the rows
MORE = re.compile(rb'hx-get="([^"]+)"\s+hx-target="#more"')  # where a page goes on
MOST_STEPS = 200  # after which what is looked for is not there
# Name, address, target (ms), and text the page must contain: a wrong page could be a fast one.
PAGES: list[tuple[str, str, float, Callable[[int], str]]] = [
    ("feed page", "/notifications", FEED, lambda count: name_of(count - 1)),
    ("feed of one event", "/notifications?event=job.updated", FEED, lambda _: "job.updated"),
    ("search, common word", "/notifications?q=berlin", SEARCH, lambda _: "Berlin Person"),
    (
        "search, one of all", "/notifications?q=person{rare}%20", SEARCH,
        lambda count: name_of(count // 3),
    ),
    ("search, nothing", "/notifications?q=nowhere-to-be-found", SEARCH, lambda _: ""),
    ("search, two letters", "/notifications?q=uu", SEARCH, lambda _: ""),  # ids contain no u
    ("overview", "/overview", OVERVIEW, lambda _: "<svg"),
    ("overview of 30 days", "/overview?window=30d", OVERVIEW, lambda _: "<svg"),
]  # fmt: skip


def measure(setting: Setting) -> list[Row]:
    rows = _measure(setting, on_postgres=False)
    return rows + _measure(setting, on_postgres=True) if setting.postgres else rows


def _measure(setting: Setting, *, on_postgres: bool) -> list[Row]:
    small = setting.scaled(100_000, 300)
    sizes = [small, small * 10] if setting.full or setting.quick else [small]
    if setting.stored:
        sizes = [setting.stored]
    where = ", PostgreSQL" if on_postgres else ""
    rows: list[Row] = []
    medians: dict[str, float] = {}
    with started(setting, f"pages{where}", on_postgres=on_postgres) as product:
        product.program.stop()
        already = 0
        for size in sizes:
            fill(product.database, product.account, already, size)
            already = size
            with running(product.start_again(setting)):
                for name, address, target, holds in PAGES:
                    here = address.format(rare=size // 3)
                    times, whole = _times(product, here, holds(size), setting)
                    rows.append(Row(f"{name}, {size:,} stored{where}", "ms", times, target))
                    if whole != times:
                        rows.append(Row(f"{name}, until it is shown{where}", "ms", whole))
                    if name in medians:
                        growth = middle(times) / medians[name]
                        rows.append(Row(f"{name}, growth for 10x{where}", "x", [growth], GROWTH))
                    medians[name] = middle(times)
    return rows


class Times(NamedTuple):
    """The median of each round (ms)."""

    page: list[float]
    whole: list[float]  # until what is looked for is there: the same where the page has it


def _times(product: Product, address: str, holds: str, setting: Setting) -> Times:
    """Raises BenchError when the page, and all that follow by themselves, lack `holds`."""
    line = HttpConnection(product.port)
    pages: list[float] = []
    wholes: list[float] = []
    for _ in range(setting.rounds + 1):
        looks = [look(line, product.account, address, holds) for _ in range(setting.scaled(10, 2))]
        for rounds, times in zip((pages, wholes), zip(*looks, strict=True), strict=True):
            rounds.append(middle(times) * 1000)
    line.close()
    return Times(pages[1:], wholes[1:])  # the first warms up


def look(line: HttpConnection, account: Account, address: str, holds: str) -> tuple[float, float]:
    """Seconds until the page is there, and until it holds what it should."""
    status, body = line.request(_request(account, address))
    began, first = line.began, perf_counter() - line.began
    whole = first
    for _ in range(MOST_STEPS):
        following = MORE.search(body)
        if status != 200 or following is None or not holds or holds.encode() in body:
            break
        # As the browser does it.
        more = "HX-Request: true\r\nHX-Target: more\r\n"
        status, body = line.request(_request(account, unescape(following[1].decode()), more))
        whole = perf_counter() - began
    right = holds.encode() in body if holds else b'<li id="n-' not in body
    if status != 200 or not right:
        raise BenchError(f"{address} was answered {status}, and not as it should be")
    return first, whole


def _request(account: Account, address: str, headers: str = "") -> bytes:
    host = account.base.removeprefix("http://")
    return (
        f"GET {address} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n{headers}"
        f"Cookie: {account.cookie}\r\n\r\n"
    ).encode()
