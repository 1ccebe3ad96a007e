"""The order of a run with several workers: what takes long first, so that none is left with it.

pytest-xdist's `worksteal` gives each worker one stretch of the collected tests, and whoever is
done takes over the half of what another has left. Here each stretch begins with its part of the
long files, of each kind some, so that seldom two storms or two browsers run side by side; quick
tests are at the ends, where they are easily taken over. A long file stays whole: what its tests
share is made once.
"""

from collections.abc import Callable, Hashable, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

T = TypeVar("T")


def dealt(
    tests: Sequence[T], workers: int, file_of: Callable[[T], Hashable], kind_of: Callable[[T], str]
) -> list[T]:
    """The kind of a quick test is ""."""
    quick = [test for test in tests if not kind_of(test)]
    kinds: dict[str, dict[Hashable, list[T]]] = {}
    for test in tests:
        if kind := kind_of(test):
            kinds.setdefault(kind, {}).setdefault(file_of(test), []).append(test)
    turns = zip_longest(*(files.values() for files in kinds.values()))
    in_turn = [file for turn in turns for file in turn if file is not None]
    hands: list[list[T]] = [[] for _ in range(workers)]
    for number, file in enumerate(in_turn):
        hands[(number + number // workers) % workers].extend(file)
    left = len(tests)
    for number, hand in enumerate(hands):
        size = left // (workers - number)  # as worksteal cuts them
        left -= size
        room = max(0, size - len(hand))
        hand.extend(quick[:room])
        del quick[:room]
    return [*chain.from_iterable(hands), *quick]
