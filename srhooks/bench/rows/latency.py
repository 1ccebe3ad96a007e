"""One notification at a time: time to the 202, and to the frame at a viewer."""

import selectors
from time import perf_counter

from srhooks.bench.client import HttpConnection, PageSocket
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import middle, percentile
from srhooks.bench.verify import all_shown, all_stored_once, shown_ids

TIMEOUT = 30.0  # seconds in which a notification must be shown


def measure(setting: Setting) -> list[Row]:
    count = setting.scaled(1000, 100)
    answers: list[list[float]] = []
    frames: list[list[float]] = []
    with started(setting, "latency") as product:
        sender = Sender(product.account, Shape(setting.body_bytes))
        _answers(product, sender.make(count // 2, linked=False))
        for _ in range(setting.rounds):
            answers.append(_answers(product, sender.make(count, linked=False)))
            frames.append(_frames(product, sender, count))
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    rows = []
    for name, rounds, targets in (
        ("answer, 1 connection", answers, (0.6, 2.0)),
        ("POST to frame on the socket", frames, (2.0, 6.0)),
    ):
        rows += [
            Row(f"{name}, p50", "ms", [middle(one) * 1000 for one in rounds], targets[0]),
            Row(f"{name}, p99", "ms", [percentile(one, 99) * 1000 for one in rounds], targets[1]),
        ]
    return rows


def _answers(product: Product, requests: list[bytes]) -> list[float]:
    line = HttpConnection(product.port)
    times = []
    for request in requests:
        status, _ = line.request(request)
        times.append(perf_counter() - line.began)
        if status != 202:
            raise BenchError(f"a notification was answered {status}")
    line.close()
    return times


def _frames(product: Product, sender: Sender, count: int) -> list[float]:
    """Seconds from the first byte sent to the frame with the row. Raises BenchError."""
    requests = sender.make(count, linked=False)
    viewer = PageSocket(product.port, product.account.cookie)
    viewer.finish_handshake()
    line = HttpConnection(product.port)
    times = []
    with selectors.DefaultSelector() as selector:
        selector.register(line.socket, selectors.EVENT_READ, line)
        selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        for number, request in enumerate(requests):
            line.send(request)
            answered = False
            shown = 0.0
            while not (answered and shown):
                ready = selector.select(TIMEOUT)
                if not ready:
                    raise BenchError("a notification did not reach the viewer")
                for key, _ in ready:
                    if key.data is line:
                        answered = line.read() is not None or answered
                    else:
                        viewer.read()
                        if len(viewer.rows) > number:
                            shown = perf_counter()
            times.append(shown - line.began)
    all_shown(viewer.rows, shown_ids(product.database, sender.sent[-count:]))
    line.close()
    viewer.close()
    return times
