"""JSON as a page shows it: folded by `<details>`, so it works without a script, and bounded.

The text of the markup is the JSON itself, one value a line: json.js copies and searches it.
"""

import html
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from srhooks.domain.json_writing import dumps
from srhooks.web.presentation.foreign_text import MAX_SHOWN, json_escaped

MAX_FOLDS_DEEP = 24  # levels; what lies deeper stands on one line
MAX_COLOURED = 20_000  # values; more of them are shown in one colour
SMALL = 60  # lines that are shown unfolded
BETWEEN = 6  # characters that stand between two values: punctuation and indentation
FEW = 12  # children that the second level shows unfolded in anything larger


@dataclass(frozen=True, slots=True)
class Tree:
    markup: Markup
    folds: int  # besides the outermost one
    is_cut: bool  # this is only the beginning


def json_tree(value: Any) -> Tree:
    """For values that came from a JSON text (models.parse_body bounds their depth)."""
    lines = _count(value)
    writer = _Writer(is_small=lines <= SMALL, has_colour=lines <= MAX_COLOURED)
    writer.write(value, 0, "", "")
    markup = Markup("".join(writer.parts))  # noqa: S704 - every text is escaped in _Writer
    return Tree(markup, max(0, writer.folds - 1), writer.room < 0)


@dataclass(slots=True)
class _Writer:
    is_small: bool
    has_colour: bool
    parts: list[str] = field(default_factory=list)
    room: int = MAX_SHOWN  # characters
    folds: int = 0

    def write(self, value: Any, depth: int, head: str, tail: str) -> None:
        """One value. `head` is the markup of its key, `tail` the comma after it."""
        if not isinstance(value, dict | list) or not value or depth >= MAX_FOLDS_DEEP:
            self.parts.append(f"{head}{self._leaf(value)}{tail}\n")
            return
        self.folds += 1
        first, last = "{}" if isinstance(value, dict) else "[]"
        is_open = self.is_small or depth == 0 or (depth == 1 and len(value) <= FEW)
        self.parts += (
            "<details open>" if is_open else "<details>",
            f'<summary data-rest="… {len(value)} {last}{tail}">{head}{first}\n</summary>',
        )
        end = len(value) - 1
        pairs = value.items() if isinstance(value, dict) else ((None, one) for one in value)
        for place, (key, child) in enumerate(pairs):
            if self.room < 0:
                self.parts.append("…\n")
                break
            name = "" if key is None else f"{self._marked('k', self._text(key))}: "
            self.write(child, depth + 1, name, "," if place < end else "")
        self.parts.append(f"<span>{last}{tail}\n</span></details>")

    def _leaf(self, value: Any) -> str:
        if isinstance(value, str):
            return self._marked("s", self._text(value))
        if isinstance(value, dict | list):
            return self._text(value)
        text = dumps(value, ensure_ascii=False)
        self.room -= len(text) + BETWEEN
        return self._marked("b" if value is None or isinstance(value, bool) else "n", text)

    def _text(self, value: Any) -> str:
        # No character becomes less than one: what comes behind would be cut anyway.
        longest = max(0, self.room) + 1
        if isinstance(value, str):
            value = value[:longest]
        text = json_escaped(dumps(value, ensure_ascii=False)[:longest])
        if len(text) > self.room:
            text = text[: max(0, self.room)] + "…"
        self.room -= len(text) + BETWEEN
        return html.escape(text, quote=False)

    def _marked(self, kind: str, safe: str) -> str:
        return f'<i class="{kind}">{safe}</i>' if self.has_colour else safe


def _count(value: Any) -> int:
    """The number of values in it, itself included."""
    count, stack = 0, [value]
    while stack:
        item = stack.pop()
        count += 1
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return count
