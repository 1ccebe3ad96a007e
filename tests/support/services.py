"""The shared objects of an application by their names, for tests that look behind the pages."""

from aiohttp import web
from srhooks.web.state import app_keys as keys


class Services:
    def __init__(self, app: web.Application) -> None:
        self.store = app[keys.STORE]
        self.vault = app[keys.VAULT]
        self.hub = app[keys.HUB]
        self.tokens = app[keys.ACCESS_TOKENS]
        self.user_client = app[keys.USER_CLIENT]
        self.log_in = app[keys.LOG_IN]
        self.outbox = app[keys.OUTBOX]
        self.outside = app[keys.OUTSIDE_SESSION]
        self.recipients = app[keys.ALERT_RECIPIENTS]
        self.key_recovery = app[keys.KEY_RECOVERY]
        self.hooks = app[keys.HOOKS]
        self.intake = app[keys.INTAKE]
        self.answer_times = app[keys.ANSWER_TIMES]
        self.fetcher = app[keys.ENTITY_FETCHER]
        self.subscriptions = app[keys.SUBSCRIPTIONS]
        self.shared_list = app[keys.SHARED_LIST]
        self.health = app[keys.SUBSCRIPTION_HEALTH]
        self.watch = app[keys.STATUS_WATCH]
        self.activations = app[keys.ACTIVATIONS]
        self.trial = app[keys.SUBSCRIPTION_TESTER]
        self.personal = app[keys.PERSONAL_TOKENS]
        self.indexer = app[keys.SUBJECT_INDEXER]
        self.candidates = app[keys.CANDIDATES]
        self.timelines = app[keys.TIMELINES]
        self.eraser = app[keys.CANDIDATE_ERASER]
        self.incidents = app[keys.INCIDENTS]
        self.account_watch = app[keys.ACCOUNT_WATCH]
        self.reconciler = app[keys.RECONCILER]
        self.log_checks = app[keys.LOG_CHECKS]
        self.account_deletion = app[keys.ACCOUNT_DELETION]
        self.trusted_time = app[keys.TRUSTED_TIME]
        self.bodies = app[keys.BODIES]
        self.answers = app[keys.ANSWER_BUDGET]
        self.once = app[keys.FLASH]
        self.sockets = app[keys.SOCKETS]
