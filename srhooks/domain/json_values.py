"""Parse JSON from outside; what is not JSON, too deeply nested or too much counts as text."""

import codecs
import json
import math
from collections.abc import Callable
from json import decoder as _decoder
from json import scanner as _scanner
from typing import Any

from srhooks.server.freed_in_parts import MANY, freed_in_parts
from srhooks.server.heavy_work import is_beside_the_loop

scanner: Any = _scanner  # what is written in Python is not in the types
decoders: Any = _decoder
MAX_DEPTH = 500  # levels of JSON
# To look through so many for cycles holds the interpreter's lock for 20 ms.
MAX_VALUES = 600_000  # in one JSON text, by its commas and brackets
MAX_MEMBERS = 250_000  # of all its objects, by its colons
PART = 8000  # bytes: to decode as many that are all wrong takes milliseconds
PAIRS = 2000  # members of an object
NO_MEMBER = ("", None)  # in place of one that is in its object
LONG = 250_000  # characters: the C scanner holds the interpreter's lock for 20 ms or more


def parse_body(raw: bytes) -> Any:
    """The parsed JSON, or the text when it is not JSON (RFC 8259: no NaN, no infinity).

    A byte order mark, UTF-16 and UTF-32 are read as well. A number too large for any reader, and
    JSON nested deeper than MAX_DEPTH or of more values than MAX_VALUES and MAX_MEMBERS counts as
    text: nobody reads it, and walking it is a risk.
    """
    text = text_of(raw)
    if _is_much(raw):
        return text
    try:
        value = _loads(raw, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH)
    return text if deep else value


def _is_much(raw: bytes) -> bool:
    """By marks that may also stand in its texts: never too few."""
    if len(raw) < MAX_MEMBERS:
        return False
    values = 0
    for mark in (b",", b"[", b"{"):
        values += raw.count(mark)
    return values > MAX_VALUES or raw.count(b":") > MAX_MEMBERS


def text_of(raw: bytes) -> str:
    """UTF-8, with U+FFFD for what is not."""
    return _decoded(raw, "utf-8", "replace")


def is_utf8(raw: bytes) -> bool:
    try:
        _decoded(raw, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(raw: bytes, encoding: str, errors: str = "strict") -> str:
    """In parts, since decoding holds the interpreter's lock."""
    if len(raw) <= LONG:
        return raw.decode(encoding, errors)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    parts = [decoder.decode(raw[at : at + PART]) for at in range(0, len(raw), PART)]
    return "".join([*parts, decoder.decode(b"", final=True)])


def loads(raw: bytes) -> Any:
    """As `json.loads`; beside the event loop in parts, so that the loop goes on."""
    return _loads(raw, parse_float=float, parse_constant=float)


def is_json(raw: bytes) -> bool:
    """Whether it is JSON by its grammar, even where `parse_body` shows it as text."""
    try:
        _loads(raw, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return True


def _loads(
    raw: bytes,
    *,
    parse_float: Callable[[str], Any],
    parse_int: Callable[[str], Any] | None = None,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    text = _decoded(raw, json.detect_encoding(raw))
    decoder: Any = json.JSONDecoder(
        parse_constant=parse_constant or _refuse, parse_float=parse_float, parse_int=parse_int
    )
    if len(text) > LONG and is_beside_the_loop():
        # Five times slower, and the event loop gets its turn meanwhile.
        fast = decoder.scan_once
        decoder.object_pairs_hook = object_of
        decoder.parse_array = _array
        decoder.memo = _Names()
        decoder.scan_once = scanner.py_make_scanner(decoder)
        try:
            return decoder.decode(text)
        except RecursionError:  # the C scanner takes deeper ones
            decoder.scan_once = fast
    return decoder.decode(text)


def object_of(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """As `dict(members)`, in parts. Many are freed meanwhile: they are no more in the list then."""
    if len(members) <= MANY:
        return freed_in_parts(dict(members))
    made: dict[str, Any] = {}
    for at in range(0, len(members), PAIRS):
        some = members[at : at + PAIRS]
        made.update(some)
        members[at : at + PAIRS] = [NO_MEMBER] * len(some)
    return freed_in_parts(made)


def _array(*args: Any) -> tuple[list[Any], int]:
    values, end = decoders.JSONArray(*args)
    return freed_in_parts(values), end


class _Names(dict[str, str]):
    """The names of members, so that each is one text. Not too many: they are freed in one go."""

    def setdefault(self, name: str, same: str) -> str:
        if len(self) > MANY:
            self.clear()
        return super().setdefault(name, same)


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
