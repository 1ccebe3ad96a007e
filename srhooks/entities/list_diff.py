"""Match the elements of a list with those of its later state.

By `id` where all elements of both have one of their own. Else by the longest common part (the
dynamic programme of Wagner and Fischer, 1974) where that is at most MAX_CELLS steps; beyond that
equal elements find each other in whatever order, which is linear.
"""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from srhooks.domain.json_writing import dumps
from srhooks.server.freed_in_parts import freed_in_parts

MAX_CELLS = 40_000  # of the table, some 10 ms
MAX_STEPS = 2_000_000  # pairs of values, two seconds: what lies deep is compared once a level
MAX_COMPARED = 1_000_000  # characters of JSON, over all lists of an entity; then by place


class Effort:
    """Counts the work of comparing two states of one entity, so that it can be limited."""

    def __init__(self) -> None:
        self.compared = 0  # characters
        self.steps = 0  # pairs of values

    @property
    def is_exhausted(self) -> bool:
        """Nothing more is compared."""
        return self.steps >= MAX_STEPS

    @property
    def may_search(self) -> bool:
        """Whether equal elements of two lists may be looked for."""
        return self.compared <= MAX_COMPARED


class Pair(NamedTuple):
    """An element before and now, each as a tuple of one; None where it is not there."""

    place: int  # now, or before for what is not there any more
    before: tuple[Any] | None
    now: tuple[Any] | None


Ids = tuple[list[str], list[str]]


def ids_of_both(before: list[Any], now: list[Any]) -> Ids | None:
    """The ids of their elements, where all of both have one of their own; else None."""
    old_ids, new_ids = _ids(before), _ids(now)
    return None if old_ids is None or new_ids is None else (old_ids, new_ids)


def aligned(before: list[Any], now: list[Any], ids: Ids | None, effort: Effort) -> Iterator[Pair]:
    """All elements of both in the order of the new list; a removed one stands at its old place."""
    if ids is not None:
        places = {one: place for place, one in enumerate(ids[0])}
        matches = {place: places[one] for place, one in enumerate(ids[1]) if one in places}
        return _pairs(before, now, matches, has_ids=True)
    if not effort.may_search:
        return _pairs(before, now, {}, has_ids=False)
    old_keys, new_keys = [freed_in_parts(list(map(_key, one))) for one in (before, now)]
    effort.compared += sum(map(len, old_keys)) + sum(map(len, new_keys))
    return _pairs(before, now, _common(old_keys, new_keys), has_ids=False)


def is_reordered(old_ids: list[str], new_ids: list[str]) -> bool:
    """Whether both have the same elements, in another order."""
    if len(old_ids) != len(new_ids) or old_ids == new_ids:
        return False
    return set(old_ids) == set(new_ids)


def _ids(elements: list[Any]) -> list[str] | None:
    """The ids of the elements, if each has one and all differ; else None."""
    ids: list[str] = []
    for element in elements:
        one = _id(element)
        if one is None:
            return None
        ids.append(one)
    return ids if len(set(ids)) == len(ids) else None


def _id(element: Any) -> str | None:
    value = element.get("id") if isinstance(element, dict) else None
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    return json.dumps(value) if is_id else None


def _key(element: Any) -> str:
    """The same text for the same JSON."""
    return dumps(element, sort_keys=True)


def _by_key(old: list[str], new: list[str]) -> dict[int, int]:
    """Match equal elements in order: new index to old index."""
    places: dict[str, list[int]] = {}
    for place in reversed(range(len(old))):
        places.setdefault(old[place], []).append(place)
    return {place: places[key].pop() for place, key in enumerate(new) if places.get(key)}


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
) -> Iterator[Pair]:
    """The matches, and between two of them what went and what came.

    Without ids those that stand at the same place between two matches are one that changed.
    """
    freed_in_parts(matches)
    kept = freed_in_parts(dict.fromkeys(matches.values()))  # a set is not freed in parts
    gone = deque(place for place in range(len(before)) if place not in kept)

    def dropped_until(limit: int) -> Iterator[Pair]:
        while gone and gone[0] < limit:
            place = gone.popleft()
            yield Pair(place, (before[place],), None)

    limits = [] if has_ids else _next_matches(len(now), matches, len(before))
    for place, element in enumerate(now):
        was = matches.get(place)
        if was is not None:
            yield from dropped_until(was)
            yield Pair(place, (before[was],), (element,))
        elif not has_ids and gone and gone[0] < limits[place]:
            yield Pair(place, (before[gone.popleft()],), (element,))
        else:
            yield Pair(place, None, (element,))
    yield from dropped_until(len(before))


def _next_matches(count: int, matches: dict[int, int], end: int) -> list[int]:
    """For each place now, where the next match stood before."""
    limits = freed_in_parts([end] * count)
    for place in range(count - 1, -1, -1):
        limits[place] = matches.get(place, limits[place + 1] if place + 1 < count else end)
    return limits
