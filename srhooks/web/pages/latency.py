"""`/latency`: how long notifications take, stage by stage, the page that shows them included.

The pages that are open measure when a new row is painted, a few of them, and tell it here.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from aiohttp import web

from srhooks.domain import clock, ids
from srhooks.domain.clock import DAY
from srhooks.domain.latency import (
    STAGES,
    ByStage,
    LatencyReport,
    Stage,
    report,
)
from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render, zone_of
from srhooks.web.presentation.notification_json import latency_json
from srhooks.web.presentation.reader_zone import day_in
from srhooks.web.state.app_keys import STORE

# Each window (days) with the notifications that are looked at of each 24 hours.
WINDOWS: Mapping[str, tuple[int, int]] = {"24h": (1, 2000), "7d": (7, 1000), "30d": (30, 300)}
DEFAULT_WINDOW = "7d"
MAX_EVENTS = 50
SLOWEST = 10
ROW_SIZE = 100  # bytes that a row stands for, when it is decided where to count
MAX_REPORT = 4096  # bytes of what a page tells
MAX_SHOWN = 20
LONGEST = 600_000  # ms: a row that was received earlier was not shown as news
STAGE_NAMES: Mapping[Stage, str] = {
    "sent": "Sent → received",
    "answered": "Received → answered",
    "fetched": "Received → details loaded",
    "shown": "Received → shown in a browser",
}


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    window = request.query.get("window") or DEFAULT_WINDOW
    if window not in WINDOWS:
        raise BadRequestError(f"window must be one of {', '.join(WINDOWS)}")
    days, limit = WINDOWS[window]
    store = request.app[STORE]
    now = clock.now_ms()
    ends = [store.next_id(), *(ids.first_id_at(now - age * DAY) for age in range(1, days + 1))]
    spans = [(since, until) for until, since in pairwise(ends)]
    rows = await store.notification_times(login.user.id, spans, limit)
    zone = zone_of(request)
    found = await run_heavy(
        len(rows) * ROW_SIZE, report, rows, lambda ms: day_in(ms, zone),
        events=MAX_EVENTS, slowest=SLOWEST,
    )  # fmt: skip
    if wants_json(request):
        return json_response(_report_json(window, found))
    ctx = {
        "window": window,
        "windows": list(WINDOWS),
        "report": found,
        "limit_a_day": limit,
        "stages": STAGE_NAMES,
    }
    return render(request, "latency.html", ctx)


async def record_shown(request: web.Request) -> web.Response:
    """`{"shown": [{"id", "ago"}]}`: ms since each row was painted, by the page's own clock."""
    login = await require_login(request, dead_grant=True)
    now = clock.now_ms()
    shown = []
    for notification_id, ago in _read_shown(await request.content.read(MAX_REPORT + 1)):
        if 0 <= now - ids.received_ms(notification_id) <= LONGEST:
            shown.append((notification_id, now - ago))
    if shown:
        await request.app[STORE].save_shown(login.user.id, shown)
    return web.Response(status=204)


def _read_shown(raw: bytes) -> list[tuple[int, int]]:
    """Raises BadRequestError. An id that is none is left out."""
    wrong = f'expected {{"shown": [{{"id": "…", "ago": ms}}]}}, at most {MAX_SHOWN}'
    if len(raw) > MAX_REPORT:
        raise BadRequestError(wrong)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequestError(wrong) from None
    listed = value.get("shown") if isinstance(value, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_SHOWN:
        raise BadRequestError(wrong)
    shown = []
    for entry in listed:
        text, ago = (entry.get("id"), entry.get("ago")) if isinstance(entry, dict) else (None, None)
        if not isinstance(text, str) or isinstance(ago, bool) or not isinstance(ago, int):
            raise BadRequestError(wrong)
        if not 0 <= ago <= LONGEST:
            raise BadRequestError(wrong)
        if (notification_id := ids.decode_id(text)) is not None:
            shown.append((notification_id, ago))
    return shown


def _report_json(window: str, report: LatencyReport) -> dict[str, Any]:
    return {
        "window": window,
        "stages": _stages_json(report.whole),
        "days": [{"day": day, "stages": _stages_json(stages)} for day, stages in report.by_day],
        "events": [
            {"event": event or None, "stages": _stages_json(stages)}
            for event, stages in report.by_event
        ],
        "slowest": [
            {
                "id": ids.encode_id(slow.times.id),
                "event": slow.times.event_name,
                "stage": slow.stage,
                "ms": slow.ms,
            }
            for slow in report.slowest
        ],
    }


def _stages_json(stages: ByStage) -> dict[str, Any]:
    return {stage: latency_json(stages[stage]) for stage in STAGES}
