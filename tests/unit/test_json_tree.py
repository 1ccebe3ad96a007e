"""JSON as a page shows it: the text is the JSON itself, folded sensibly, and bounded."""

import html
import json
import re
from typing import Any

import pytest
from srhooks.web.presentation import foreign_text, json_tree


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    return value


def shown_text(tree: json_tree.Tree) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", tree.markup))


@pytest.mark.parametrize(
    "value",
    [
        {"a": ["<", 1, 2.5, None, True, {}, []], "<b>&amp;": {"c": {"d": 'quoted "text"\n'}}},
        {"hidden": "\u202ea\x00\ud800\ufeff"},
        [12345678901234567890, 1e300, [[[]]]],
        nested(400),
        5,
    ],
    ids=["nested", "hidden", "numbers", "deep", "bare"],
)
def test_a_tree_of_json_reads_as_the_json_itself(value: Any) -> None:
    tree = json_tree.json_tree(value)
    assert not tree.is_cut
    assert json.loads(shown_text(tree)) == value
    assert "\u202e" not in tree.markup
    assert "\ufeff" not in tree.markup
    assert tree.markup.count("<details") <= json_tree.MAX_FOLDS_DEEP


def test_a_tree_marks_the_parts_of_json() -> None:
    shown = json_tree.json_tree({"a": ["<", 1, 2.5, None, True]}).markup
    assert '<i class="k">"a"</i>' in shown
    assert '<i class="s">"&lt;"</i>' in shown
    assert '<i class="n">2.5</i>' in shown
    assert shown.count('class="b"') == 2


def test_small_json_stands_open_and_large_json_is_folded_below_its_second_level() -> None:
    def folds(value: Any) -> list[str]:
        return re.findall(r"<details( open)?>", json_tree.json_tree(value).markup)

    inner = {"few": [1, 2], "deep": {"x": [1]}}
    assert folds(inner) == [" open"] * 4
    large = {**inner, "many": list(range(99))}
    assert folds(large) == [" open", " open", " open", "", ""]


@pytest.mark.parametrize("value", [list(range(200_000)), ["x" * 2_000_000], {"k" * 999_999: [1]}])
def test_a_tree_is_bounded(value: Any) -> None:
    tree = json_tree.json_tree(value)
    assert tree.is_cut
    assert len(tree.markup) <= foreign_text.MAX_SHOWN * 1.1
    assert tree.markup.count("<details") == tree.markup.count("</details")
