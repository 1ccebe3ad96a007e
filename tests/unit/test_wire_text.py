"""What may become a header, an address or an event's name."""

from collections.abc import Callable

import pytest
from srhooks.domain import wire_text
from srhooks.protocol.event_types import FAMILIES

BAD: dict[Callable[[str], bool], tuple[str, ...]] = {
    wire_text.is_event_name: (
        "", "a\x07b", "a b", " a", "a\r\nb", "a..b", ".a", "a.", "é", "<b>", "a,b", "x" * 201,
    ),
    wire_text.is_header_name: ("", "x a", "x:a", "x\x00", "é", "x\n", "x" * 201),
    wire_text.is_header_value: ("", " a", "a ", "a\nb", "a\x07", "é", "x" * 4001),
    wire_text.is_email: (
        "", "a", "a@", "@b", "a@b c", "a@b\x07", "a@b,c@d", "a@b\n", "a<b@c>", "a@-b", "a@b..c",
        "a@" + "b" * 300, "x" * 65 + "@b",
    ),
    wire_text.is_web_address: (
        "", "x", "//a", "ftp://a", "javascript:alert(1)", "http://", "https://u:p@h/", "https://h/#f",
        "https://h/a b", "https://h/\x07", "https://h\\@evil", "https://h:0/", "https://h:x/",
        "https://h/" + "x" * 2000, "https://é.example/",
    ),
    wire_text.is_line: ("", "a\nb", "\x00", "a\u2028b", "x" * 4001),
}  # fmt: skip
GOOD: dict[Callable[[str], bool], tuple[str, ...]] = {
    wire_text.is_event_name: ("x", "interview.canceled", "some_new-Event.v2"),
    wire_text.is_header_name: ("X-Api-Key", "x-a_b", "Content-Type"),
    wire_text.is_header_value: ("v", "Bearer a.b=", "two words", "a\tb"),
    wire_text.is_email: ("a@b", "you+tag@mail.example.com", "o'hara@x-y.example"),
    wire_text.is_web_address: ("https://h", "http://localhost:8080/token?a=b", "http://[::1]:1/"),
    wire_text.is_line: ("pässword: 1", " "),
}


@pytest.mark.parametrize("check", BAD, ids=lambda check: check.__name__)
def test_bad_ones(check: Callable[[str], bool]) -> None:
    assert [text for text in BAD[check] if check(text)] == []


@pytest.mark.parametrize("check", GOOD, ids=lambda check: check.__name__)
def test_good_ones(check: Callable[[str], bool]) -> None:
    assert [text for text in GOOD[check] if not check(text)] == []


def test_all_events_of_the_catalog_have_a_name() -> None:
    assert all(wire_text.is_event_name(name) for names in FAMILIES.values() for name in names)
