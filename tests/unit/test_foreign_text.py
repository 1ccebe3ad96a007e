"""Text from outside: names keep their spelling, nothing hides or turns, copies are exact."""

import json
import re
from pathlib import Path

import pytest
from srhooks.web.presentation.foreign_text import (
    event_name,
    exact_text,
    foreign,
    is_copyable,
    json_escaped,
    plain,
    visible,
)

# Sentences of ours; a name in one of them is only a part of it.
OWN_SENTENCES = ("message|", "said|", "title|")
TEMPLATES = Path(__file__).parents[2] / "templates"
SPELLINGS = (
    "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0915\u094d\u200d\u0937", "Soft\u00adware",
    "\U0001f469\u200d\U0001f4bb", "\u200eabc\u200f", "\u061cx",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland's flag
)  # fmt: skip
HIDING = (
    *"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069", "\u200b", "\u2060", "\ufeff", "\u2028",
    "\x00", "\x1b", "\x85", "\ud800", "\U000e0041", "\U0001f3f4\U000e0041",
)  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_names_keep_their_spelling(name: str) -> None:
    assert visible(name) == name
    assert plain(name) == name
    assert foreign(name) == f"<bdi>{name}</bdi>"
    assert json_escaped(name) == name
    assert exact_text(name) is None


@pytest.mark.parametrize("text", HIDING)
def test_what_hides_or_turns_text_is_marked_and_copied_as_it_is(text: str) -> None:
    mark = f"⟨U+{ord(text[-1]):04X}⟩"
    assert mark in visible(f"a{text}b")
    assert mark in plain(f"a{text}b")
    assert mark in foreign(f"a{text}b")
    assert text[-1] not in json_escaped(f"a{text}b")
    assert json.loads('"' + json_escaped(f"a{text}b") + '"' if text[-1] >= " " else '"ab"')
    exact = exact_text(f"a{text}b")
    assert exact is not None
    assert json.loads(exact) == f"a{text}b"
    assert exact.isascii()


def test_text_that_a_page_changes_is_copied_as_it_is() -> None:
    for text in ("\nfirst line", "a\r\nb", "a\rb"):
        assert json.loads(exact_text(text.encode()) or "") == text
    assert exact_text(b"a\nb\tc") is None


def test_only_text_that_is_all_there_can_be_copied() -> None:
    assert not is_copyable(b"\xff")
    assert not is_copyable(b"x" * 250_001)
    assert is_copyable(SPELLINGS[0].encode())


def test_foreign_text_is_cut_before_it_is_escaped() -> None:
    assert foreign("<" * 10, 4) == "<bdi>&lt;&lt;&lt;…</bdi>"
    assert event_name("job.<b>.x", 7) == "<bdi>job.<wbr>&lt;b…</bdi>"


def test_an_event_name_breaks_after_its_dots() -> None:
    assert event_name("job.created") == "<bdi>job.<wbr>created</bdi>"
    assert event_name(None) == event_name("") == "<bdi>no event name</bdi>"


def tags_and_text(template: str) -> tuple[str, str]:
    """A template's attributes, options and titles, and all that stands outside of them."""
    blocks = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    attributes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        attributes.append(match[0])
        return " "

    holes = r"(?:\{\{.*?\}\}|\{%.*?%\}|[^<>{}])*"
    text = re.sub(
        rf"<option\b.*?</option>|<title>.*?</title>|\{{% block title %\}}.*?\{{% endblock %\}}"
        rf"|<[a-zA-Z]{holes}>",
        keep,
        blocks,
        flags=re.DOTALL,
    )
    return "".join(attributes), text


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_set_foreign_text_apart_wherever_markup_can_stand(path: Path) -> None:
    attributes, text = tags_and_text(path.read_text())
    assert re.findall(r"\{\{[^}]*\|foreign[^}]*\}\}", attributes) == []
    shown = re.findall(r"\{\{ *([^}]*\|visible[^}]*?) *\}\}", text)
    assert [one for one in shown if not one.startswith(OWN_SENTENCES)] == []
