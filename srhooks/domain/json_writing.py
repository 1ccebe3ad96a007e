"""Write JSON, of what is large piece by piece: each piece keeps the interpreter's lock."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from srhooks.server.freed_in_parts import MANY
from srhooks.server.heavy_work import is_beside_the_loop

FEW = 1000  # values: they are written within a millisecond
CHARACTERS = 64  # of a text: they count as one value
SLICE = 100  # elements of a list, or members of an object, that are written at once if they are few
PART = 64_000  # characters of a text

_encoder = lru_cache(maxsize=16)(json.JSONEncoder)


def dumps(value: Any, **options: Any) -> str:
    """As `json.dumps`, of values that came from JSON; `indent` is no option."""
    if is_beside_the_loop() and not _is_small(value):
        return joined(dump_parts(value, **options))
    return _encoder(**options).encode(value)


def dump_parts(value: Any, **options: Any) -> Iterator[str]:
    """What `dumps` gives, in parts. However deep the value is, nothing calls itself."""
    encoder = _encoder(**options)
    opened: list[Iterator[str | _Inner]] = [iter([_Inner(value)])]
    while opened:
        part = next(opened[-1], None)
        if part is None:
            opened.pop()
        elif isinstance(part, str):
            yield part
        elif _is_small(part.value):
            yield encoder.encode(part.value)
        else:
            opened.append(_opened(part.value, encoder))


def joined(pieces: Iterable[str], between: str = "") -> str:
    """As `between.join(pieces)`, in parts."""
    left = iter(pieces)
    parts = []
    while some := list(islice(left, MANY)):
        parts.append(between.join(some))
    return between.join(parts)


class _Inner(NamedTuple):
    """A value that stands within another, and is to be written."""

    value: Any


def _opened(value: Any, encoder: json.JSONEncoder) -> Iterator[str | _Inner]:
    if isinstance(value, str):
        return _pieces(value, encoder)
    return _members(value, encoder) if isinstance(value, dict) else _elements(value, encoder)


def _pieces(value: str, encoder: json.JSONEncoder) -> Iterator[str]:
    yield '"'
    for at in range(0, len(value), PART):
        yield encoder.encode(value[at : at + PART])[1:-1]
    yield '"'


def _members(value: dict[str, Any], encoder: json.JSONEncoder) -> Iterator[str | _Inner]:
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
            yield _Inner(child)
            before = encoder.item_separator
    yield "}"


def _elements(value: list[Any], encoder: json.JSONEncoder) -> Iterator[str | _Inner]:
    before = "["
    for at in range(0, len(value), SLICE):
        some = value[at : at + SLICE]
        if _is_small(some):
            yield before + encoder.encode(some)[1:-1]
            before = encoder.item_separator
            continue
        for child in some:
            yield before
            yield _Inner(child)
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
