"""The subjects in the order of measuring, and the whole run."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from srhooks.bench.machine import cores, describe_machine, pin, raise_file_limit
from srhooks.bench.report import Row
from srhooks.bench.rows import (
    browser,
    entity,
    fanout,
    fleets,
    intake,
    latency,
    pages,
    proxied,
    start,
    storm,
)
from srhooks.bench.setting import Setting

MAX_VIEWERS = 10_000
KEPT_FREE = 500  # open files that are no viewers

SUBJECTS: dict[str, Callable[[Setting], list[Row]]] = {
    "intake": intake.measure,
    "latency": latency.measure,
    "entity": entity.measure,
    "fanout": fanout.measure,
    "storm": storm.measure,
    "pages": pages.measure,
    "proxied": proxied.measure,
    "fleets": fleets.measure,
    "start": start.measure,
    "browser": browser.measure,
}


def run_all(
    subjects: Sequence[str], *, parent: Path | None, rounds: int, quick: bool, full: bool,
    progress: Callable[[str], None], postgres: str = "", stored: int = 0,
) -> tuple[list[Row], dict[str, Any]]:  # fmt: skip
    """Measure the named subjects. Returns the rows and the description of the machine.

    Raises BenchError for a wrong result, never for a slow one. `progress` is called with a line
    before each subject; `postgres` is the URL of a server, or empty.
    """
    file_limit = raise_file_limit()
    both = cores()
    server_core, load_core = both or (None, None)
    pin(load_core)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="srhooks-bench-", dir=parent) as name:
        folder = Path(name)
        machine: dict[str, Any] = describe_machine(folder, file_limit)
        machine["pinned"] = "servers and load on a core each" if both else "no: one core"
        machine["chromium"] = browser.find_browser() or "not found: its row is left out"
        machine["nginx"] = proxied.find_nginx() or "not found: its rows are left out"
        machine["postgres"] = (
            "given" if postgres else "not given (--postgres): its rows are left out"
        )
        machine["run"] = "quick" if quick else "full" if full else "usual"
        setting = Setting(
            folder=folder, server_core=server_core, load_core=load_core, rounds=rounds,
            quick=quick, full=full, viewers=min(MAX_VIEWERS, file_limit - KEPT_FREE),
            postgres=postgres, stored=stored,
        )  # fmt: skip
        for subject in subjects:
            progress(f"measuring {subject} ...")
            rows += SUBJECTS[subject](setting)
    return rows, machine
