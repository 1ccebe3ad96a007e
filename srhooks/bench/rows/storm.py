"""A long storm: growth of memory, and lag of the event loop meanwhile."""

import re

from srhooks.bench.client import HttpConnection
from srhooks.bench.load import storm
from srhooks.bench.machine import memory_of
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.verify import all_stored_once

CONNECTIONS = 64
PIECE = 10_000  # notifications that the load generator builds at a time
BUCKET = re.compile(rb'srhooks_event_loop_lag_seconds_bucket\{le="([^"]+)"\} ([\d.e+]+)')

Histogram = list[tuple[float, float]]  # upper bounds (seconds) and cumulative counts


def measure(setting: Setting) -> list[Row]:
    count = setting.scaled(100_000, 3000)
    warm = setting.scaled(20_000, 1000)
    with started(setting, "storm") as product:
        pid = product.program.pid
        sender = Sender(product.account, Shape(setting.body_bytes))
        idle = memory_of(pid)
        storm(product.program, sender.make(warm), CONNECTIONS)
        before, lag_before = memory_of(pid), _lag(product)
        for done in range(0, count, PIECE):
            storm(product.program, sender.make(min(PIECE, count - done)), CONNECTIONS)
        lag = percentile_within(lag_before, _lag(product), 0.99)
        grown = max(0, memory_of(pid) - before)
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    return [
        Row("memory, idle", "MB", [idle / 1e6], 80.0),
        Row(f"memory, growth over {count:,} notifications", "MB", [grown / 1e6], 5.0),
        Row("event loop lag in a storm, p99", "ms", [lag * 1000], 20.0),
    ]


def _lag(product: Product) -> Histogram:
    """The histogram of event loop lag in the program's /metrics. Raises BenchError."""
    line = HttpConnection(product.port)
    host = product.account.base.removeprefix("http://")
    status, body = line.request(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    line.close()
    if status != 200:
        raise BenchError(f"/metrics was answered {status}")
    return [(float(bound), float(count)) for bound, count in BUCKET.findall(body)]


def percentile_within(before: Histogram, after: Histogram, share: float) -> float:
    """A percentile (seconds) of what was counted between two readings of a histogram.

    Interpolated within its bucket, as Prometheus' histogram_quantile does. `share`: 0 to 1.
    """
    counts = [(bound, new - old) for (bound, new), (_, old) in zip(after, before, strict=True)]
    rank = counts[-1][1] * share
    low = reached = 0.0
    for bound, count in counts:
        if count >= rank and bound != float("inf"):
            return low + (bound - low) * (rank - reached) / (count - reached or 1)
        low, reached = bound, count
    return counts[-2][0]  # above the last finite bound
