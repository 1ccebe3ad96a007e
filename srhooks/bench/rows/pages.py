"""Answer time of feed, searches and overview with a large number of stored notifications.

That is 100,000 and 1,000,000, or as many as given; on PostgreSQL as well where a server is given.
"""

from collections.abc import Callable
from time import perf_counter

from srhooks.bench.client import HttpConnection
from srhooks.bench.processes import BenchError, running
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import middle
from srhooks.bench.stored import fill, name_of

FEED, SEARCH, OVERVIEW = 30.0, 50.0, 100.0  # ms
GROWTH = 2.0  # at most this factor for ten times the rows
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
    small = setting.scaled(100_000, 1000)
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
                    times = _times(product, address.format(rare=size // 3), holds(size), setting)
                    rows.append(Row(f"{name}, {size:,} stored{where}", "ms", times, target))
                    if name in medians:
                        growth = middle(times) / medians[name]
                        rows.append(Row(f"{name}, growth for 10x{where}", "x", [growth], GROWTH))
                    medians[name] = middle(times)
    return rows


def _times(product: Product, address: str, holds: str, setting: Setting) -> list[float]:
    """The median of each round (ms). Raises BenchError when the page lacks `holds`."""
    host = product.account.base.removeprefix("http://")
    request = (
        f"GET {address} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n"
        f"Cookie: {product.account.cookie}\r\n\r\n"
    ).encode()
    line = HttpConnection(product.port)
    rounds = []
    for _ in range(setting.rounds + 1):
        times = []
        for _ in range(setting.scaled(10, 2)):
            status, body = line.request(request)
            times.append(perf_counter() - line.began)
            right = holds.encode() in body if holds else b'<li id="n-' not in body
            if status != 200 or not right:
                raise BenchError(f"{address} was answered {status}, and not as it should be")
        rounds.append(middle(times) * 1000)
    line.close()
    return rounds[1:]  # the first warms up
