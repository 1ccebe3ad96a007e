"""The state of the sandbox, and the operations of its controls."""

import asyncio
import json
import random
import secrets
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from srhooks.sandbox.audit_log import AuditLog
from srhooks.sandbox.changes import apply_event, create_world
from srhooks.sandbox.courier import Courier
from srhooks.sandbox.credentials import (
    ACME,
    ApiKey,
    Company,
    Credential,
    CredentialStore,
    OAuthClient,
)
from srhooks.sandbox.deliveries import Delivery
from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.faults import Fault, FaultBook
from srhooks.sandbox.grants import Grants
from srhooks.sandbox.limits import RateLimiter
from srhooks.sandbox.people import ADMINISTRATOR, company_people
from srhooks.sandbox.scopes import ALL_SCOPES
from srhooks.sandbox.settings import SandboxSettings
from srhooks.sandbox.subscriptions import Subscription, SubscriptionBook
from srhooks.sandbox.traffic import Traffic
from srhooks.sandbox.troubles import Troubles

REQUESTS_KEPT = 1_000


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """One received request, without query and token: both can hold secrets."""

    method: str
    path: str
    status: int  # 0: no complete answer was sent
    authorization_present: bool
    at: datetime


class Sandbox:
    """One fake SmartRecruiters, in memory."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.people = company_people()
        self.world = create_world(self.people, settings.seed)
        self.grants = Grants(
            access_seconds=settings.access_token_seconds,
            refresh_seconds=settings.refresh_token_seconds,
        )
        self.credentials = CredentialStore()
        self.credentials.create_api_key("Ready-made key", key=settings.api_key)
        self.audit = AuditLog()
        self.subscriptions = SubscriptionBook()
        self.limiter = RateLimiter(rate=settings.rate_limit, concurrent=settings.concurrent_limit)
        self.faults = FaultBook()
        self.courier = Courier(
            speed=settings.speed,
            suspend_after=settings.suspend_after,
            delivery_timeout=settings.delivery_timeout,
            handshake_timeout=settings.handshake_timeout,
        )
        rng = random.Random(settings.seed)  # noqa: S311 - chooses what happens
        self.traffic = Traffic(rng, self.fire, self.subscriptions.subscribed_events)
        self.requests: deque[SeenRequest] = deque(maxlen=REQUESTS_KEPT)
        self._fixed_url = _bare(settings.base_url)
        self._found_url: str | None = None

    @property
    def base_url(self) -> str:
        """The public base: as set, else where it listens, else as the first request named it."""
        known = self._fixed_url or self._found_url
        if known is None:
            raise RuntimeError("the base URL is unknown before the first request: set it")
        return known

    @base_url.setter
    def base_url(self, value: str) -> None:
        self._fixed_url = _bare(value)

    def base_for(self, request: web.Request) -> str:
        """The base URL by which this client calls: links in answers must keep its origin."""
        if self._fixed_url is not None:
            return self._fixed_url
        called = f"{request.scheme}://{request.host}"
        self._found_url = self._found_url or called
        return called

    def bound_to(self, url: str) -> None:
        """Set the URL at which the sandbox listens; `base_for` overrides it per client."""
        self._found_url = _bare(url)

    @property
    def troubles(self) -> Troubles:
        """The troubles of the next deliveries."""
        return self.courier.troubles

    def suspend(self, subscription_id: str) -> None:
        """Suspend a subscription, as after a series of failures. Raises ApiError 404."""
        subscription = self.subscriptions.by_id.get(subscription_id)
        if subscription is None:
            raise ApiError(404, "Subscription not found", "SUBSCRIPTION_NOT_FOUND")
        subscription.status = "suspended"
        self.courier.forget(subscription)

    def fail_for(self, seconds: float) -> None:
        """Answer every call of the API with 503 for `seconds`."""
        self.faults.add("^/(?!identity/)", status=503, until=time.monotonic() + seconds)

    @property
    def deliveries(self) -> deque[Delivery]:
        """The latest deliveries, oldest first."""
        return self.courier.deliveries

    async def fire(
        self,
        event_name: str,
        *,
        owner_id: str | None = None,
        subscription_id: str | None = None,
        entity: str | None = None,
    ) -> list[Delivery]:
        """Make an event happen, and wait for the first attempt to each active subscription.

        `entity` is the id of the thing it happens to (of the job or application for the
        `created` events of what hangs on one); without it the sandbox chooses. Raises
        UnknownEventError, UnknownEntityError.
        """
        change = apply_event(self.world, event_name, entity)
        if event_name == "candidate.deleted":
            self.audit.record("CANDIDATE_DELETED", "CANDIDATE", change.body["id"])
        if self.troubles.silent:
            return []
        targets = self.subscriptions.matching(event_name, owner_id, subscription_id)
        event_id = secrets.token_hex(12)
        body = json.dumps(change.body, separators=(",", ":")).encode()
        sent = [
            (
                target,
                Delivery(
                    id=secrets.token_hex(8),
                    event_id=event_id,
                    event_name=event_name,
                    subscription_id=target.id,
                    owner_id=target.owner_id,
                    link=f"<{self.link_base(target)}{change.path}>; rel=self",
                    body=body,
                ),
            )
            for target in targets
        ]
        await asyncio.gather(*(self.courier.deliver(*pair) for pair in sent))
        return [delivery for _, delivery in sent]

    async def deliver_again(self, delivery: Delivery) -> None:
        """Send a delivery once more, as the service does when the answer to it was lost."""
        subscription = self.subscriptions.by_id.get(delivery.subscription_id)
        if subscription is not None and subscription.status == "active":
            await self.courier.repeat(subscription, delivery)

    def link_base(self, subscription: Subscription) -> str:
        return self._fixed_url or subscription.base_url

    def start_traffic(self, per_second: float) -> None:
        """Fire random events at this average rate, of those with an active subscription."""
        self.traffic.start(per_second)

    async def stop_traffic(self) -> None:
        await self.traffic.stop()

    def add_fault(
        self,
        path: str = "",
        *,
        method: str | None = None,
        times: int | None = None,
        status: int | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
        delay: float = 0.0,
        drop: bool = False,
    ) -> Fault:
        """Add a fault rule for requests whose path matches `path`; see FaultBook.add."""
        return self.faults.add(
            path,
            method=method,
            times=times,
            status=status,
            body=body,
            headers=headers,
            delay=delay,
            drop=drop,
        )

    def clear_faults(self) -> None:
        self.faults.rules.clear()

    def create_api_key(self, name: str = "", *, company: Company = ACME) -> ApiKey:
        """A new key with full access."""
        key = self.credentials.create_api_key(name, company=company)
        self.audit.record("CREDENTIALS_CREATED", "CREDENTIAL", key.id)
        return key

    def create_client(
        self,
        name: str = "",
        *,
        scope: str = ALL_SCOPES,
        role: str = ADMINISTRATOR,
        company: Company = ACME,
    ) -> OAuthClient:
        """A new client id with its secret; raises ApiError for an unknown scope or role."""
        client = self.credentials.create_client(name, scope=scope, role=role, company=company)
        self.audit.record("CREDENTIALS_CREATED", "CREDENTIAL", client.id)
        return client

    def replace_secret(self, credential_id: str) -> OAuthClient:
        """A new secret for a client id; the old one is refused from now on."""
        client = self.credentials.replace_secret(credential_id)
        self.audit.record("CREDENTIALS_CHANGED", "CREDENTIAL", client.id)
        return client

    def revoke_credential(self, credential_id: str) -> Credential:
        """Refuse a key, or a client id with all its tokens, from now on. Raises ApiError."""
        credential = self.credentials.get(credential_id)
        credential.revoked = True
        if isinstance(credential, OAuthClient):
            self.grants.revoke_client(credential)
        self.audit.record("CREDENTIALS_REVOKED", "CREDENTIAL", credential.id)
        return credential

    def expire_access_tokens(self) -> int:
        """Expire all access tokens, not the refresh tokens. Returns how many."""
        return self.grants.expire_access_tokens()

    def revoke_grants(self) -> int:
        """Revoke all grants, so that everybody has to log in again. Returns how many."""
        return self.grants.revoke_all()

    async def close(self) -> None:
        """Stop traffic and cancel all deliveries."""
        await self.stop_traffic()
        await self.courier.stop(list(self.subscriptions.by_id.values()))


def _bare(url: str | None) -> str | None:
    return url.rstrip("/") if url else None
