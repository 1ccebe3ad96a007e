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
from srhooks.store import StoreError, StoreUnavailableError
from srhooks.web.errors import BadRequestError, NotFoundError, WebError
from srhooks.web.keys import METRICS, SERVICES, SETTINGS

log = logging.getLogger(__name__)

SECRET = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")  # printable and bounded
# The service waits five seconds in all, for an answer to what it has sent.
LOOK_UP_PATIENCE = 1.2  # seconds until the hook is known
STORE_PATIENCE = 3.3  # seconds until the notification is verified and stored


@web.middleware
async def count_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    answers = request.config_dict[METRICS].answers
    try:
        response = await handler(request)
    except web.HTTPException as error:
        answers.labels(str(error.status)).inc()
        raise
    except WebError as error:
        answers.labels(str(error.status)).inc()
        raise
    except StoreError:
        answers.labels("503").inc()
        raise
    except Exception:
        answers.labels("500").inc()
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
    body = await services.bodies.read(request, request.config_dict[SETTINGS].max_body_bytes)
    began = perf_counter()
    try:
        async with asyncio.timeout(STORE_PATIENCE):
            stored, signature = await services.intake.receive(entry, request.headers, body)
    except TimeoutError:
        raise StoreUnavailableError("it was not stored in time") from None
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
    hooks = request.config_dict[SERVICES].hooks
    hook_id = request.match_info.get("id", "")  # absent where no route fits
    entry = hooks.known(hook_id)
    if entry is None:
        try:
            async with asyncio.timeout(LOOK_UP_PATIENCE):
                entry = await hooks.get(hook_id)
        except TimeoutError:
            raise StoreUnavailableError("the hook was not found in time") from None
    if entry is None:
        raise NotFoundError("There is no such hook")
    return entry


def hooks_app() -> web.Application:
    app = web.Application(middlewares=[count_answers, handshake])
    app.router.add_post("/{id}", receive)
    return app
