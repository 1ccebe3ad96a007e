"""Many viewers of one user: time until the last one has a row, and memory of each."""

import time

from srhooks.bench.crowd import Crowd
from srhooks.bench.machine import memory_of
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.report import Row
from srhooks.bench.setting import Setting, started
from srhooks.bench.stats import middle
from srhooks.bench.verify import all_stored_once

PAUSE = 0.02  # seconds between two notifications
TARGETS = {1000: 25.0, 10_000: 180.0}  # viewers: ms


def measure(setting: Setting) -> list[Row]:
    sizes = (50, 200) if setting.quick else (1000, setting.viewers)
    count = setting.scaled(10, 3)
    rows: list[Row] = []
    with started(setting, "fanout") as product:
        sender = Sender(product.account, Shape(setting.body_bytes))
        crowd = Crowd(product)
        _notify(crowd, sender, count)
        alone = [_notify(crowd, sender, count)[1] for _ in range(setting.rounds)]
        before = memory_of(product.program.pid)
        for size in sizes:
            crowd.grow(size)
            rounds = [_notify(crowd, sender, count) for _ in range(setting.rounds)]
            lasts = [last for last, _ in rounds]
            rows.append(Row(f"fan-out to the last of {size:,}", "ms", lasts, TARGETS.get(size)))
        each = (memory_of(product.program.pid) - before) / sizes[-1] / 1000
        crowd.check(sender)
        crowd.close()
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    ratios = [with_all / none for (_, with_all), none in zip(rounds, alone, strict=True)]
    return [
        *rows,
        Row(f"answer with {sizes[-1]:,} viewers against none", "x", ratios, 1.2),
        Row("memory of a viewer", "kB", [each], 25.0),
    ]


def _notify(crowd: Crowd, sender: Sender, count: int) -> tuple[float, float]:
    """Medians (ms) of the time until the last viewer has the row, and until the 202."""
    times = []
    for _ in range(count):
        time.sleep(PAUSE)
        times.append(crowd.notify(sender))
    return middle([last for last, _ in times]) * 1000, middle([one for _, one in times]) * 1000
