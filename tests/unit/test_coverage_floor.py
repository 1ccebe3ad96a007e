"""A module that is covered too little is named, unless its reason is known."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "coverage_floor.py"


def test_only_what_has_no_reason_is_named(tmp_path: Path) -> None:
    percents = {"srhooks/app.py": 89.0, "srhooks/config.py": 90.0, "srhooks/bench/load.py": 0.0}
    report = {
        "totals": {"percent_covered": 93.2},
        "files": {path: {"summary": {"percent_covered": n}} for path, n in percents.items()},
    }
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps(report), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "srhooks: 93.2 % of all lines", "srhooks/app.py: 89 % of its lines, 90 % are asked",
    ]  # fmt: skip
