"""Read JSON from outside: what is not JSON, or nested too deeply to walk, is a text."""

import json
import math
from typing import Any

MAX_DEPTH = 500  # levels of JSON


def parse_body(raw: bytes) -> Any:
    """The parsed JSON, or the text when it is not JSON (RFC 8259: no NaN, no infinity).

    JSON nested deeper than MAX_DEPTH counts as text: nobody reads it, and walking it is a risk.
    """
    text = raw.decode("utf-8", "replace")
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH)
    return text if deep else value


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
