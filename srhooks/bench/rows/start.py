"""Time from the start of the process to its first 202: how long a restart is noticed."""

import time
from time import perf_counter

from srhooks.bench.client import HttpConnection
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import TIMEOUT, BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Setting, started
from srhooks.bench.verify import all_stored_once

RETRY = 0.002  # seconds between attempts to connect


def measure(setting: Setting) -> list[Row]:
    times = []
    with started(setting, "start") as product:
        sender = Sender(product.account, Shape(setting.body_bytes))
        product.program.stop()
        for _ in range(setting.scaled(2 * setting.rounds, 2)):
            (request,) = sender.make(1, linked=False)
            began = perf_counter()
            program = product.start_again(setting)
            try:
                _first_answer(product.port, request)
                times.append(perf_counter() - began)
            finally:
                program.stop()
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    return [Row("start to first 202", "s", times, 0.6)]


def _first_answer(port: int, request: bytes) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            line = HttpConnection(port)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise BenchError("the program did not start again") from None
            time.sleep(RETRY)
    status, _ = line.request(request)
    line.close()
    if status != 202:
        raise BenchError(f"the first notification was answered {status}")
