"""Each failure in the documentation's table names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_that_it_names_are_there() -> None:
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    table = text.partition("## When something fails")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    named = [re.findall(r"`(test_\w+(?:\.py)?)`", line.rsplit("|", 2)[1]) for line in lines]
    assert len(named) > 8
    assert all(named)
    files = list((ROOT / "tests").rglob("test_*.py"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    known = {file.name for file in files} | set(re.findall(r"def (test_\w+)\(", code))
    assert {name for names in named for name in names} <= known
