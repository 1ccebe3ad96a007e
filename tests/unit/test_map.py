"""The map leads somewhere: what CONTRIBUTING.md and docs/ name as a place is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAPS = (
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("architecture", "dependencies", "glossary")),
    *(ROOT / "docs/adr").glob("*.md"),
)
# A file, or a folder with a slash behind it; below the repository or below srhooks/.
FILE = r"(?:[\w.-]+/)*[\w-]+\.(?:py|md|sh|sql|html|js|css|toml|yaml|lock)"
PLACE = re.compile(rf"`({FILE}|(?:[\w.-]+/)+)`")
TO_BE_MADE = re.compile(r"NAME|NNN")  # in "how to add"


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.name)
def test_every_place_that_is_named_is_there(path: Path) -> None:
    places = PLACE.findall(path.read_text(encoding="utf-8"))
    missing = [
        place
        for place in places
        if not TO_BE_MADE.search(place)
        and not any((top / place).exists() for top in (ROOT, ROOT / "srhooks", path.parent))
    ]
    assert not missing


def test_six_questions_are_answered_with_a_place() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| question | answer |")[2].partition("\n\n")[0]
    answers = [row.split("|")[2] for row in table.splitlines()[2:]]
    assert len(answers) == 6
    for answer in answers:
        assert PLACE.search(answer), answer
