"""Match the elements of a list with those of its later state.

By `id` where all elements of both have one of their own. Else by the longest common part (the
dynamic programme of Wagner and Fischer, 1974) where that is at most MAX_CELLS steps; beyond that
equal elements find each other in whatever order, which is linear.
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from srhooks.domain.json_values import dumps

MAX_CELLS = 40_000  # of the table, some 10 ms
MAX_COMPARED = 1_000_000  # characters of JSON, over all lists of an entity; then by place


class Effort:
    """Counts the work of comparing the lists of one entity, so that it can be limited."""

    def __init__(self) -> None:
        self.compared = 0  # characters

    @property
    def is_spent(self) -> bool:
        return self.compared > MAX_COMPARED


class Pair(NamedTuple):
    """An element before and now, each as a tuple of one; None where it is not there."""

    place: int  # now, or before for what is not there any more
    before: tuple[Any] | None
    now: tuple[Any] | None


def aligned(before: list[Any], now: list[Any], effort: Effort) -> list[Pair]:
    """All elements of both in the order of the new list; a removed one stands at its old place."""
    old_ids, new_ids = _ids(before), _ids(now)
    if old_ids is not None and new_ids is not None:
        matches = _by_key(old_ids, new_ids)
        return _pairs(before, now, matches, has_ids=True)
    if effort.is_spent:
        return _pairs(before, now, {}, has_ids=False)
    old_keys, new_keys = list(map(_key, before)), list(map(_key, now))
    effort.compared += sum(map(len, old_keys)) + sum(map(len, new_keys))
    return _pairs(before, now, _common(old_keys, new_keys), has_ids=False)


def reordered(
    before: list[Any], now: list[Any], pairs: Sequence[Pair]
) -> tuple[list[Any], list[Any]] | None:
    """Both orders, where the lists differ in nothing but their order; else None."""
    if len(before) != len(now) or any(pair.before is None or pair.now is None for pair in pairs):
        return None
    ids = _ids(before)
    return None if ids is None or ids == _ids(now) else (before, now)


def _ids(elements: list[Any]) -> list[str] | None:
    """The ids of the elements, if each has one and all differ; else None."""
    ids = [_id(element) for element in elements]
    if None in ids or len(set(ids)) != len(ids):
        return None
    return [one for one in ids if one is not None]


def _id(element: Any) -> str | None:
    value = element.get("id") if isinstance(element, dict) else None
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    return json.dumps(value) if is_id else None


def _key(element: Any) -> str:
    """The same text for the same JSON."""
    return dumps(element, sort_keys=True)


def _by_key(old: list[str], new: list[str]) -> dict[int, int]:
    """Match equal elements in order: new index to old index."""
    places: dict[str, deque[int]] = defaultdict(deque)
    for place, key in enumerate(old):
        places[key].append(place)
    return {place: places[key].popleft() for place, key in enumerate(new) if places.get(key)}


def _common(old: list[str], new: list[str]) -> dict[int, int]:
    """The places of the longest common part; what both begin and end with is in it."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    matches = {place: place for place in range(head)}
    for step in range(1, tail + 1):
        matches[len(new) - step] = len(old) - step
    one, other = old[head : len(old) - tail], new[head : len(new) - tail]
    small = len(one) * len(other) <= MAX_CELLS
    inner = dict(_longest(one, other)) if small else _by_key(one, other)
    return matches | {head + place: head + was for place, was in inner.items()}


def _longest(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row in range(len(old) - 1, -1, -1):
        for column in range(len(new) - 1, -1, -1):
            lengths[row][column] = (
                lengths[row + 1][column + 1] + 1
                if old[row] == new[column]
                else max(lengths[row + 1][column], lengths[row][column + 1])
            )
    row = column = 0
    while row < len(old) and column < len(new):
        if old[row] == new[column]:
            yield column, row
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1


def _pairs(
    before: list[Any], now: list[Any], matches: dict[int, int], *, has_ids: bool
) -> list[Pair]:
    """The matches, and between two of them what went and what came.

    Without ids those that stand at the same place between two matches are one that changed.
    """
    kept = set(matches.values())
    gone = deque(place for place in range(len(before)) if place not in kept)
    pairs: list[Pair] = []

    def drop_until(limit: int) -> None:
        while gone and gone[0] < limit:
            place = gone.popleft()
            pairs.append(Pair(place, (before[place],), None))

    limits = _next_matches(len(now), matches, len(before))
    for place, element in enumerate(now):
        was = matches.get(place)
        if was is not None:
            drop_until(was)
            pairs.append(Pair(place, (before[was],), (element,)))
        elif not has_ids and gone and gone[0] < limits[place]:
            pairs.append(Pair(place, (before[gone.popleft()],), (element,)))
        else:
            pairs.append(Pair(place, None, (element,)))
    drop_until(len(before))
    return pairs


def _next_matches(count: int, matches: dict[int, int], end: int) -> list[int]:
    """For each place now, where the next match stood before."""
    limits = [end] * count
    for place in range(count - 1, -1, -1):
        limits[place] = matches.get(place, limits[place + 1] if place + 1 < count else end)
    return limits
