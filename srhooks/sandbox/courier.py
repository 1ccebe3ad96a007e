"""Calls to receivers: the handshake, notifications and their re-delivery.

Source: developers.smartrecruiters.com, "Activating webhook subscriptions" and "Receiving webhook
notifications": the handshake within 20 s, a notification is delivered by a 202 within 5 s, else
up to ten more attempts.
"""

import asyncio
import hmac
import secrets
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from srhooks.protocol.retry_schedule import RETRY_MINUTES
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from srhooks.sandbox.callback_auth import CallbackAuthError, auth_headers, forget_token
from srhooks.sandbox.deliveries import Attempt, Delivery, LogEntry
from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.events import EVENT_VERSION
from srhooks.sandbox.subscriptions import Subscription
from srhooks.sandbox.troubles import Troubles

HANDSHAKE_HEADER = "X-Hook-Secret"
USER_AGENT = "SmartRecruiters-Webhooks/sandbox"
REMEMBERED = 2_000


@dataclass(kw_only=True)
class Courier:
    """Sends handshakes and notifications. `session` is set while the sandbox runs."""

    speed: float
    suspend_after: int
    delivery_timeout: float
    handshake_timeout: float
    session: aiohttp.ClientSession | None = None
    troubles: Troubles = field(default_factory=Troubles)
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def shake_hands(self, subscription: Subscription) -> None:
        """Activate a subscription; raises ApiError with the reason when the handshake fails."""
        session = self._session()
        secret = secrets.token_urlsafe(24)
        timeout = aiohttp.ClientTimeout(total=self.handshake_timeout)
        try:
            extra = await auth_headers(subscription.auth, session, timeout)
            headers = {HANDSHAKE_HEADER: secret, "Content-Type": "application/json"}
            async with session.post(
                subscription.callback_url,
                data=b"{}",
                headers=headers | extra,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                status, echo = response.status, response.headers.get(HANDSHAKE_HEADER, "")
            reason = _handshake_fault(status, echo, secret)
        except TimeoutError:
            reason = f"no answer within {self.handshake_timeout:g} s"
        except (aiohttp.ClientError, CallbackAuthError, ValueError) as error:
            reason = describe(error)
        if reason:
            subscription.handshake = reason
            raise ApiError(400, f"The handshake failed: {reason}", "HANDSHAKE_FAILED")
        subscription.handshake = "succeeded"
        subscription.failures = 0
        subscription.status = "active"

    async def deliver(self, subscription: Subscription, delivery: Delivery) -> None:
        """Make the first attempt, and schedule re-deliveries when it fails."""
        self.deliveries.append(delivery)
        await self._attempt(subscription, delivery)

    async def repeat(self, subscription: Subscription, delivery: Delivery) -> None:
        """Make one more attempt, whatever the results of the others."""
        async with subscription.gate:
            await self._call(subscription, delivery)

    def forget(self, subscription: Subscription) -> None:
        """Cancel the re-deliveries that are scheduled for a subscription."""
        for handle in subscription.retries.values():
            handle.cancel()
        for delivery in self.deliveries:
            if delivery.id in subscription.retries:
                delivery.state = "cancelled"
        subscription.retries.clear()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task in the background, and keep a reference until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def stop(self, subscriptions: list[Subscription]) -> None:
        """Cancel all deliveries and tasks."""
        for subscription in subscriptions:
            self.forget(subscription)
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _attempt(self, subscription: Subscription, delivery: Delivery) -> None:
        async with subscription.gate:
            if subscription.status != "active":
                delivery.state = "cancelled"
                return
            delivered = await self._call(subscription, delivery)
        if delivered:
            subscription.failures = 0
            delivery.state = "delivered"
            return
        subscription.failures += 1
        if 0 < self.suspend_after <= subscription.failures and subscription.status == "active":
            subscription.status = "suspended"
            self.forget(subscription)
        if subscription.status != "active":
            delivery.state = "cancelled"
        elif len(delivery.attempts) > len(RETRY_MINUTES):
            delivery.state = "failed"
        else:
            self._schedule(subscription, delivery)

    def _schedule(self, subscription: Subscription, delivery: Delivery) -> None:
        delivery.state = "retrying"
        wait = RETRY_MINUTES[len(delivery.attempts) - 1] * 60 / self.speed

        def again() -> None:
            subscription.retries.pop(delivery.id, None)
            self.spawn(self._attempt(subscription, delivery))

        loop = asyncio.get_running_loop()
        subscription.retries[delivery.id] = loop.call_later(wait, again)

    async def _call(self, subscription: Subscription, delivery: Delivery) -> bool:
        """Make one POST and log it. True: answered 202 in time."""
        session = self._session()
        timeout = aiohttp.ClientTimeout(total=self.delivery_timeout)
        headers = notification_headers(subscription, delivery)
        status, error = None, None
        at, started = time.time(), time.monotonic()
        trouble = self.troubles.next_trouble()
        try:
            if trouble == "delay":
                await asyncio.sleep(self.troubles.delay_seconds)
            extra = await auth_headers(subscription.auth, session, timeout)
            if trouble == "lose":
                status = 202  # answered by something in front of the receiver
            elif trouble == "refuse":
                status = 503
            else:
                async with session.post(
                    subscription.callback_url,
                    data=delivery.body,
                    headers=headers | extra,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    status = response.status
        except TimeoutError:
            error = f"no answer within {self.delivery_timeout:g} s"
        except (aiohttp.ClientError, CallbackAuthError, ValueError) as problem:
            error = describe(problem)
        if status == 401:
            forget_token(subscription.auth)
        delivery.attempts.append(
            Attempt(at=at, status=status, error=error, seconds=time.monotonic() - started)
        )
        entry = LogEntry(
            successful=status == 202,
            at=round(at, 3),
            url=subscription.callback_url,
            body=delivery.body.decode(),
            headers=headers,  # without the receiver's own authentication
        )
        subscription.log.append(entry)
        return status == 202

    def _session(self) -> aiohttp.ClientSession:
        if self.session is None:
            raise RuntimeError("the sandbox is not running")
        return self.session


def notification_headers(subscription: Subscription, delivery: Delivery) -> dict[str, str]:
    """All headers of one attempt, signed now by every unexpired key."""
    headers = {
        "Content-Type": "application/json",
        "event-id": delivery.event_id,
        "event-name": delivery.event_name,
        "event-version": EVENT_VERSION,
        "link": delivery.link,
        TIMESTAMP_HEADER: str(int(time.time())),
    }
    keys = subscription.signing_keys()
    if keys:
        headers[SIGNATURE_HEADER] = ";".join(sign(key, headers, delivery.body) for key in keys)
    return headers


def describe(error: Exception) -> str:
    """An error as a message that a person can act on."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _handshake_fault(status: int, echo: str, secret: str) -> str:
    if status != 200:
        return f"the receiver answered {status}, not 200"
    if not echo:
        return f"the answer has no {HANDSHAKE_HEADER} header"
    if not hmac.compare_digest(echo.encode(), secret.encode()):
        return f"the answer's {HANDSHAKE_HEADER} is not the one that was sent"
    return ""
