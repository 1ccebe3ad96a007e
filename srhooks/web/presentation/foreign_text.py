"""Text from outside on a page: escaped, set apart from its neighbours, nothing in it hidden.

Marked are characters that turn the direction of what follows them or that hide text. The ordinary
spelling of Persian, Hindi, Hebrew or of emoji is left alone: joiners and non-joiners (U+200C,
U+200D), direction marks (U+061C, U+200E, U+200F), soft hyphens (U+00AD), and the tag characters
of flags (UTS 51, ED-14a).
"""

import html
import json
import re

from markupsafe import Markup

from srhooks.domain.json_values import text_of

MAX_SHOWN = 250_000  # characters; more is cut, and the page says so
# Controls but tab and line feed, line separators, embeddings, overrides and isolates of direction
# (UAX 9), characters of no width that no spelling needs, tags, halves of a surrogate pair.
HIDDEN = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|"
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def plain(value: str | bytes) -> Markup:
    """Text of several lines as it came, with what cannot be seen made visible."""
    return Markup(html.escape(_shown(value)))  # noqa: S704 - escaped in this line


def visible(value: object) -> str:
    """One line of text for attributes, options and titles, where no markup can stand."""
    text = str(value)
    return text if text.isascii() and text.isprintable() else HIDDEN.sub(_name, text)


def foreign(value: object, limit: int = MAX_SHOWN) -> Markup:
    """One line of text as an element of its own: its direction ends where it ends."""
    text = visible(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return Markup(f"<bdi>{html.escape(text)}</bdi>")  # noqa: S704 - escaped in this line


def event_name(value: str | None, limit: int = 100) -> Markup:
    """As an element of its own, which a narrow column breaks after dots."""
    escaped = str(foreign(value or "no event name", limit))
    return Markup(escaped.replace(".", ".<wbr>"))  # noqa: S704 - escaped in the line before


def is_cut(value: object) -> bool:
    """Whether the page shows only the beginning of this text."""
    return len(value) > MAX_SHOWN if isinstance(value, str | bytes) else False


def is_copyable(value: str | bytes) -> bool:
    """Whether a clipboard can take it as it is: all of it is here, and it is text."""
    return not is_cut(value) and _decoded(value) is not None


def exact_text(value: str | bytes) -> str | None:
    """What `plain` does not show as it is, as JSON: this is copied instead. None where it does."""
    text = _decoded(value)
    # A line feed right after <pre> is dropped (HTML, 13.2.6.4.7).
    same = text is None or (text == _shown(value) and not text.startswith("\n"))
    return None if same else json.dumps(text)


def json_escaped(text: str) -> str:
    """JSON with what cannot be seen escaped as JSON writes it: the same value."""
    return HIDDEN.sub(_json_escape, text)


def _shown(value: str | bytes) -> str:
    if isinstance(value, bytes):
        value = text_of(value[: MAX_SHOWN * 4])
    return HIDDEN.sub(_name, value[:MAX_SHOWN].replace("\r\n", "\n"))


def _decoded(value: str | bytes) -> str | None:
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _name(match: re.Match[str]) -> str:
    return match[1] or f"⟨U+{ord(match[0]):04X}⟩"


def _json_escape(match: re.Match[str]) -> str:
    return match[1] or json.dumps(match[0])[1:-1]
