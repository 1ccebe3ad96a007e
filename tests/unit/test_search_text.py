"""What the search looks through is folded in parts, as if it were folded as a whole."""

import random
import re

import pytest
from srhooks.domain import search_text
from srhooks.domain.search_text import fold

PART = 7
WORDS = ("Ab", "\u0130", "I\u0307", "e\u0301", "\u00c9", " ", "\t", "\n\n", "\u3000", "\u00df", "x")


@pytest.mark.parametrize("seed", range(20))
def test_parts_are_folded_as_the_whole_is(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    text = "".join(random.Random(seed).choices(WORDS, k=300))  # noqa: S311 - no secret
    whole = fold(text)
    pattern = search_text.PARTS.pattern.replace("100000", str(PART))
    monkeypatch.setattr(search_text, "PARTS", re.compile(pattern))
    assert fold(text) == whole
    assert "  " not in whole


def test_a_large_text_has_the_white_space_of_a_small_one() -> None:
    assert fold("A" * 99_999 + " \n" + " B" * 60_000) == "a" * 99_999 + " b" * 60_000
