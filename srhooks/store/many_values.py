"""Statements with as many values as somebody asks for: a bounded number at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
CHUNK = 400  # values of one statement


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in parts of at most CHUNK; nothing for none."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def placeholders(first: int, count: int) -> str:
    """`$2, $3, $4` for three values, the first of which is the second of the statement."""
    return ", ".join(f"${number}" for number in range(first, first + count))
