"""Call the service for a user: within the rate limit, authorised, and again after a 401."""

import contextlib
from collections.abc import Callable
from typing import Any

from yarl import URL

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.domain.account import CredentialUse
from srhooks.domain.clock import now_ms
from srhooks.smartrecruiters.client import Answer, Authorization, ServiceClient, retry_after
from srhooks.smartrecruiters.errors import FreshTokenRefusedError, GrantDeadError
from srhooks.smartrecruiters.limiter import Limiters
from srhooks.smartrecruiters.pacing import take_turn
from srhooks.store import Store, StoreError
from srhooks.store.fencing import require_leases

TIMEOUT = 20.0  # seconds
RECORD_INTERVAL = 60_000  # ms between two notes that a credential worked
KINDS = {  # the first piece of a path: what the Account page says was refused
    "webhooks-api": "webhook subscriptions",
    "configuration": "the company",
    "user-api": "users/me",
    "audit-api": "the audit log",
}


class UserClient:
    def __init__(
        self, client: ServiceClient, tokens: AccessTokens, limiters: Limiters, store: Store
    ) -> None:
        self._client = client
        self._tokens = tokens
        self.limiters = limiters
        self._store = store
        self._used: dict[str, int] = {}  # ms, of the last use that was recorded
        self._refused: dict[str, int] = {}

    @property
    def api_url(self) -> URL:
        return self._client.api_url

    async def call(
        self,
        user_id: str,
        method: str,
        target: str,
        *,
        foreground: bool,
        payload: Any = None,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - of the exchange; waiting in line comes on top
        on_sent: Callable[[], None] | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever its status.

        `target` is a path, or a URL at the API's origin. `on_sent` is called each time that the
        request leaves the queue of the rate limit.
        Raises ServiceError (GrantDeadError among them) or StoreError.
        """
        url = URL(target) if "://" in target else URL(f"{self.api_url}".rstrip("/") + target)
        current = await self._tokens.authorization(user_id, urgent=foreground)
        answer = await self._send(
            user_id, method, url, current, payload, foreground, timeout, on_sent
        )
        if answer.status == 401:
            try:
                current = await self._tokens.authorization(
                    user_id, refused=current, urgent=foreground
                )
            except FreshTokenRefusedError:
                await self._record(user_id, url, answer.status)
                return answer
            except GrantDeadError:
                await self._record(user_id, url, answer.status)
                raise
            answer = await self._send(
                user_id, method, url, current, payload, foreground, timeout, on_sent
            )
            if answer.status == 401:
                self._tokens.distrust(user_id)
        await self._record(user_id, url, answer.status)
        return answer

    def forget(self, user_id: str) -> None:
        """Forget when the last use was recorded: the user has another credential now."""
        self._used.pop(user_id, None)
        self._refused.pop(user_id, None)

    @property
    def waiting(self) -> int:
        """The number of calls that wait for the rate limit."""
        return self.limiters.waiting

    async def _send(
        self, user_id: str, method: str, url: URL, authorization: Authorization, payload: Any,
        foreground: bool, seconds: float, on_sent: Callable[[], None] | None,
    ) -> Answer:  # fmt: skip
        if not foreground:
            await take_turn()
        limiter = self.limiters.of(user_id)
        async with limiter.slot(foreground=foreground):
            require_leases()
            if on_sent is not None:
                on_sent()
            answer = await self._client.send(
                method, url, authorization=authorization, payload=payload, timeout=seconds
            )
        limiter.observe(answer.status, answer.headers, retry_after(answer.headers))
        return answer

    async def _record(self, user_id: str, url: URL, status: int) -> None:
        """Record for the Account page that the credential worked or was refused, once a minute."""
        refused = status in {401, 403}
        recorded = self._refused if refused else self._used
        now = now_ms()
        if status >= 500 or now - recorded.get(user_id, -RECORD_INTERVAL) < RECORD_INTERVAL:
            return
        recorded[user_id] = now
        use = CredentialUse(now, None, None)
        if refused:
            root = url.path.split("/", 2)[1]
            what = KINDS.get(root, "an entity")
            use = CredentialUse(None, now, f"{status}, for {what}")
        with contextlib.suppress(StoreError):
            await self._store.record_use(user_id, use)
