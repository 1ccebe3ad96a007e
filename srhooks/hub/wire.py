"""What processes tell each other by NOTIFY: channels, and payloads in JSON.

Ids only, and never a session's: a payload is seen by whoever may connect to the database. Parts
that are not understood, of a newer version say, are passed over.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_PAYLOAD = 7900  # bytes: the server takes less than 8000
SHARDS = 64  # channels over which the users are spread
ALL = "srhooks_all"  # the channel that every process listens to


@dataclass(frozen=True, slots=True)
class Payload:
    origin: str  # the process that sent it
    events: list[tuple[str, list[str]]] = field(default_factory=list)  # user and kinds
    messages: list[tuple[str, str]] = field(default_factory=list)  # topic and key


def channel_of(user_id: str) -> str:
    return f"srhooks_{zlib.crc32(user_id.encode()) % SHARDS:02d}"


def pack_events(origin: str, events: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Payloads with each user's kinds of events."""
    return _pack(origin, "events", [[user_id, *kinds] for user_id, kinds in events])


def pack_messages(origin: str, messages: Iterable[tuple[str, str]]) -> Iterator[str]:
    return _pack(origin, "messages", [[topic, key] for topic, key in messages])


def unpack(text: str) -> Payload | None:
    """None for what is no payload of ours."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("from"), str):
        return None
    events = [(row[0], row[1:]) for row in _rows(value.get("events"))]
    messages = [(row[0], row[1]) for row in _rows(value.get("messages")) if len(row) > 1]
    return Payload(value["from"], events, messages)


def _rows(value: Any) -> list[list[str]]:
    rows = value if isinstance(value, list) else []
    return [
        row
        for row in rows
        if isinstance(row, list) and row and all(isinstance(text, str) for text in row)
    ]


def _pack(origin: str, name: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    frame = json.dumps({"from": origin, name: []})[:-2]
    room = MAX_PAYLOAD - len(frame) - 2
    part: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row)  # all of it ASCII: as many bytes as characters
        if part and size + len(text) + 2 > room:
            yield f"{frame}{', '.join(part)}]}}"
            part, size = [], 0
        part.append(text)
        size += len(text) + 2
    if part:
        yield f"{frame}{', '.join(part)}]}}"
