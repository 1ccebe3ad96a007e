"""`POST /hooks/{id}`: the public route. Handshakes are a middleware, notifications the handler.

SmartRecruiters, "Activating webhook subscriptions" and "Receiving webhook notifications": echo
X-Hook-Secret with 200; answer 202 within five seconds.
"""

import asyncio
import logging
import re
from functools import partial
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler

from srhooks.domain import ids
from srhooks.domain.clock import now_ms
from srhooks.domain.deadline import after_body, deadline_of
from srhooks.domain.models import NewNotification, Stored
from srhooks.intake.hook_cache import HookEntry
from srhooks.intake.receiver import joined_headers
from srhooks.observability.metrics import Metrics
from srhooks.observability.plain_lines import PlainLine
from srhooks.protocol.event_types import label
from srhooks.protocol.notification_headers import HANDSHAKE_HEADER
from srhooks.store import StoreUnavailableError
from srhooks.web.hooks.accepted import accepted
from srhooks.web.hooks.body_reader import check_stored
from srhooks.web.http.errors import BadRequestError, NotFoundError
from srhooks.web.state.app_keys import (
    ACTIVATIONS,
    ANSWER_TIMES,
    BODIES,
    HOOKS,
    INTAKE,
    METRICS,
    SETTINGS,
)

log = logging.getLogger(__name__)
log_stored = PlainLine(log, "notification", "notification", "event", "signature", "duplicate", "ms")
MAX_SOURCE = 60  # characters
SECRET = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")  # printable and bounded


@web.middleware
async def handshake(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a handshake: echo X-Hook-Secret with 200 (middleware of the hook route)."""
    secret = request.headers.get(HANDSHAKE_HEADER)
    if secret is None:
        return await handler(request)
    entry = await _entry(request, _deadline(request))
    if SECRET.fullmatch(secret) is None:
        raise BadRequestError(
            f"{HANDSHAKE_HEADER} must be printable and at most 1024 characters long"
        )
    activations = request.app[ACTIVATIONS]
    if not activations.is_check(secret):
        hook = entry.hook
        await activations.handshake(hook.user_id, hook.subscription_id, _source(request))
        log.info("handshake answered", extra={"hook": hook.id[:6]})
    return web.Response(status=200, headers={HANDSHAKE_HEADER: secret})


def _source(request: web.Request) -> str:
    """The sender's address for display: headers that proxies add can be forged."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")[0].strip()[:MAX_SOURCE]
    direct = request.remote or "an unknown address"
    return f"{forwarded}, through {direct}" if forwarded else direct


async def receive(request: web.Request) -> web.Response:
    app = request.app
    deadline = _deadline(request)
    entry = app[HOOKS].known(request.match_info["id"]) or await _entry(request, deadline)
    limit = app[SETTINGS].max_body_bytes
    body = await app[BODIES].read(request, limit)
    headers = joined_headers(request.headers)
    check_stored(headers, body, limit)
    began = perf_counter()
    deadline = after_body(deadline, asyncio.get_running_loop().time())
    new, stored = await app[INTAKE].receive(entry, headers, body, deadline)
    _record_stored(app[METRICS], new, stored, perf_counter() - began)
    if not stored.duplicate:
        app[ANSWER_TIMES].measure(new.user_id, stored.id, new.received_ms, now_ms())
    return accepted(request)


def _record_stored(metrics: Metrics, new: NewNotification, stored: Stored, seconds: float) -> None:
    """Count and log a notification that was stored, `seconds` after its last byte."""
    metrics.intake.observe(seconds)
    event = label(new.event_name)
    if stored.duplicate:
        metrics.redeliveries.inc()
    else:
        metrics.notifications[event, new.signature].inc()
    log_stored(
        ids.encode_id(stored.id), event, new.signature, stored.duplicate, round(seconds * 1000, 1)
    )


def _deadline(request: web.Request) -> float:
    """The loop time by which the request must be answered, from its first byte on."""
    now = asyncio.get_running_loop().time()
    return deadline_of(getattr(request.protocol, "first_byte_at", now))


async def _entry(request: web.Request, deadline: float) -> HookEntry:
    hooks = request.app[HOOKS]
    try:
        async with asyncio.timeout_at(deadline):
            entry = await hooks.get(request.match_info["id"])
    except TimeoutError:
        raise StoreUnavailableError("the hook was not found in time") from None
    if entry is None:
        raise NotFoundError("There is no such hook")
    return entry


# Behind a middleware of its own: a sub-application would route a second time.
hook: Handler = partial(handshake, handler=receive)


def count_hook_answers(app: web.Application) -> None:
    app.on_response_prepare.append(_count_answer)


async def _count_answer(request: web.Request, response: web.StreamResponse) -> None:
    """Count what the hook route answers, but for the 202 that is ready: `accepted` counts it."""
    if request.match_info.handler is hook:
        request.app[METRICS].answers[response.status].inc()
