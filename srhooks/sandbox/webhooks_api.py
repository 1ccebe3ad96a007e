"""The routes of webhooks-api v201907.

Source: developers.smartrecruiters.com, reference of the webhook subscriptions API. What a page id
is when a list of subscriptions is a plain array is not documented: here it is the id of the last
one seen. A record of the callbacks log has no id, so that an array of them is paged by time.
"""

import json
import time
from typing import Any

from aiohttp import web

from srhooks.sandbox.deliveries import LogEntry, log_json
from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.keys import CALLER, SANDBOX
from srhooks.sandbox.parameters import MAX_LIMIT, only_known, read_time, whole_number
from srhooks.sandbox.subscriptions import Subscription, subscription_json

ROOT = "/webhooks-api/v201907/subscriptions"
LOG_STATUSES = {"successful": True, "failed": False}
LOG_SECONDS = 30 * 86_400
LIST_PARAMETERS = ("limit", "page_id")
LOG_PARAMETERS = (*LIST_PARAMETERS, "callbackStatus", "after", "before")


async def create(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    caller = request[CALLER]
    if request.content_type != "application/json":
        raise ApiError(415, "The body must be application/json", "UNSUPPORTED_MEDIA_TYPE")
    try:
        asked = json.loads(await request.read())
    except ValueError:
        raise ApiError(400, "The body is not valid JSON", "INVALID_JSON") from None
    base_url = sandbox.base_for(request)
    subscription = sandbox.subscriptions.create(caller.owner_id, base_url, asked)
    return web.json_response(subscription_json(subscription), status=201)


async def list_all(request: web.Request) -> web.Response:
    """The caller's subscriptions, oldest first."""
    only_known(request, LIST_PARAMETERS)
    caller = request[CALLER]
    mine = request.app[SANDBOX].subscriptions.of_owner(caller.owner_id)
    return _page(request, [(item.id, subscription_json(item)) for item in mine])


async def get_one(request: web.Request) -> web.Response:
    return web.json_response(subscription_json(_mine(request)))


async def activate(request: web.Request) -> web.Response:
    """Activate a subscription, also a suspended one; answers when the handshake is over."""
    subscription = _mine(request)
    await request.app[SANDBOX].courier.shake_hands(subscription)
    _mine(request)  # 404 if it was deleted during the handshake
    return web.Response(status=204)


async def delete(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    subscription = _mine(request)
    del sandbox.subscriptions.by_id[subscription.id]
    subscription.status = "deleted"
    sandbox.courier.forget(subscription)
    return web.Response(status=204)


async def make_key(request: web.Request) -> web.Response:
    return web.json_response({"secretKey": _mine(request).new_key()}, status=201)


async def get_key(request: web.Request) -> web.Response:
    keys = _mine(request).signing_keys()
    if not keys:
        raise ApiError(404, "The subscription has no secret key", "SECRET_KEY_NOT_FOUND")
    return web.json_response({"secretKey": keys[0]})


async def callbacks_log(request: web.Request) -> web.Response:
    """The attempts of the last 30 days, newest first, filtered by outcome and time."""
    only_known(request, LOG_PARAMETERS)
    subscription = _mine(request)
    status = request.query.get("callbackStatus")
    if status is not None and status not in LOG_STATUSES:
        message = "callbackStatus must be successful or failed"
        raise ApiError(400, message, "INVALID_PARAMETER")
    end = time.time() - LOG_SECONDS
    after, before = read_time(request, "after"), read_time(request, "before")
    if min((bound for bound in (after, before) if bound is not None), default=end) < end:
        raise ApiError(400, "after and before go back 30 days at most", "INVALID_PARAMETER")
    sandbox = request.app[SANDBOX]
    inclusive = sandbox.settings.log_bounds == "inclusive"

    def fits(entry: LogEntry) -> bool:
        at_bound = inclusive and entry.at in (after, before)
        return (
            entry.at > end
            and (status is None or entry.successful == LOG_STATUSES[status])
            and (at_bound or after is None or entry.at > after)
            and (at_bound or before is None or entry.at < before)
        )

    newest_first = list(reversed(subscription.log))
    newest_first.sort(key=lambda entry: -entry.at)  # attempts overlap: they end in another order
    entries = [entry for entry in newest_first if fits(entry)]
    if sandbox.settings.list_style == "array" and "page_id" in request.query:
        raise ApiError(400, "page_id is not known", "INVALID_PARAMETER")
    return _page(request, [(str(place), log_json(entry)) for place, entry in enumerate(entries)])


def _mine(request: web.Request) -> Subscription:
    caller = request[CALLER]
    book = request.app[SANDBOX].subscriptions
    return book.owned(caller.owner_id, request.match_info["id"])


def _page(request: web.Request, rows: list[tuple[str, dict[str, Any]]]) -> web.Response:
    """One page, in the form that the sandbox's settings name."""
    limit = whole_number(request, "limit", 10, 1, MAX_LIMIT)
    start = 0
    page_id = request.query.get("page_id")
    if page_id:
        ids = [row_id for row_id, _ in rows]
        if page_id not in ids:
            raise ApiError(400, "page_id is not known", "INVALID_PARAMETER")
        start = ids.index(page_id) + 1
    page = rows[start : start + limit]
    content = [row for _, row in page]
    if request.app[SANDBOX].settings.list_style == "array":
        return web.json_response(content)
    more = start + limit < len(rows)
    return web.json_response(
        {
            "content": content,
            "limit": limit,
            "nextPageId": page[-1][0] if more and page else None,
            "totalFound": len(rows),
        }
    )


def add_webhook_routes(router: web.UrlDispatcher) -> None:
    router.add_post(ROOT, create)
    router.add_get(ROOT, list_all)
    router.add_get(f"{ROOT}/{{id}}", get_one)
    router.add_delete(f"{ROOT}/{{id}}", delete)
    router.add_put(f"{ROOT}/{{id}}/activation", activate)
    router.add_post(f"{ROOT}/{{id}}/secret-key", make_key)
    router.add_get(f"{ROOT}/{{id}}/secret-key", get_key)
    router.add_get(f"{ROOT}/{{id}}/callbacks-log", callbacks_log)
