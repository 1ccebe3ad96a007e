"""Cells of a spreadsheet: no formulas, no more than fits, whatever separates them."""

import csv
import io

import pytest
from srhooks.web.pages.export_formats import MAX_CELL, csv_line


def cells(*values: str, delimiter: str = ",") -> list[str]:
    return next(csv.reader(io.StringIO(csv_line(*values), newline=""), delimiter=delimiter))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\uff1d"])
def test_no_cell_begins_as_a_formula(start: str) -> None:
    assert cells(f"{start}1") == [f"'{start}1"]
    assert cells(f"a;{start}1") == [f"a;{' ' if start == ' =' else ''}'{start.strip(' ')}1"]
    for separator in ",;":
        for cell in cells("a", f"b;{start}1", "c", delimiter=separator):
            assert cell.lstrip(' "')[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f419", "\u202e"])
def test_a_long_cell_is_cut_and_says_so(letter: str) -> None:
    units = len(letter.encode("utf-16-le")) // 2
    fits = letter * (MAX_CELL // units)
    assert cells(fits) == [fits]
    (cut,) = cells(fits + letter)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_CELL
    assert cut.endswith("… [cut at 32,767 characters]")
    assert cut.startswith(letter * 1000)


def test_a_semicolon_is_kept_and_quoted() -> None:
    assert csv_line("a;b") == '"a;b"\r\n'
    assert cells("a;b") == ["a;b"]
