"""Every address, what answers it, and what it needs. Nothing is routed anywhere else.

`needs` says who gets in: NOBODY is open to all, LOGIN wants the session's cookie, READER takes a
personal token as well. The handlers see to it themselves (web/http/session.py); a test compares
what they do with this table, and the table with README.md and the OpenAPI document.
"""

from enum import StrEnum
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from srhooks.web.hooks.endpoint import hook
from srhooks.web.http.static_files import PREFIX, serve
from srhooks.web.live.endpoint import live
from srhooks.web.pages import (
    account,
    alerts,
    auth,
    bulk,
    callbacks_log,
    coverage,
    entity,
    event_catalog,
    export,
    feed,
    follow,
    incidents,
    latency,
    log_in,
    missed,
    openapi,
    ops,
    overview,
    questions,
    resend,
    sessions,
    signed_text,
    subscription,
    subscriptions,
    terminal,
)


class Needs(StrEnum):
    NOBODY = "nobody"
    LOGIN = "log-in"
    READER = "log-in or personal token"


class Route(NamedTuple):
    method: str
    path: str
    handler: Handler
    needs: Needs


NOBODY, LOGIN, READER = Needs

ROUTES = (
    # Logging in and out
    Route("GET", "/", log_in.home, NOBODY),
    Route("POST", "/login/api-key", log_in.with_api_key, NOBODY),
    Route("POST", "/login/client-credentials", log_in.with_client_credentials, NOBODY),
    Route("GET", "/auth", auth.authorize, NOBODY),
    Route("GET", "/auth/callback", auth.callback, NOBODY),
    Route("POST", "/logout", auth.logout, NOBODY),
    # What SmartRecruiters calls
    Route("POST", "/hooks/{id}", hook, NOBODY),
    # Notifications
    Route("GET", "/notifications", feed.feed, READER),
    Route("GET", "/notifications/export", export.export, READER),
    Route("POST", "/notifications/export", export.export, LOGIN),
    Route("POST", "/notifications/delete", bulk.delete, LOGIN),
    Route("POST", "/notifications/reprocess", bulk.reprocess, LOGIN),
    Route("POST", "/notifications/replay", bulk.reprocess, LOGIN),  # its name until 0.1
    Route("GET", "/notifications/{id}", feed.detail, READER),
    Route("GET", "/notifications/{id}/raw", feed.raw_body, READER),
    Route("GET", "/notifications/{id}/signed", feed.signed_text, READER),
    Route("GET", "/notifications/{id}/follow", follow.follow, LOGIN),
    Route("POST", "/notifications/{id}/resend", resend.resend, LOGIN),
    Route("POST", "/notifications/{id}/compare", signed_text.compare, LOGIN),
    Route("POST", "/notifications/{id}/reprocess", bulk.reprocess_one, LOGIN),
    Route("POST", "/notifications/{id}/replay", bulk.reprocess_one, LOGIN),  # its name until 0.1
    Route("GET", "/entities/{kind}/{id}", entity.show, READER),
    Route("GET", "/live", live, READER),
    Route("GET", "/overview", overview.overview, LOGIN),
    Route("GET", "/latency", latency.show, LOGIN),
    Route("POST", "/latency/shown", latency.record_shown, LOGIN),
    # What is wrong
    Route("GET", "/incidents", incidents.incidents, LOGIN),
    Route("POST", "/incidents/{id}/acknowledge", incidents.acknowledge, LOGIN),
    Route("GET", "/missed", missed.show, LOGIN),
    Route("POST", "/missed/check", missed.check, LOGIN),
    Route("POST", "/missed/backfill", missed.backfill, LOGIN),
    # Subscriptions
    Route("GET", "/subscriptions", subscriptions.show, LOGIN),
    Route("POST", "/subscriptions", subscriptions.create, LOGIN),
    Route("GET", "/subscriptions/coverage", coverage.show, LOGIN),
    Route("GET", "/subscriptions/{id}", subscription.show, LOGIN),
    Route("DELETE", "/subscriptions/{id}", subscriptions.delete, LOGIN),
    Route("GET", "/subscriptions/{id}/activation", questions.ask_to_activate, LOGIN),
    Route("POST", "/subscriptions/{id}/activation", subscriptions.activate, LOGIN),
    Route("GET", "/subscriptions/{id}/delete", questions.ask_to_delete, LOGIN),
    Route("POST", "/subscriptions/{id}/delete", subscriptions.delete, LOGIN),
    Route("GET", "/subscriptions/{id}/secret-key", questions.ask_to_rotate, LOGIN),
    Route("POST", "/subscriptions/{id}/secret-key", subscription.rotate_key, LOGIN),
    Route("POST", "/subscriptions/{id}/name", subscriptions.rename, LOGIN),
    Route("POST", "/subscriptions/{id}/test", subscription.try_it, LOGIN),
    Route("POST", "/subscriptions/{id}/address-check", subscription.try_address, LOGIN),
    Route("GET", "/subscriptions/{id}/callbacks-log", callbacks_log.show, LOGIN),
    # What there is to subscribe to
    Route("GET", "/events", event_catalog.show, LOGIN),
    # One's own account
    Route("GET", "/account", account.show, LOGIN),
    Route("GET", "/account/sessions", sessions.show, LOGIN),
    Route("POST", "/account/sessions/end-all", sessions.end_all, LOGIN),
    Route("POST", "/account/sessions/{id}/end", sessions.end, LOGIN),
    Route("GET", "/account/alerts", alerts.show, LOGIN),
    Route("POST", "/account/alerts", alerts.save, LOGIN),
    Route("POST", "/account/alerts/test", alerts.send_test, LOGIN),
    Route("GET", "/account/alerts/confirm/{token}", alerts.confirm, NOBODY),
    Route("POST", "/account/delete", account.delete, LOGIN),
    Route("POST", "/candidates/erase", account.erase, LOGIN),
    Route("GET", "/terminal", terminal.show, LOGIN),
    Route("POST", "/terminal/tokens", terminal.make, LOGIN),
    Route("GET", "/terminal/tokens/{id}/revoke", terminal.ask_to_revoke, LOGIN),
    Route("POST", "/terminal/tokens/{id}/revoke", terminal.revoke, LOGIN),
    # For programs and operators
    Route("GET", "/openapi.json", openapi.as_json, NOBODY),
    Route("GET", "/asyncapi.json", event_catalog.asyncapi, NOBODY),
    Route("GET", "/api", openapi.as_page, NOBODY),
    Route("GET", "/healthz", ops.healthz, NOBODY),
    Route("GET", "/readyz", ops.readyz, NOBODY),
    Route("GET", "/metrics", ops.metrics, NOBODY),
    Route("GET", PREFIX + "{path:.+}", serve, NOBODY),
)


def add_routes(app: web.Application) -> None:
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler)  # HEAD as well (RFC 9110, 9.3.2)
        else:
            app.router.add_route(route.method, route.path, route.handler)
