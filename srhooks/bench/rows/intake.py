"""Intake under load: rate and answer time relative to the reference, in interleaved rounds."""

import selectors
import time

from srhooks.bench.client import PageSocket
from srhooks.bench.load import Storm, storm, wait_until_idle
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError, free_ports, reference, running
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import percentile
from srhooks.bench.verify import all_shown, all_stored_once, shown_ids

CONNECTIONS = 64
PER_ROUND = 3  # short storms: the machine's speed must not change between the two compared
CATCH_UP = 30.0  # seconds after the last 202 in which a viewer must have all rows


def measure(setting: Setting) -> list[Row]:
    count = setting.scaled(3000, 1500)
    raw: list[Storm] = []
    alone: list[Storm] = []
    watched: list[Storm] = []
    lags: list[float] = []
    with (
        started(setting, "intake") as product,
        running(
            reference(setting.folder / "intake", free_ports(1)[0], setting.server_core)
        ) as handler,
    ):
        sender = Sender(product.account, Shape(setting.body_bytes))
        for warm in (handler, product.program):
            storm(warm, sender.make(count), CONNECTIONS)
        del sender.sent[:count]  # sent to the reference
        for _ in range(setting.scaled(PER_ROUND * setting.rounds, 1)):
            unsent = len(sender.sent)
            wait_until_idle(product.program)
            raw.append(storm(handler, sender.make(count), CONNECTIONS))
            del sender.sent[unsent:]
            alone.append(storm(product.program, sender.make(count), CONNECTIONS))
            wait_until_idle(product.program)
            result, lag = _watched(product, sender, count)
            watched.append(result)
            lags.append(lag)
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    return _rows(raw, alone, watched, lags)


def _watched(product: Product, sender: Sender, count: int) -> tuple[Storm, float]:
    """A storm with a viewer, and the seconds from its last answer until the viewer had all rows."""
    requests = sender.make(count)
    viewer = PageSocket(product.port, product.account.cookie)
    viewer.finish_handshake()
    result = storm(product.program, requests, CONNECTIONS, viewer)
    began = time.perf_counter()
    wanted = shown_ids(product.database, sender.sent[-count:])
    with selectors.DefaultSelector() as selector:
        selector.register(viewer.socket, selectors.EVENT_READ)
        while not wanted <= set(viewer.rows) and selector.select(CATCH_UP):
            viewer.read()
    lag = time.perf_counter() - began
    all_shown(viewer.rows, wanted)
    viewer.close()
    return result, lag


def _rows(
    raw: list[Storm], alone: list[Storm], watched: list[Storm], lags: list[float]
) -> list[Row]:
    p99 = [percentile(one.latencies, 99) for one in raw]
    if not all(p99):
        raise BenchError("the clock is too coarse")
    return [
        Row("raw handler", "/s", [one.rate for one in raw]),
        Row("raw handler p99", "ms", [value * 1000 for value in p99]),
        Row("raw handler, core time", "us", [one.cost for one in raw]),
        Row("intake, core time", "us", [one.cost for one in alone]),
        Row("intake with a viewer, core time", "us", [one.cost for one in watched]),
        Row("intake, durable", "/s", [one.rate for one in alone]),
        Row("intake with a viewer", "/s", [one.rate for one in watched]),
        Row(
            "intake against raw", "x",
            [one.rate / base.rate for one, base in zip(alone, raw, strict=True)], 0.5,
            at_least=True,
        ),
        Row(
            "intake with a viewer against raw", "x",
            [one.rate / base.rate for one, base in zip(watched, raw, strict=True)], 0.45,
            at_least=True,
        ),
        Row(
            "answer p99 against raw", "x",
            [
                percentile(one.latencies, 99) / base
                for one, base in zip(alone, p99, strict=True)
            ],
            2.0,
        ),
        Row("viewer behind the last answer", "ms", [lag * 1000 for lag in lags]),
    ]  # fmt: skip
