"""Time until an entity is on the page, beyond the time of the service's own answer."""

import json
import selectors
import time
from time import perf_counter

from srhooks.bench.client import HttpConnection, PageSocket
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import middle
from srhooks.bench.verify import all_fetched, all_stored_once

LATENCY = 0.05  # seconds that the sandbox adds to each answer
# The sandbox's default API key (sandbox/settings.py, which layers forbid to import here).
API_KEY = "5a4db0c3e1f2478f9d6b7a8c9e0f1a2b"
PAUSE = 0.25  # seconds: the benchmark and srhooks share the limit of ten calls a second
TIMEOUT = 30.0  # seconds in which an entity must be shown


def measure(setting: Setting) -> list[Row]:
    count = setting.scaled(12, 3)
    own: list[float] = []
    added: list[float] = []
    with started(setting, "entity", latency=LATENCY) as product:
        path = _some_job(product)
        sender = Sender(product.account, Shape(setting.body_bytes, path=path))
        _patches(product, sender, 2)
        for _ in range(setting.rounds):
            own.append(middle(_own_times(product, path, count)) * 1000)
            added.append(middle(_patches(product, sender, count)) * 1000 - own[-1])
        all_stored_once(product.database, product.account.hook_id, sender.sent)
        all_fetched(product.database)
    return [
        Row("the service's own time for an entity, p50", "ms", own),
        Row("entity on the page, beyond that, p50", "ms", added, 5.0),
    ]


def _get(product: Product, path: str) -> bytes:
    host = product.account.api_url.removeprefix("http://")
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-SmartToken: {API_KEY}\r\n\r\n".encode()


def _some_job(product: Product) -> str:
    line = HttpConnection(product.api_port)
    status, body = line.request(_get(product, "/jobs?limit=1"))
    line.close()
    if status != 200:
        raise BenchError(f"the sandbox answered {status}")
    return f"/jobs/{json.loads(body)['content'][0]['id']}"


def _own_times(product: Product, path: str, count: int) -> list[float]:
    line = HttpConnection(product.api_port)
    times = []
    for _ in range(count):
        time.sleep(PAUSE)
        status, _ = line.request(_get(product, path))
        times.append(perf_counter() - line.began)
        if status != 200:
            raise BenchError(f"the sandbox answered {status}")
    line.close()
    return times


def _patches(product: Product, sender: Sender, count: int) -> list[float]:
    """Seconds from the first byte of each notification to the frame of its row with the entity."""
    viewer = PageSocket(product.port, product.account.cookie)
    viewer.finish_handshake()
    line = HttpConnection(product.port)
    times = []
    with selectors.DefaultSelector() as selector:
        selector.register(viewer.socket, selectors.EVENT_READ)
        for request in sender.make(count):
            time.sleep(PAUSE)
            del viewer.rows[:]
            seen = viewer.settled
            status, _ = line.request(request)
            if status != 202:
                raise BenchError(f"a notification was answered {status}")
            while not viewer.rows or viewer.settled == seen:
                if not selector.select(TIMEOUT):
                    raise BenchError("an entity did not reach the viewer")
                viewer.read()
            times.append(perf_counter() - line.began)
            if times[-1] < LATENCY:
                raise BenchError("an entity was shown before the service can have answered")
    line.close()
    viewer.close()
    return times
