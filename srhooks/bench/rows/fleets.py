"""Intake of one and of several processes on PostgreSQL against one on SQLite; fan-out between them.

Servers, database and load generator share all cores. Without a PostgreSQL server (`--postgres`)
there are no rows.
"""

import contextlib
import selectors
import time

from srhooks.bench.client import HttpConnection, PageSocket
from srhooks.bench.fleet import Fleet, started_fleet
from srhooks.bench.load import Storm, storm
from srhooks.bench.machine import cores, pin
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Setting
from srhooks.bench.verify import all_shown, all_stored_once, shown_ids

CONNECTIONS = 64
SIZES = (1, 2, 4)
PAUSE = 0.05  # seconds between two notifications that are shown
SHOW_TIMEOUT = 30.0  # seconds
TO_OTHER = 100.0  # ms: target


def measure(setting: Setting) -> list[Row]:
    if not setting.postgres:
        return []
    pin(*(cores() or ()))  # programs started from here may use all cores
    try:
        return _measure(setting)
    finally:
        pin(setting.load_core)


def _measure(setting: Setting) -> list[Row]:
    count = setting.scaled(3000, 300)
    sizes = SIZES[:2] if setting.quick else SIZES
    with contextlib.ExitStack() as stack:
        fleets = [stack.enter_context(started_fleet(setting, 1, on_postgres=False))]
        fleets += [
            stack.enter_context(started_fleet(setting, size, on_postgres=True)) for size in sizes
        ]
        senders = [Sender(fleet.account, Shape(setting.body_bytes)) for fleet in fleets]
        # First: later, rows of fetched entities would be sent in between.
        shown = _shown_elsewhere(fleets[2], senders[2], setting.scaled(20, 5))
        for fleet, sender in zip(fleets, senders, strict=True):
            storm(fleet, sender.make(count), CONNECTIONS)
        rounds: list[list[Storm]] = [[] for _ in fleets]
        for _ in range(setting.rounds):
            for fleet, sender, results in zip(fleets, senders, rounds, strict=True):
                results.append(storm(fleet, sender.make(count), CONNECTIONS))
        for fleet, sender in zip(fleets, senders, strict=True):
            all_stored_once(fleet.database, fleet.account.hook_id, sender.sent)
    rows = [
        row
        for fleet, results in zip(fleets, rounds, strict=True)
        for row in (
            Row(f"intake, {fleet.name}", "/s", [one.rate for one in results]),
            Row(f"intake, {fleet.name}, core time", "us", [one.cost for one in results]),
        )
    ]
    one, more = rounds[1], rounds[2:]
    rows.append(_ratio("intake, PostgreSQL against SQLite", one, rounds[0], 0.8))
    rows += [
        _ratio(f"intake, {fleet.name} against 1", results, one)
        for fleet, results in zip(fleets[2:], more, strict=True)
    ]
    return [*rows, Row("POST at one process to frame at another", "ms", shown, TO_OTHER)]


def _ratio(name: str, ours: list[Storm], theirs: list[Storm], target: float | None = None) -> Row:
    ratios = [one.rate / base.rate for one, base in zip(ours, theirs, strict=True)]
    return Row(name, "x", ratios, target, at_least=True)


def _shown_elsewhere(fleet: Fleet, sender: Sender, count: int) -> list[float]:
    """Times (ms) from the POST to the first process to the frame at a viewer of the second."""
    line = HttpConnection(fleet.ports[0])
    viewer = PageSocket(fleet.ports[1], fleet.account.cookie, origin=fleet.account.base)
    viewer.finish_handshake()
    times = []
    with selectors.DefaultSelector() as selector:
        selector.register(viewer.socket, selectors.EVENT_READ)
        for _ in range(count):
            time.sleep(PAUSE)
            (request,) = sender.make(1, linked=False)
            before = len(viewer.rows)
            status, _ = line.request(request)
            if status != 202:
                raise BenchError(f"a notification was answered {status}")
            while len(viewer.rows) == before:
                if not selector.select(SHOW_TIMEOUT):
                    raise BenchError("a viewer at another process was not shown a notification")
                viewer.read()
            times.append((time.perf_counter() - line.began) * 1000)
    all_shown(viewer.rows, shown_ids(fleet.database, sender.sent[-count:]))
    line.close()
    viewer.close()
    return times
