"""Fail where a module is covered less than it should be: `coverage_floor.py coverage.json`.

Measured are all tests but those of `UNMEASURED` in the Makefile and the browser's, with the
programs that they start. A program that is killed writes no measurement. Modules below the floor
stand here with the reason.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

FLOOR = 90  # percent of a module's lines
SERVER_LOST = "a server that hangs, vanishes or breaks a transaction off: tests/stress"
REASONS: Mapping[str, str] = {
    "srhooks/bench/": "the benchmark is run whole, as a program, by test_bench.py",
    "srhooks/commands/bench.py": "likewise",
    "srhooks/commands/listen_client.py": "listeners that are killed, a server that goes away",
    "srhooks/entities/fetcher.py": "where another process has the account: that one is killed",
    "srhooks/server/connection.py": "connections beyond the limit, late heads: tests/stress",
    "srhooks/store/postgres.py": SERVER_LOST,
    "srhooks/store/postgres_claim.py": "`srhooks serve` on PostgreSQL: programs that are killed",
    "srhooks/store/postgres_connection.py": SERVER_LOST,
}


def below(files: Mapping[str, float], floor: float = FLOOR) -> list[str]:
    """A line for each module that is below the floor and has no reason."""
    return [
        f"{path}: {percent:.0f} % of its lines, {floor:.0f} % are asked"
        for path, percent in sorted(files.items())
        if percent < floor and not any(path.startswith(place) for place in REASONS)
    ]


def main() -> int:
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    files = {path: one["summary"]["percent_covered"] for path, one in report["files"].items()}
    print(f"srhooks: {report['totals']['percent_covered']:.1f} % of all lines")
    found = below(files)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
