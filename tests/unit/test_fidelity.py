"""docs/fidelity.md: each row names a test that exists and says if both doubles do the same."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests"
FIDELITY = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in FIDELITY.splitlines()
    if line.startswith("| ") and not line.startswith(("| the service |", "| ---"))
]
ON_BOTH = sorted((TESTS / "contracts").glob("test_doubles_*.py"))


def names_of(paths: Iterable[Path]) -> set[str]:
    sources = "".join(path.read_text() for path in paths)
    return set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))


def test_every_row_names_a_test_that_exists() -> None:
    known = names_of([
        *(TESTS / "sandbox").glob("test_*.py"), TESTS / "integration" / "test_strict_double.py",
    ])  # fmt: skip
    assert len(ROWS) > 35
    for fact, how, tests, _ in ROWS:
        names = re.findall(r"`([^`]+)`", tests)
        assert names, f"no test for: {fact} ({how})"
        for name in names:
            assert name in known or (ROOT / name).is_file(), name


def test_every_row_says_whether_it_is_held_on_both_doubles() -> None:
    known = names_of(ON_BOTH)
    told: set[str] = set()
    for fact, _, _, on_both in ROWS:
        names = set(re.findall(r"`([^`]+)`", on_both))
        assert names <= known, names - known
        assert names or on_both == "no", fact
        told |= names
    assert known - told == set(), "tests on both doubles that no row names"


def test_the_strict_double_has_no_line_of_the_sandbox() -> None:
    double = [*(TESTS / "support").glob("strict_*.py")]
    assert len(double) > 6
    for path in double:
        text = path.read_text()
        assert "srhooks.sandbox" not in text, path
        assert "srhooks.protocol" not in text, path
