"""Which notifications carry a candidate, found by the candidate's id."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from srhooks.domain.json_values import parse_body
from srhooks.domain.models import Notification

DELETED = "candidate.deleted"
MAX_ID = 200  # characters
DISTINCTIVE = 8  # characters: a shorter id counts only as a whole value or a piece of an address
PIECES = re.compile(r"[/?#&=]")


def carries(n: Notification, candidate_id: str) -> bool:
    """Whether the id stands anywhere in the body, link, entity or what was read from it."""
    if any(_names(text, candidate_id) for text in (n.link, n.title, n.entity_error) if text):
        return True
    values = (n.body, n.entity, n.changes and n.changes.encode())
    return any(_holds(raw, candidate_id) for raw in values if raw)


def deleted_candidate(body: bytes, link: str | None) -> str | None:
    """Whom a `candidate.deleted` is about."""
    value = parse_body(body)
    if isinstance(value, dict):
        for name in ("candidate_id", "candidateId", "id"):
            number = value.get(name)
            if isinstance(number, str | int) and 0 < len(str(number)) <= MAX_ID:
                return str(number)
    following = dict(pairwise(PIECES.split(link or "")))
    return unquote(following.get("candidates", ""))[:MAX_ID] or None


def _holds(raw: bytes, candidate_id: str) -> bool:
    value = parse_body(raw)
    return any(_names(text, candidate_id) for text in _texts(value))


def _names(text: str, candidate_id: str) -> bool:
    if text == candidate_id:
        return True
    if candidate_id not in text:
        text = unquote(text)
        if candidate_id not in text:
            return False
    if len(candidate_id) < DISTINCTIVE:
        return candidate_id in PIECES.split(text)
    pattern = rf"(?<![A-Za-z0-9]){re.escape(candidate_id)}(?![A-Za-z0-9])"
    return re.search(pattern, text) is not None


def _texts(value: Any) -> Iterator[str]:
    """Every text and number, and the names of fields."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str | int | float):
            yield str(item)
