"""The composition root: settings in, application out; no I/O before it starts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from aiohttp import web

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.accounts.credentials import credentials
from srhooks.accounts.guess_limit import GuessLimit
from srhooks.accounts.log_in import LogIn
from srhooks.accounts.personal_tokens import PersonalTokens
from srhooks.accounts.user_client import UserClient
from srhooks.config import Settings
from srhooks.crypto import Vault
from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.entities.candidate_records import CandidateLookup
from srhooks.entities.fetcher import EntityFetcher
from srhooks.entities.name_lookup import NameLookup
from srhooks.entities.timeline import TimelineReader
from srhooks.hub import make_hub
from srhooks.incidents.alert_recipients import AlertRecipients
from srhooks.incidents.audit import AuditTrail
from srhooks.incidents.channels import make_channels
from srhooks.incidents.down_times import record_runs
from srhooks.incidents.log_checks import LogChecks
from srhooks.incidents.outbox import Outbox
from srhooks.incidents.reconciler import Reconciler
from srhooks.incidents.service import Incidents
from srhooks.incidents.subscription_watch import SubscriptionWatch
from srhooks.incidents.watch import Watch
from srhooks.intake.answer_times import AnswerTimes
from srhooks.intake.hook_cache import HookDirectory
from srhooks.intake.key_lookup import newest_key
from srhooks.intake.key_recovery import KeyRecovery
from srhooks.intake.receiver import Intake
from srhooks.intake.test_proof import TestProof
from srhooks.maintenance.heartbeat import beat_forever
from srhooks.maintenance.retention import Retention
from srhooks.maintenance.search_indexing import index_forever
from srhooks.maintenance.secret_rotation import reseal
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.maintenance.supervisor import keep_running
from srhooks.maintenance.trusted_time import TrustedTime
from srhooks.observability.metrics import Metrics
from srhooks.privacy.account_deletion import Accounts
from srhooks.privacy.candidate_erasure import CandidateEraser
from srhooks.server.connection import ON_REFUSED
from srhooks.server.memory import trim_forever
from srhooks.smartrecruiters.client import ServiceClient, new_session
from srhooks.smartrecruiters.limiter import Limiters
from srhooks.store import StoreError, make_store
from srhooks.subscriptions.activation_log import ActivationLog
from srhooks.subscriptions.address_check import AddressCheck, check_address
from srhooks.subscriptions.health import SubscriptionHealth
from srhooks.subscriptions.service import Subscriptions
from srhooks.subscriptions.shared_list import SharedList
from srhooks.subscriptions.status_watcher import StatusWatch
from srhooks.subscriptions.test_delivery import SubscriptionTester
from srhooks.web.http.errors import error_middleware
from srhooks.web.http.security_headers import setup_security
from srhooks.web.http.session import setup_sessions
from srhooks.web.http.static_files import setup_assets
from srhooks.web.http.templating import setup_view
from srhooks.web.live.endpoint import setup_live
from srhooks.web.live.row_cache import setup_new_rows
from srhooks.web.pages.auth import setup_auth
from srhooks.web.pages.log_in import GUESSES
from srhooks.web.routes import add_routes
from srhooks.web.state.app_keys import CLOCK, METRICS, SERVICES, SETTINGS, Services

MAX_FORM_BYTES = 1024 * 1024  # of our own forms and JSON; MAX_BODY_BYTES is for notifications
LAG_INTERVAL = 0.1  # seconds between two looks at how late the event loop is


def create_app(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> web.Application:
    app = web.Application(client_max_size=max(settings.max_body_bytes, MAX_FORM_BYTES))
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[METRICS] = metrics = Metrics()
    app[ON_REFUSED] = lambda reason: metrics.refused_connections.labels(reason).inc()
    setup_sessions(app, settings)
    app.middlewares.append(error_middleware)
    setup_security(app, settings)
    setup_assets(app)
    setup_view(app)
    setup_new_rows(app)
    app[GUESSES] = GuessLimit()
    setup_auth(app)
    setup_live(app)
    add_routes(app)
    app.cleanup_ctx.append(_services)
    app.cleanup_ctx.append(_background)
    return app


async def _services(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    store = make_store(settings.database_url, app[METRICS], app[CLOCK])
    await store.open()
    vault = Vault(settings.session_secrets)
    hub = make_hub(settings.database_url, settings.listen_database_url, store)
    session = new_session()
    outside = new_session()  # what is called that is not SmartRecruiters
    client = ServiceClient(session, settings.api_url)
    limiters = Limiters()
    kinds = credentials(client, settings)
    tokens = AccessTokens(kinds, store, vault, limiters, hub, app[METRICS])
    user_client = UserClient(client, tokens, limiters, store)

    activations = ActivationLog(store, hub)

    async def check(url: str) -> AddressCheck:
        return await check_address(session, url, activations.new_check())

    hooks = HookDirectory(store, vault, partial(newest_key, user_client))
    incidents = Incidents(store, hub)
    subscriptions = Subscriptions(settings, store, user_client, hooks, hub, activations, check)
    if settings.watch_interval:
        subscriptions.subscribe(SubscriptionWatch(store, incidents, subscriptions.background_one))
    shared_list = SharedList(subscriptions)
    health = SubscriptionHealth(subscriptions.recent_calls)
    fetcher = EntityFetcher(store, user_client, hub, app[METRICS])
    tests = TestProof(settings.session_secrets)
    indexer = SubjectIndexer(store, hub)
    candidates = CandidateLookup(store, indexer)
    eraser = CandidateEraser(store, hub, candidates, retention_days=settings.retention_days)
    key_recovery = KeyRecovery(store, hooks)
    outbox = Outbox(settings, store, make_channels(settings, outside))
    incidents = Incidents(store, hub)
    incidents.subscribe(outbox.wake)
    intake = Intake(
        store,
        hooks,
        hub,
        fetcher,
        settings.api_url,
        eraser if settings.erase_deleted_candidates else None,
        tests,
    )
    reconciler = Reconciler(
        store,
        user_client,
        subscriptions,
        hooks,
        intake,
        incidents,
        retention_days=settings.retention_days,
        automatic=settings.backfill == "auto",
    )
    log_checks = LogChecks(store, reconciler)
    app[SERVICES] = Services(
        store=store,
        vault=vault,
        hub=hub,
        tokens=tokens,
        user_client=user_client,
        log_in=LogIn(settings, client, store, tokens, limiters),
        key_recovery=key_recovery,
        hooks=hooks,
        intake=intake,
        answer_times=AnswerTimes(store),
        reconciler=reconciler,
        log_checks=log_checks,
        fetcher=fetcher,
        subscriptions=subscriptions,
        shared_list=shared_list,
        health=health,
        watch=StatusWatch(subscriptions, hub),
        activations=activations,
        trial=SubscriptionTester(settings, store, hooks, session, tests),
        personal=PersonalTokens(store),
        indexer=indexer,
        candidates=candidates,
        timelines=TimelineReader(store, indexer, candidates),
        eraser=eraser,
        incidents=incidents,
        account_watch=Watch(
            store,
            incidents,
            subscriptions,
            settings.watch_interval,
            AuditTrail(store, user_client),
            reconciler=reconciler,
        ),
        trusted_time=TrustedTime(store, app[CLOCK], app[METRICS]),
        outbox=outbox,
        outside=outside,
        recipients=AlertRecipients(settings, store, outbox),
        accounts=Accounts(store, subscriptions, hooks, hub, eraser, tokens),
    )
    await hub.open()
    yield
    await log_checks.close()
    await health.close()
    await activations.close()
    await shared_list.close()
    await key_recovery.close()
    await tokens.close()
    await session.close()
    await outside.close()
    await hub.close()
    await store.close()


async def _background(app: web.Application) -> AsyncIterator[None]:
    services = app[SERVICES]
    metrics = app[METRICS]
    retention = Retention(
        services.store, services.trusted_time, app[CLOCK], app[SETTINGS].retention_days
    )
    runs: dict[str, Callable[[], Awaitable[None]]] = {
        "entities": services.fetcher.run,
        "alerts": services.outbox.run,
        "erasure": services.eraser.run,
        "retention": retention.run,
        "subject-index": services.indexer.run,
        "names": NameLookup(services.store, services.user_client, services.indexer).run,
        "search-index": lambda: index_forever(services.store),
        "reseal": lambda: _reseal(services),
        "watch-local": services.account_watch.run_local,
        "missed": services.reconciler.run,
        "answer-times": services.answer_times.run,
        "run-log": lambda: record_runs(services.store),
        "memory": trim_forever,
        "loop-lag": lambda: _measure_lag(metrics),
    }
    if app[SETTINGS].watch_interval:
        runs["watch"] = services.account_watch.run
    if heartbeat_url := app[SETTINGS].heartbeat_url:
        runs["heartbeat"] = lambda: beat_forever(services.outside, heartbeat_url, services.store)
    tasks = [
        asyncio.create_task(keep_running(name, run, metrics), name=name)
        for name, run in runs.items()
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _reseal(services: Services) -> None:
    with contextlib.suppress(StoreError):  # the next start tries again
        await reseal(services.store, services.vault)


async def _measure_lag(metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        metrics.loop_lag.observe(max(0.0, loop.time() - due))
