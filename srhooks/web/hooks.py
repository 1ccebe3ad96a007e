"""`POST /hooks/{id}`: the public route. Handshakes are a middleware, notifications the handler.

SmartRecruiters, "Activating webhook subscriptions" and "Receiving webhook notifications": echo
X-Hook-Secret with 200; answer 202 within five seconds.
"""

import asyncio
import logging
import re
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler

from srhooks import ids
from srhooks.events import label
from srhooks.hooks import HookEntry
from srhooks.store import StoreError
from srhooks.web.errors import BadRequestError, NotFoundError
from srhooks.web.keys import METRICS, SERVICES, SETTINGS

log = logging.getLogger(__name__)

SECRET = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")  # printable and bounded
BODY_PATIENCE = 20.0  # seconds for a whole body to arrive


@web.middleware
async def count_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    answers = request.config_dict[METRICS].answers
    try:
        response = await handler(request)
    except web.HTTPException as error:
        answers.labels(str(error.status)).inc()
        raise
    except (NotFoundError, BadRequestError) as error:
        answers.labels(str(error.status)).inc()
        raise
    except StoreError:
        answers.labels("503").inc()
        raise
    answers.labels(str(response.status)).inc()
    return response


@web.middleware
async def handshake(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The service asks whether we are there: the same secret back."""
    secret = request.headers.get("X-Hook-Secret")
    if secret is None or request.method != "POST":
        return await handler(request)
    entry = await _entry(request)
    if SECRET.fullmatch(secret) is None:
        raise BadRequestError("X-Hook-Secret must be printable and at most 1024 characters long")
    request.config_dict[SERVICES].handshakes.note(
        entry.hook.user_id,
        entry.hook.subscription_id,
        "Its handshake came in and was answered with the same secret",
    )
    log.info("handshake answered", extra={"hook": entry.hook.id[:6]})
    return web.Response(status=200, headers={"X-Hook-Secret": secret})


async def receive(request: web.Request) -> web.Response:
    services = request.config_dict[SERVICES]
    entry = await _entry(request)
    body = await _body(request, request.config_dict[SETTINGS].max_body_bytes)
    began = perf_counter()
    stored, signature = await services.intake.receive(entry, request.headers, body)
    metrics = request.config_dict[METRICS]
    metrics.intake.observe(perf_counter() - began)
    if stored.duplicate:
        metrics.redeliveries.inc()
    else:
        event = label(request.headers.get("event-name"))
        metrics.notifications.labels(event, signature).inc()
    log.info(
        "notification",
        extra={
            "notification": ids.encode_id(stored.id),
            "event": label(request.headers.get("event-name")),
            "signature": signature,
            "duplicate": stored.duplicate,
            "ms": round((perf_counter() - began) * 1000, 1),
        },
    )
    return web.Response(status=202)


async def _entry(request: web.Request) -> HookEntry:
    entry = await request.config_dict[SERVICES].hooks.get(request.match_info["id"])
    if entry is None:
        raise NotFoundError("There is no such hook")
    return entry


async def _body(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(limit)
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    if len(body) > limit:
        raise web.HTTPRequestEntityTooLarge(limit)
    return body


def hooks_app() -> web.Application:
    app = web.Application(middlewares=[count_answers, handshake])
    app.router.add_post("/{id}", receive)
    return app
