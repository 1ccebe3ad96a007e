"""Texts as UTF-8 and databases take them."""

import pytest
from srhooks.domain.clean_text import PART, clean_text, utf8


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("plain", "plain"),
        ("\u00e9\U0001f600", "\u00e9\U0001f600"),
        ("a\ud800b", "a?b"),
        ("\x00a\x00", "\ufffda\ufffd"),
        ("\u00e9\x00\udfff", "\u00e9\ufffd?"),
        ("\u00e9" * PART + "\udfff", "\u00e9" * PART + "?"),
    ],
)
def test_what_cannot_be_stored_or_sent_is_replaced(given: str, cleaned: str) -> None:
    assert clean_text(given) == cleaned
    assert clean_text(given).encode().decode() == cleaned
    assert utf8(given).decode().replace("\x00", "\ufffd") == cleaned
