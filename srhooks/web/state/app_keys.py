"""What handlers find on the application, typed."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.accounts.log_in import LogIn
from srhooks.accounts.personal_tokens import PersonalTokens
from srhooks.accounts.user_client import UserClient
from srhooks.config import Settings
from srhooks.crypto import Vault
from srhooks.domain.clock import Clock
from srhooks.entities.candidate_records import CandidateLookup
from srhooks.entities.fetcher import EntityFetcher
from srhooks.entities.timeline import TimelineReader
from srhooks.hub import Hub
from srhooks.incidents.alert_recipients import AlertRecipients
from srhooks.incidents.log_checks import LogChecks
from srhooks.incidents.outbox import Outbox
from srhooks.incidents.reconciler import Reconciler
from srhooks.incidents.service import Incidents
from srhooks.incidents.watch import Watch
from srhooks.intake.answer_times import AnswerTimes
from srhooks.intake.hook_cache import HookDirectory
from srhooks.intake.key_recovery import KeyRecovery
from srhooks.intake.receiver import Intake
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.maintenance.trusted_time import TrustedTime
from srhooks.observability.metrics import Metrics
from srhooks.privacy.account_deletion import Accounts
from srhooks.privacy.candidate_erasure import CandidateEraser
from srhooks.store import Store
from srhooks.subscriptions.activation_log import ActivationLog
from srhooks.subscriptions.health import SubscriptionHealth
from srhooks.subscriptions.service import Subscriptions
from srhooks.subscriptions.shared_list import SharedList
from srhooks.subscriptions.status_watcher import StatusWatch
from srhooks.subscriptions.test_delivery import SubscriptionTester
from srhooks.web.hooks.body_reader import Bodies
from srhooks.web.http.answer_budget import AnswerBudget
from srhooks.web.state.flash import Flash
from srhooks.web.state.recent_deletions import Deletions


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that lives as long as the application runs."""

    store: Store
    vault: Vault
    hub: Hub
    tokens: AccessTokens
    user_client: UserClient
    log_in: LogIn
    outbox: Outbox
    outside: aiohttp.ClientSession
    recipients: AlertRecipients
    key_recovery: KeyRecovery
    hooks: HookDirectory
    intake: Intake
    answer_times: AnswerTimes
    fetcher: EntityFetcher
    subscriptions: Subscriptions
    shared_list: SharedList
    health: SubscriptionHealth
    watch: StatusWatch
    activations: ActivationLog
    trial: SubscriptionTester
    personal: PersonalTokens
    indexer: SubjectIndexer
    candidates: CandidateLookup
    timelines: TimelineReader
    eraser: CandidateEraser
    incidents: Incidents
    account_watch: Watch
    reconciler: Reconciler
    log_checks: LogChecks
    accounts: Accounts
    trusted_time: TrustedTime
    bodies: Bodies = field(default_factory=Bodies)
    answers: AnswerBudget = field(default_factory=AnswerBudget)
    deletions: Deletions = field(default_factory=Deletions)
    once: Flash = field(default_factory=Flash)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


SETTINGS = web.AppKey("settings", Settings)
SERVICES = web.AppKey("services", Services)
CLOCK = web.AppKey("clock", Clock)
METRICS = web.AppKey("metrics", Metrics)
