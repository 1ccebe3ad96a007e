"""What the search looks through is folded in parts, as if it were folded as a whole."""

import random

import pytest
from srhooks.domain.search_text import _folded_part, fold

WORDS = ("Ab", "\u0130", "I\u0307", "e\u0301", "\u00c9", " ", "\t", "\n\n", "\u3000", "\u00df", "x")


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_folded_as_the_whole_is(seed: int) -> None:
    text = "".join(random.Random(seed).choices(WORDS, k=300_000))  # noqa: S311 - no secret
    folded = fold(text)
    assert folded == _folded_part(text)
    assert "  " not in folded


def test_a_large_text_has_the_white_space_of_a_small_one() -> None:
    assert fold("A" * 99_999 + " \n" + " B" * 60_000) == "a" * 99_999 + " b" * 60_000
