"""Fail where a module is covered less than it should be: `coverage_floor.py coverage.json`.

What the fast tests run in their own process is measured. Modules that other programs run (slow
tests start them), and their least coverage, stand here with the reason.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

FLOOR = 90  # percent of a module's lines
REASONS: Mapping[str, str] = {
    "srhooks/bench/": "the benchmark is run whole, as a program, by a slow test",
    "srhooks/commands/": "commands are run as programs of their own by slow tests",
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
