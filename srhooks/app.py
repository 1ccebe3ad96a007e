"""The composition root: settings in, application out; no I/O before it starts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from aiohttp import web

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.accounts.account_zone import AccountZones
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
from srhooks.fleet.fleet import Fleet
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
from srhooks.maintenance.event_counting import count_earlier
from srhooks.maintenance.heartbeat import beat_forever
from srhooks.maintenance.retention import Retention
from srhooks.maintenance.search_indexing import index_forever
from srhooks.maintenance.secret_rotation import reseal
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.maintenance.supervisor import keep_running
from srhooks.maintenance.trusted_time import TrustedTime
from srhooks.observability.metrics import Metrics
from srhooks.privacy.account_deletion import AccountDeletion
from srhooks.privacy.candidate_erasure import CandidateEraser
from srhooks.server.connection import ON_REFUSED
from srhooks.server.memory import tidy_forever
from srhooks.smartrecruiters.client import ServiceClient, new_session
from srhooks.store import make_process_table, make_store
from srhooks.subscriptions.activation_log import ActivationLog
from srhooks.subscriptions.address_check import AddressCheck, check_address
from srhooks.subscriptions.callback_address import CallbackAddresses
from srhooks.subscriptions.health import SubscriptionHealth
from srhooks.subscriptions.service import Subscriptions
from srhooks.subscriptions.shared_list import SharedList
from srhooks.subscriptions.status_watcher import StatusWatch
from srhooks.subscriptions.test_delivery import SubscriptionTester
from srhooks.web.hooks.body_reader import Bodies
from srhooks.web.hooks.endpoint import count_hook_answers
from srhooks.web.http.answer_budget import AnswerBudget
from srhooks.web.http.errors import error_middleware
from srhooks.web.http.forms import FORMS_IN_FLIGHT
from srhooks.web.http.leaving import setup_leaving
from srhooks.web.http.security_headers import setup_security
from srhooks.web.http.session import setup_sessions
from srhooks.web.http.static_files import setup_assets
from srhooks.web.http.templating import setup_view
from srhooks.web.live.endpoint import setup_live
from srhooks.web.live.row_cache import setup_new_rows
from srhooks.web.pages.auth import setup_auth, share_states
from srhooks.web.pages.log_in import GUESSES
from srhooks.web.routes import add_routes
from srhooks.web.state import app_keys as keys
from srhooks.web.state.flash import Flash
from srhooks.web.state.listeners import LISTENERS, Listeners

MAX_FORM_BYTES = 1024 * 1024  # of our own forms and JSON; MAX_BODY_BYTES is for notifications
LAG_INTERVAL = 0.1  # seconds between two looks at how late the event loop is


def create_app(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> web.Application:
    app = web.Application(client_max_size=max(settings.max_body_bytes, MAX_FORM_BYTES))
    app[keys.SETTINGS] = settings
    app[keys.CLOCK] = clock
    app[keys.METRICS] = metrics = Metrics()
    app[ON_REFUSED] = lambda reason: metrics.refused_connections.labels(reason).inc()
    setup_sessions(app, settings)
    app.middlewares.append(error_middleware)
    setup_security(app, settings)
    setup_leaving(app)
    setup_assets(app)
    setup_view(app)
    setup_new_rows(app)
    app[GUESSES] = GuessLimit()
    setup_auth(app)
    setup_live(app)
    count_hook_answers(app)
    add_routes(app)
    app.cleanup_ctx.append(_services)
    app.cleanup_ctx.append(_background)
    return app


async def _services(app: web.Application) -> AsyncIterator[None]:
    settings, metrics, clock = app[keys.SETTINGS], app[keys.METRICS], app[keys.CLOCK]
    # What is kept, and who is told of it.
    app[keys.STORE] = store = make_store(settings.database_url, metrics, clock)
    await store.open()
    app[keys.FLEET] = fleet = Fleet(make_process_table(settings.database_url), store, metrics)
    await fleet.open()
    app[keys.VAULT] = vault = Vault(settings.session_secrets)
    app[keys.HUB] = hub = make_hub(settings.database_url, settings.listen_database_url, store)
    share_states(app, hub)
    app[GUESSES].share(hub)
    app[keys.TRUSTED_TIME] = time = TrustedTime(store, clock, metrics)
    # How SmartRecruiters is called, and on whose behalf.
    session = new_session(settings.egress)
    # For calls to anything but SmartRecruiters.
    app[keys.OUTSIDE_SESSION] = outside = new_session(settings.egress)
    client = ServiceClient(session, settings.api_url)
    kinds = credentials(client, settings)
    app[keys.ACCESS_TOKENS] = tokens = AccessTokens(kinds, store, vault, fleet, hub, metrics)
    app[keys.USER_CLIENT] = user_client = UserClient(client, tokens, fleet.limiters, store)
    app[keys.LOG_IN] = LogIn(settings, client, store, tokens, fleet.limiters)
    app[keys.ACCOUNT_ZONES] = AccountZones(store)
    app[keys.PERSONAL_TOKENS] = PersonalTokens(store, clock, time)
    # Subscriptions and their hooks.
    app[keys.HOOKS] = hooks = HookDirectory(store, vault, partial(newest_key, user_client), hub)
    app[keys.KEY_RECOVERY] = key_recovery = KeyRecovery(store, hooks)
    app[keys.ACTIVATIONS] = activations = ActivationLog(store, hub, settings.session_secrets)

    async def check(url: str) -> AddressCheck:
        return await check_address(session, url, activations.new_check())

    app[keys.SUBSCRIPTIONS] = subscriptions = Subscriptions(
        settings, store, user_client, hooks, hub, activations, check
    )
    app[keys.CALLBACK_ADDRESSES] = CallbackAddresses(settings, hooks)
    app[keys.SHARED_LIST] = shared_list = SharedList(subscriptions, hub)
    app[keys.SUBSCRIPTION_HEALTH] = health = SubscriptionHealth(subscriptions.recent_calls)
    app[keys.STATUS_WATCH] = StatusWatch(subscriptions, hub, store.last_look)
    proof = TestProof(settings.session_secrets)
    app[keys.SUBSCRIPTION_TESTER] = SubscriptionTester(settings, store, hooks, session, proof)
    # What notifications are about, and how a candidate's data is removed.
    app[keys.SUBJECT_INDEXER] = indexer = SubjectIndexer(store, hub)
    app[keys.CANDIDATES] = candidates = CandidateLookup(store, indexer)
    app[keys.TIMELINES] = TimelineReader(store, indexer, candidates)
    app[keys.CANDIDATE_ERASER] = eraser = CandidateEraser(
        store, hub, candidates, retention_days=settings.retention_days
    )
    app[keys.ACCOUNT_DELETION] = AccountDeletion(store, subscriptions, hooks, hub, eraser, tokens)
    # Notifications and their entities.
    app[keys.ENTITY_FETCHER] = fetcher = EntityFetcher(store, user_client, hub, fleet, metrics)
    erases = eraser if settings.erase_deleted_candidates else None
    app[keys.INTAKE] = intake = Intake(store, hooks, hub, fetcher, settings.api_url, erases, proof)
    app[keys.ANSWER_TIMES] = AnswerTimes(store)
    # What goes wrong, and who hears of it.
    app[keys.OUTBOX] = outbox = Outbox(settings, store, make_channels(settings, outside), hub)
    app[keys.ALERT_RECIPIENTS] = AlertRecipients(settings, store, outbox)
    app[keys.INCIDENTS] = incidents = Incidents(store, hub)
    incidents.subscribe(outbox.wake)
    if settings.watch_interval:
        subscriptions.subscribe(
            SubscriptionWatch(store, incidents, subscriptions.get_in_background)
        )
    app[keys.RECONCILER] = reconciler = Reconciler(
        store, user_client, subscriptions, hooks, intake, incidents, fleet.leases,
        retention_days=settings.retention_days, automatic=settings.backfill == "auto",
    )  # fmt: skip
    app[keys.LOG_CHECKS] = log_checks = LogChecks(store, reconciler)
    app[keys.ACCOUNT_WATCH] = Watch(
        store, incidents, subscriptions, settings.watch_interval,
        AuditTrail(store, user_client), reconciler,
    )  # fmt: skip
    # What pages keep.
    app[keys.BODIES], app[keys.ANSWER_BUDGET] = Bodies(), AnswerBudget()
    app[keys.FORM_BUDGET] = AnswerBudget(FORMS_IN_FLIGHT)
    app[keys.FLASH], app[keys.SOCKETS] = Flash(store, vault), set()
    app[LISTENERS] = listeners = Listeners(hub)
    await hub.open()
    yield
    for part in (
        subscriptions,
        listeners,
        log_checks,
        health,
        activations,
        shared_list,
        key_recovery,
        hooks,
        tokens,
    ):
        await part.close()
    for connections in (session, outside):
        await connections.close()
    await hub.close()
    await fleet.close()
    await store.close()


async def _background(app: web.Application) -> AsyncIterator[None]:
    metrics = app[keys.METRICS]
    settings, store = app[keys.SETTINGS], app[keys.STORE]
    days = settings.retention_days
    retention = Retention(store, app[keys.TRUSTED_TIME], app[keys.CLOCK], days)
    everywhere: dict[str, Callable[[], Awaitable[None]]] = {
        "entities": app[keys.ENTITY_FETCHER].run,
        "answer-times": app[keys.ANSWER_TIMES].run,
        "run-log": lambda: record_runs(store),
        "memory": tidy_forever,
        "loop-lag": lambda: _measure_lag(metrics),
    }
    once_for_all: dict[str, Callable[[], Awaitable[None]]] = {
        "alerts": app[keys.OUTBOX].run,
        "erasure": app[keys.CANDIDATE_ERASER].run,
        "retention": retention.run,
        "subject-index": app[keys.SUBJECT_INDEXER].run,
        "names": NameLookup(store, app[keys.USER_CLIENT], app[keys.SUBJECT_INDEXER]).run,
        "search-index": lambda: index_forever(store),
        "event-counts": lambda: count_earlier(store),
        "reseal": lambda: reseal(store, app[keys.VAULT]),
        "watch-local": app[keys.ACCOUNT_WATCH].run_local,
        "missed": app[keys.RECONCILER].run,
    }
    if settings.watch_interval:
        once_for_all["watch"] = app[keys.ACCOUNT_WATCH].run
    if heartbeat_url := settings.heartbeat_url:
        once_for_all["heartbeat"] = lambda: beat_forever(
            app[keys.OUTSIDE_SESSION], heartbeat_url, store
        )
    tasks = [
        asyncio.create_task(keep_running(name, run, metrics), name=name)
        for name, run in everywhere.items()
    ]
    jobs = {name: partial(keep_running, name, run, metrics) for name, run in once_for_all.items()}
    lead = partial(app[keys.FLEET].leadership.run, jobs)
    tasks.append(asyncio.create_task(keep_running("leader", lead, metrics), name="leader"))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _measure_lag(metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        metrics.loop_lag.observe(max(0.0, loop.time() - due))
