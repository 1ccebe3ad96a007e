"""docs/fidelity.md names tests that exist, and every row names one."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FIDELITY = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in FIDELITY.splitlines()
    if line.startswith("| ") and not line.startswith(("| the service |", "| ---"))
]


def test_every_row_names_a_test_that_exists() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests" / "sandbox").glob("test_*.py"))
    known = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    assert len(ROWS) > 25
    for fact, how, tests in ROWS:
        names = re.findall(r"`([^`]+)`", tests)
        assert names, f"no test for: {fact} ({how})"
        for name in names:
            assert name in known or (ROOT / name).is_file(), name
