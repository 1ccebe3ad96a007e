"""Write JSON, of what is large piece by piece: each piece keeps the interpreter's lock."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from srhooks.server.freed_in_parts import MANY
from srhooks.server.heavy_work import is_beside_the_loop

FEW = 1000  # values: they are written within a millisecond
CHARACTERS = 64  # of a text: they count as one value
SLICE = 100  # elements of a list, or members of an object, that are written at once if they are few
PART = 64_000  # characters of a text

_encoder = lru_cache(maxsize=16)(json.JSONEncoder)


def dumps(value: Any, **options: Any) -> str:
    """As `json.dumps`, of values that came from JSON; `indent` is no option."""
    if is_beside_the_loop():
        return joined(dump_parts(value, **options))
    return _encoder(**options).encode(value)


def dump_parts(value: Any, **options: Any) -> Iterator[str]:
    """What `dumps` gives, in parts."""
    return _parts(value, _encoder(**options))


def joined(pieces: Iterable[str], between: str = "") -> str:
    """As `between.join(pieces)`, in parts."""
    left = iter(pieces)
    parts = []
    while some := list(islice(left, MANY)):
        parts.append(between.join(some))
    return between.join(parts)


def _parts(value: Any, encoder: json.JSONEncoder) -> Iterator[str]:
    if _is_small(value):
        yield encoder.encode(value)
    elif isinstance(value, str):
        yield '"'
        for at in range(0, len(value), PART):
            yield encoder.encode(value[at : at + PART])[1:-1]
        yield '"'
    elif isinstance(value, dict):
        yield from _members(value, encoder)
    else:
        yield from _elements(value, encoder)


def _members(value: dict[str, Any], encoder: json.JSONEncoder) -> Iterator[str]:
    left = iter(sorted(value) if encoder.sort_keys else value)
    before = "{"
    while names := list(islice(left, SLICE)):
        some = {name: value[name] for name in names}
        if _is_small(some):
            yield before + encoder.encode(some)[1:-1]
            before = encoder.item_separator
            continue
        for name, child in some.items():
            yield f"{before}{encoder.encode(name)}{encoder.key_separator}"
            yield from _parts(child, encoder)
            before = encoder.item_separator
    yield "}"


def _elements(value: list[Any], encoder: json.JSONEncoder) -> Iterator[str]:
    before = "["
    for at in range(0, len(value), SLICE):
        some = value[at : at + SLICE]
        if _is_small(some):
            yield before + encoder.encode(some)[1:-1]
            before = encoder.item_separator
            continue
        for child in some:
            yield before
            yield from _parts(child, encoder)
            before = encoder.item_separator
    yield "]"


def _is_small(value: Any) -> bool:
    waiting, room = [value], FEW
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            room -= len(one)
            waiting += (one.values() if isinstance(one, dict) else one) if room >= 0 else ()
        elif isinstance(one, str):
            room -= len(one) // CHARACTERS
        if room < 0:
            return False
    return True
