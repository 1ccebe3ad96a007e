"""For operators: liveness, readiness and metrics."""

import contextlib
import hmac

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from yarl import URL

from srhooks.domain.incidents import INCIDENT_KINDS
from srhooks.egress import is_loopback
from srhooks.store import StoreError
from srhooks.version import program_version
from srhooks.web.http.errors import WebError
from srhooks.web.http.leaving import LEAVING
from srhooks.web.state.app_keys import (
    BODIES,
    FLEET,
    METRICS,
    SETTINGS,
    SOCKETS,
    STORE,
    USER_CLIENT,
)

PROXIED = ("Forwarded", "X-Forwarded-For")


class MetricsForbiddenError(WebError):
    status = 403
    hint = "Set METRICS_TOKEN and send it as a bearer token, or ask from this machine."


async def healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    try:
        await request.app[STORE].check()
    except StoreError:
        error = {"status": 503, "message": "The database accepts no writes"}
        return web.json_response({"error": error, **_readiness(ready=False)}, status=503)
    if request.app[LEAVING].is_set():
        error = {"status": 503, "message": "This process is about to end"}
        return web.json_response({"error": error, **_readiness(ready=False)}, status=503)
    return web.json_response({"status": "ready", **_readiness(ready=True)})


def _readiness(*, ready: bool) -> dict[str, object]:
    return {"ready": ready, "version": program_version()}


async def metrics(request: web.Request) -> web.Response:
    if not _may_read(request, request.app[SETTINGS].metrics_token):
        raise MetricsForbiddenError("Metrics need the metrics token")
    measured = request.app[METRICS]
    app = request.app
    measured.queue.set(app[STORE].queue_depth)
    measured.viewers.set(len(app[SOCKETS]))
    measured.calls_waiting.set(app[USER_CLIENT].waiting)
    measured.unfinished.set(app[BODIES].unfinished)
    fleet = app[FLEET]
    measured.leader.set(fleet.leadership.is_leader)
    measured.processes.set(fleet.size)
    measured.rate_slots.set(fleet.rate_slots)
    await _count_incidents(request.app)
    body = generate_latest(measured.registry)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


async def _count_incidents(app: web.Application) -> None:
    """Keep the last known numbers while the store does not answer."""
    with contextlib.suppress(StoreError):
        counts = await app[STORE].open_incident_counts()
        for kind in INCIDENT_KINDS:
            app[METRICS].incidents_open.labels(kind).set(counts.get(kind, 0))


def _may_read(request: web.Request, token: str | None) -> bool:
    if token is not None:
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    if any(name in request.headers for name in PROXIED):
        return False
    # A page of another site can have its own name lead to this machine (DNS rebinding), and a proxy
    # may forward without saying so: then the request is for another name.
    try:
        host = URL(f"http://{request.headers.get(hdrs.HOST, '')}").host or ""
    except ValueError:
        return False
    return is_loopback(request.remote or "") and is_loopback(host)
