"""Webhook subscriptions: their checks, records and JSON.

Source: developers.smartrecruiters.com, reference of webhooks-api v201907.
"""

import asyncio
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from srhooks.sandbox.callback_auth import (
    CallbackAuth,
    is_http_url,
    parse_callback_auth,
)
from srhooks.sandbox.deliveries import LogEntry
from srhooks.sandbox.errors import ApiError, Problem
from srhooks.sandbox.events import EVENT_VERSION, EVENTS

MAX_PER_OWNER = 20
MAX_KEYS = 16  # unexpired at a time
OLD_KEY_SECONDS = 24 * 3600
LOG_LENGTH = 2_000
PARALLEL = 8  # calls at a time to one subscription's receiver
FIELDS = ("callbackUrl", "events", "alertingEmailAddress", "callbackAuthentication")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(kw_only=True)
class SecretKey:
    """A signing key; it expires only after a newer one was created."""

    value: str
    expires_at: float | None = None


@dataclass(kw_only=True)
class Subscription:
    """One subscription with its own limit of calls and retries: none can delay another."""

    id: str
    owner_id: str
    callback_url: str
    events: tuple[str, ...]
    base_url: str  # by which its owner calls the sandbox: links in its notifications start with it
    alerting_email: str | None = None
    auth: CallbackAuth | None = None
    status: str = "inactive"
    handshake: str = "never tried"
    keys: list[SecretKey] = field(default_factory=list)
    failures: int = 0  # in a row
    log: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    retries: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))

    def wants(self, event_name: str) -> bool:
        return self.status == "active" and event_name in self.events

    def signing_keys(self) -> list[str]:
        """The values of the unexpired keys, newest first."""
        now = time.time()
        self.keys = [key for key in self.keys if key.expires_at is None or now < key.expires_at]
        return [key.value for key in reversed(self.keys)]

    def new_key(self) -> str:
        """Create a signing key; the previous one stays valid for 24 h."""
        if len(self.signing_keys()) >= MAX_KEYS:
            message = f"At most {MAX_KEYS} secret keys may be unexpired at a time"
            raise ApiError(400, message, "SECRET_KEYS_LIMIT_EXCEEDED")
        until = time.time() + OLD_KEY_SECONDS
        for key in self.keys:
            key.expires_at = key.expires_at or until
        self.keys.append(SecretKey(value=secrets.token_urlsafe(16)))
        return self.keys[-1].value


@dataclass(kw_only=True)
class SubscriptionBook:
    """All subscriptions, oldest first."""

    by_id: dict[str, Subscription] = field(default_factory=dict)

    def of_owner(self, owner_id: str) -> list[Subscription]:
        return [one for one in self.by_id.values() if one.owner_id == owner_id]

    def subscribed_events(self) -> set[str]:
        """The events of all active subscriptions."""
        active = [item for item in self.by_id.values() if item.status == "active"]
        return {name for item in active for name in item.events}

    def matching(
        self, event_name: str, owner_id: str | None, subscription_id: str | None
    ) -> list[Subscription]:
        """The active subscriptions that an event is delivered to."""
        return [
            one
            for one in self.by_id.values()
            if one.wants(event_name)
            and owner_id in (None, one.owner_id)
            and subscription_id in (None, one.id)
        ]

    def owned(self, owner_id: str, subscription_id: str) -> Subscription:
        """The owner's subscription. Raises ApiError 404, also for another owner's."""
        found = self.by_id.get(subscription_id)
        if found is None or found.owner_id != owner_id:
            raise ApiError(404, "Subscription not found", "SUBSCRIPTION_NOT_FOUND")
        return found

    def create(self, owner_id: str, base_url: str, asked: object) -> Subscription:
        """Create an inactive subscription; raises ApiError with all problems of the request."""
        if not isinstance(asked, dict):
            raise ApiError(400, "The body must be a JSON object", "INVALID_BODY")
        problems = [_unknown(name) for name in asked if name not in FIELDS]
        url = asked.get("callbackUrl")
        if not isinstance(url, str) or not is_http_url(url):
            message = "callbackUrl must be an absolute http(s) URL"
            problems.append(Problem(code="INVALID_CALLBACK_URL", message=message))
        events = _event_names(asked.get("events"), problems)
        email = asked.get("alertingEmailAddress")
        if "alertingEmailAddress" in asked and not (
            isinstance(email, str) and EMAIL.fullmatch(email)
        ):
            message = "alertingEmailAddress must be an e-mail address"
            problems.append(Problem(code="INVALID_EMAIL", message=message))
        auth = None
        if "callbackAuthentication" in asked:
            auth, auth_problems = parse_callback_auth(asked["callbackAuthentication"])
            problems += auth_problems
        if problems:
            raise ApiError(400, "The subscription is not valid", "VALIDATION_ERROR", problems)
        if len(self.of_owner(owner_id)) >= MAX_PER_OWNER:
            message = f"At most {MAX_PER_OWNER} subscriptions are allowed"
            raise ApiError(400, message, "SUBSCRIPTIONS_LIMIT_EXCEEDED")
        subscription = Subscription(
            id=secrets.token_hex(12),
            owner_id=owner_id,
            callback_url=str(url),
            events=events,
            base_url=base_url,
            alerting_email=email,
            auth=auth,
        )
        self.by_id[subscription.id] = subscription
        return subscription


def subscription_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the API returns it: these four fields and no other.

    A suspended one reads `inactive`, like one that was never activated.
    """
    return {
        "id": subscription.id,
        "callbackUrl": subscription.callback_url,
        "events": [{"name": name, "version": EVENT_VERSION} for name in subscription.events],
        "status": "active" if subscription.status == "active" else "inactive",
    }


def _unknown(name: object) -> Problem:
    return Problem(code="UNKNOWN_FIELD", message=f"Unknown field: {str(name)[:80]}")


def _event_names(value: object, problems: list[Problem]) -> tuple[str, ...]:
    """Names of events, each once."""
    names = value if isinstance(value, list) else []
    if not names:
        problems.append(Problem(code="NO_EVENTS", message="events must name at least one event"))
    for place, name in enumerate(names):
        if name not in EVENTS:
            shown = str(name)[:80]
            problems.append(Problem(code="UNKNOWN_EVENT", message=f"Unknown event: {shown}"))
        elif name in names[:place]:
            problems.append(Problem(code="REPEATED_EVENT", message=f"Repeated event: {name}"))
    return tuple(name for name in names if name in EVENTS)
