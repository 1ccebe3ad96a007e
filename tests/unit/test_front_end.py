"""Templates, scripts and styles that a person can read, and one place for each sentence."""

import re
from pathlib import Path

import pytest
from srhooks.web.presentation.words import WORDS

TOP = Path(__file__).resolve().parent.parent.parent
SCRIPTS = sorted((TOP / "static/js").glob("*.js"))
STYLES = sorted((TOP / "static/css").glob("*.css"))
TEMPLATES = sorted((TOP / "templates").glob("*.html"))
SANDBOX = sorted(
    path for path in (TOP / "srhooks/sandbox/pages").iterdir() if path.suffix in {".html", ".css"}
)

# Comments first, so that no quote in one begins a string; regular expressions hold no words.
LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)
CODE = re.compile(
    r"[#\[\]=<>_/*]|\w\.\w|(?:^|\s)\.\w|\b(?:details|select|textarea|svg)\b"
)  # no sentence has these
TWO_WORDS = re.compile(r"[^\W\d_]{2,}[,.:;!?…]* +(?:\$\{.*?\} *)?[^\W\d_]{2,}")
# Names of keys, methods and headers, which begin with a capital letter like a word on a button.
NAMES = {"Accept", "Content-Disposition", "Enter", "Escape", "GET", "POST", "T", "Secure"}


def shown_texts(script: str) -> list[str]:
    """String literals that read like something for a person."""
    texts = [match["text"][1:-1] for match in LITERAL.finditer(script) if match["text"]]
    return [
        text
        for text in texts
        if text not in NAMES
        and not CODE.search(text)
        and (TWO_WORDS.search(text) or re.match(r"[A-Z][^\W\d_]+\b(?!-)", text))
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_hold_no_sentence(path: Path) -> None:
    assert shown_texts(path.read_text()) == []


@pytest.mark.parametrize(
    "script",
    ['x = "Nothing matches";', "x = `${n} new notifications`;", 'b = ok ? "Copied" : other;'],
)
def test_a_sentence_in_a_script_is_found(script: str) -> None:
    assert len(shown_texts(script)) == 1


def test_scripts_say_what_the_page_holds_and_nothing_is_left_over() -> None:
    text = "\n".join(path.read_text() for path in (*SCRIPTS, *TEMPLATES))
    python = "\n".join(path.read_text() for path in (TOP / "srhooks/web").rglob("*.py"))
    used = {name for name in WORDS if re.search(rf"\bWORDS\W+{name}\b", text + python)}
    used |= {name for name in WORDS if re.search(rf'"{name}"', text)}
    assert used == set(WORDS)
    said = set(re.findall(r'\bsay\("(\w+)"', text))
    assert said <= set(WORDS)


@pytest.mark.parametrize(
    "path", [*TEMPLATES, *SCRIPTS, *STYLES, *SANDBOX], ids=lambda path: path.name
)
def test_lines_are_at_most_160_characters_long(path: Path) -> None:
    long = {n: len(line) for n, line in enumerate(path.read_text().splitlines(), 1)}
    assert {n: length for n, length in long.items() if length > 160} == {}


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_has_one_concern(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 200
    assert f'@import "./css/{path.name}";' in (TOP / "static/app.css").read_text()
