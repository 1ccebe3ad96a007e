"""`GET /entities/{kind}/{id}`: the timeline of one thing, as page and JSON."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from srhooks.domain.ids import decode_id, encode_id
from srhooks.domain.subjects import KINDS, MAX_ID, Subject
from srhooks.entities.timeline import Entry, Position, Timeline
from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, NotFoundError, json_parts
from srhooks.web.http.query_params import read_limit
from srhooks.web.http.responses import large_json_response
from srhooks.web.http.session import require_reader
from srhooks.web.http.templating import render
from srhooks.web.presentation.notification_json import notification_json
from srhooks.web.presentation.subject_links import subject_url
from srhooks.web.state.app_keys import TIMELINES

MAX_TIME = 15  # digits of a time in ms


async def show(request: web.Request) -> web.Response:
    login = await require_reader(request)
    subject = _subject(request)
    limit = read_limit(request.query)
    after = _read_position(request.query.get("after", ""))
    reader = request.app[TIMELINES]
    timeline = await reader.read(login.user.id, subject, limit, after)
    if timeline is None:
        raise NotFoundError(f"Nothing stored here names {subject.kind} {subject.id}")
    following = _following(timeline, request.query.get("limit", ""))
    size = sum(entry.notification.size for entry in timeline.entries)
    if wants_json(request):
        return await large_json_response(size, lambda: _parts(timeline, following, size))
    ctx: dict[str, Any] = {"timeline": timeline, "next": following}
    return await run_heavy(size, render, request, "entity.html", ctx)


def _parts(timeline: Timeline, following: str | None, size: int) -> Iterator[str]:
    yield from json_parts(_timeline_json(timeline, following), size)
    for entry in timeline.entries:
        entry.notification.forget_values()


def _subject(request: web.Request) -> Subject:
    kind, text = request.match_info["kind"], request.match_info["id"]
    if kind not in KINDS:
        raise NotFoundError(f"There are timelines of {', '.join(KINDS)}")
    if len(text) > MAX_ID:
        raise NotFoundError("There is no such id")
    return Subject(kind, text)


def _following(timeline: Timeline, limit: str) -> str | None:
    if timeline.next is None:
        return None
    params = {"after": f"{timeline.next.at}-{encode_id(timeline.next.id)}"}
    params |= {"limit": limit} if limit else {}
    return f"{subject_url(timeline.subject)}?{urlencode(params)}"


def _read_position(text: str) -> Position | None:
    """Parse the position in a `next` link. Raises BadRequestError."""
    if not text:
        return None
    at, _, public_id = text.partition("-")
    notification_id = decode_id(public_id)
    if not (at.isascii() and at.isdigit() and len(at) <= MAX_TIME) or notification_id is None:
        raise BadRequestError("after must be as `next` gives it")
    return Position(int(at), notification_id)


def _timeline_json(timeline: Timeline, following: str | None) -> dict[str, Any]:
    return {
        "kind": timeline.subject.kind,
        "id": timeline.subject.id,
        "title": timeline.title,
        "entries": [_entry_json(entry) for entry in timeline.entries],
        "related": [{"kind": one.kind, "id": one.id} for one in timeline.related],
        "next": following,
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    changes = [{"field": one.field, "before": one.before, "now": one.now} for one in entry.changes]
    return {"notification": notification_json(entry.notification), "changes": changes}
