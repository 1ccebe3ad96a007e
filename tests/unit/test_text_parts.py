"""A pattern is found in parts as in one piece."""

import re

import pytest
from srhooks.domain.text_parts import PART, matches_in

TEXTS = (
    "",
    "/jobs/1",
    "/jobs/1" * PART,
    " /jobs/abc?" * PART,
    "x" * (PART - 3) + "/jobs/12345 " + "y" * (3 * PART) + "/jobs/6",
    "".join("z" * n + "/jobs/7" for n in range(500)),
)


@pytest.mark.parametrize("pattern", [r"/jobs/([a-z0-9]+)", r"(?<![a-z])/jobs", r"^/jobs|^x", r"s/"])
def test_in_parts_as_in_one_piece(pattern: str) -> None:
    compiled = re.compile(pattern)
    for text in TEXTS:
        whole = [match.span() for match in compiled.finditer(text)]
        assert [match.span() for match in matches_in(compiled, text)] == whole
        hint = re.compile("s|^[/x]")
        assert [match.span() for match in matches_in(compiled, text, hint)] == whole
