"""Read JSON from outside: what is not JSON, or nested too deeply to walk, is a text."""

import json
import math
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 500  # levels of JSON


def parse_body(raw: bytes) -> Any:
    """The parsed JSON, or the text when it is not JSON (RFC 8259: no NaN, no infinity).

    A byte order mark, UTF-16 and UTF-32 are read as well. A number too large for any reader, and
    JSON nested deeper than MAX_DEPTH counts as text: nobody reads it, and walking it is a risk.
    """
    text = raw.decode("utf-8", "replace")
    try:
        value = _loads(raw, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH)
    return text if deep else value


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
) -> Any:
    return json.loads(
        raw.decode(json.detect_encoding(raw)),
        parse_constant=_refuse,
        parse_float=parse_float,
        parse_int=parse_int,
    )


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
