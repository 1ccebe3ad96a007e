"""Where the text that a program signed first differs from what SmartRecruiters signed, and why.

Line breaks are compared alike: a browser sends those of a form as CR LF, whatever was pasted.
"""

import json
from dataclasses import dataclass
from typing import Any

from srhooks.domain.common_prefix import common_length
from srhooks.domain.models import Notification
from srhooks.protocol.signature import SIGNED_HEADERS, TIMESTAMP_HEADER, canonical

CONTEXT = 40  # characters before the difference
AFTER = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """`at` counts characters from 1; both texts are cut around it."""

    at: int
    part: str
    before: str  # the same in both
    pasted: str
    signed: str
    hint: str | None


def first_difference(n: Notification, pasted: str) -> Difference | None:
    """None when they are the same. CPU work for large bodies."""
    signed = _lines(canonical(n.headers, n.body).decode("utf-8", "replace"))
    pasted = _lines(pasted)
    if pasted == signed:
        return None
    at = common_length(pasted, signed)
    return Difference(
        at=at + 1,
        part=_part(n, at),
        before=signed[max(0, at - CONTEXT) : at],
        pasted=pasted[at : at + AFTER],
        signed=signed[at : at + AFTER],
        hint=_hint(n, pasted, signed),
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parts(n: Notification) -> list[tuple[str, str]]:
    body = _lines(n.body.decode("utf-8", "replace"))
    headers = [(name, _lines(n.headers.get(name, ""))) for name in SIGNED_HEADERS]
    return [(TIMESTAMP_HEADER, n.headers.get(TIMESTAMP_HEADER, "")), ("body", body), *headers]


def _part(n: Notification, at: int) -> str:
    """What stands at this place of the signed text; a dot belongs to what is before it."""
    end = 0
    for name, text in _parts(n):
        end += len(text) + 1
        if at < end:
            return name
    return "the end"


def _hint(n: Notification, pasted: str, signed: str) -> str | None:
    body = _lines(n.body.decode("utf-8", "replace"))
    if pasted.strip() == signed.strip():
        return "White space was added or lost at the beginning or the end."
    if pasted == body:
        return "This is the body alone: the timestamp and four headers are signed with it."
    values = [text for _, text in _parts(n)]
    if pasted == "".join(values):
        return "The dots between the parts are missing."
    start, end = f"{values[0]}.", "".join(f".{text}" for text in values[2:])
    inside = pasted.startswith(start) and pasted.endswith(end)
    if inside and _same_json(pasted[len(start) : len(pasted) - len(end)], body):
        return (
            "The body was parsed and written again: sign the bytes of the request as they came in,"
            " before a framework reads them as JSON."
        )
    if inside:
        return "Everything but the body is right."
    if pasted.startswith(start + body):
        return (
            "The timestamp and the body are right: after them come event-id, event-name,"
            " event-version and link, in this order, an absent one as nothing between two dots."
        )
    return None


def _same_json(one: str, other: str) -> bool:
    try:
        return bool(_parsed(one) == _parsed(other))
    except (ValueError, RecursionError):
        return False


def _parsed(text: str) -> Any:
    return json.loads(text)
