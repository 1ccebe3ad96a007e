"""Notifications as NDJSON, CSV and HAR, piece by piece.

Each format is what stands before the first row, a row, what stands between two, and what stands
after the last: so a set of any size is written without being held.
"""

import base64
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from srhooks.domain.clock import iso
from srhooks.domain.json_values import is_utf8, text_of
from srhooks.domain.models import Notification
from srhooks.web.http.errors import json_parts
from srhooks.web.presentation.notification_json import notification_json, origin_of

COLUMNS = (
    "id", "receivedAt", "eventName", "eventId", "eventVersion", "subscriptionId", "hookId",
    "signature", "deliveries", "link", "entityStatus", "entityFetchedAt", "entityError", "title",
    "body", "entity", "bodyEncoding", "origin",
)  # fmt: skip
# OWASP, "CSV injection": spreadsheets take cells that begin like this for formulas.
# A semicolon separates cells, too, where the comma is the decimal sign.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
AFTER_SEMICOLON = re.compile(f"(; *)(?=[{re.escape(''.join(FORMULA))}])")
MAX_CELL = 32_767  # UTF-16 units, as Excel takes ("Excel specifications and limits")
CUT = "… [cut at 32,767 characters]"
BOM = "\ufeff"  # without it a spreadsheet reads UTF-8 as the code page of its machine


@dataclass(frozen=True, slots=True)
class Format:
    content_type: str
    extension: str
    # In parts, of the notification and its hook's address.
    row: Callable[[Notification, str], Iterator[str]]
    head: str = ""
    between: str = ""
    foot: str = ""


def _ndjson_row(n: Notification, _: str) -> Iterator[str]:
    yield from json_parts(notification_json(n), n.size)
    yield "\n"


def _csv_row(n: Notification, _: str) -> Iterator[str]:
    yield csv_line(
        n.public_id, iso(n.received_at), n.event_name, n.event_id, n.event_version,
        n.subscription_id, n.hook_id, n.signature, str(n.deliveries), n.link, n.entity_status,
        None if n.entity_at is None else iso(n.entity_at), n.entity_error, n.title, _text(n.body),
        _text(n.entity or b""), "base64" if is_binary(n.body) else "", origin_of(n),
    )  # fmt: skip


def csv_line(*values: str | None) -> str:
    """One record (RFC 4180), every cell quoted. What could be taken for a formula gets an
    apostrophe first; a cell that is too long for a spreadsheet is cut, and says so.
    """
    cells = ["" if value is None else _safe(value) for value in values]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()


def _safe(value: str) -> str:
    value = value[: MAX_CELL + 1]  # no more of it is kept: it only gets longer from here on
    value = AFTER_SEMICOLON.sub(r"\1'", value.replace("\x00", "\ufffd"))
    value = f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
    wide = value.encode("utf-16-le", "replace")
    if len(wide) <= 2 * MAX_CELL:
        return value
    return wide[: 2 * (MAX_CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT


def _har_row(n: Notification, url: str) -> Iterator[str]:
    return json_parts(har_entry(n, url), n.size)


def har_entry(n: Notification, url: str) -> dict[str, Any]:
    """The request as it came in (HAR 1.2). The answer is ours: 202 with nothing in it."""
    body: dict[str, Any] = {"mimeType": n.headers.get("content-type", ""), "text": _text(n.body)}
    if is_binary(n.body):
        body |= {"encoding": "base64", "comment": "the body is not text: base64"}
    answered = {
        "status": HTTPStatus.ACCEPTED,
        "statusText": HTTPStatus.ACCEPTED.phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": 0,
    }
    return {
        "startedDateTime": iso(n.received_at),
        "time": 0,
        "request": {
            "method": "POST",
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in n.headers.items()],
            "queryString": [],
            "postData": body,
            "headersSize": -1,
            "bodySize": len(n.body),
        },
        "response": answered,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"notification {n.public_id}, signature {n.signature}, {origin_of(n)}",
        "_origin": origin_of(n),  # names of one's own begin so (HAR 1.2, "Custom fields")
    }


def is_binary(raw: bytes) -> bool:
    """Whether no text holds just these bytes."""
    return b"\x00" in raw or not is_utf8(raw)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode() if is_binary(raw) else text_of(raw)


HAR_HEAD = '{"log":{"version":"1.2","creator":{"name":"srhooks","version":"1"},"entries":[\n'
FORMATS = {
    "ndjson": Format("application/x-ndjson", "ndjson", _ndjson_row),
    "csv": Format("text/csv", "csv", _csv_row, head=BOM + csv_line(*COLUMNS)),
    "har": Format("application/json", "har", _har_row, head=HAR_HEAD, between=",\n", foot="\n]}}"),
}


def write(form: Format, notifications: list[Notification], hook_url: Callable[[str], str]) -> bytes:
    """The rows as one piece. CPU work: call it off the event loop."""
    out = io.BytesIO()
    for place, n in enumerate(notifications):
        out.write(form.between.encode() if place else b"")
        for part in form.row(n, hook_url(n.hook_id)):
            out.write(part.encode("utf-8", "replace"))
        n.forget_values()
    return out.getvalue()
