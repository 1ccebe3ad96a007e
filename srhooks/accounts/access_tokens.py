"""A fresh access token for a user: refreshed once for all who wait, and stored before it is used.

A refresh token works once (SmartRecruiters, "Authentication"): two refreshes at a time, or one
whose outcome is lost, would cost the user the grant. So there is one task per user, which nobody's
cancellation ends, and it does not begin while the store can't take the new tokens.
"""

import asyncio
import logging
from dataclasses import replace

from srhooks.config import Settings
from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.backoff import backoff
from srhooks.domain.clock import now_ms
from srhooks.domain.models import Tokens
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters.client import ServiceClient
from srhooks.smartrecruiters.errors import (
    FreshTokenRefusedError,
    GrantDeadError,
    ServiceAnsweredError,
    ServiceError,
    ServiceUnreachableError,
)
from srhooks.smartrecruiters.oauth import Grant, refresh_grant
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

MARGIN = 60_000  # ms before its end at which a token is renewed (a tenth of a short life)
DEAD_STATUSES = (400, 401, 403)
CLOSE_PATIENCE = 1.5  # seconds
SAVE_ATTEMPTS = 60
FIRST_PAUSE = 1.0  # seconds between failing refreshes
LAST_PAUSE = 30.0
FORGET_AFTER = 600.0  # seconds until a refusal of a fresh token is history


class TokenKeeper:
    def __init__(
        self, settings: Settings, store: Store, vault: Vault, client: ServiceClient,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._vault = vault
        self._client = client
        self._metrics = metrics
        self._known: dict[str, tuple[str, int]] = {}  # what the store holds, and until when to use
        self._refreshing: dict[str, asyncio.Task[str]] = {}
        self._failures: dict[str, tuple[int, float, ServiceError]] = {}
        self._refusals: dict[str, tuple[int, float]] = {}  # how many, loop time of the last

    def seal(self, grant: Grant) -> Tokens:
        """A grant as it is stored."""
        refresh = grant.refresh_token
        return Tokens(
            self._vault.seal(grant.access_token),
            None if refresh is None else self._vault.seal(refresh),
            now_ms() + grant.lifetime * 1000,
            grant.lifetime * 1000,
            dead=False,
        )

    async def access_token(
        self, user_id: str, *, refused: str | None = None, urgent: bool = False
    ) -> str:
        """A token that should work; `refused` is one that the service has just not taken.

        What is urgent does not wait where refreshing has just failed: somebody looks at it.

        Raises GrantDeadError, another ServiceError when the refresh did not work out for now,
        or StoreError.
        """
        if user_id not in self._refreshing:
            known, until = self._known.get(user_id, (None, 0))
            if known is not None and known != refused and now_ms() < until:
                return known
            access, _ = await self._look(user_id, refused)
            if access is not None:
                return access
        if user_id not in self._refreshing:  # a look at the store let others go first
            self._hold_back(user_id, refused, urgent=urgent)
            task = asyncio.create_task(self._refresh(user_id, refused), name="token-refresh")
            self._refreshing[user_id] = task
            task.add_done_callback(lambda done: self._finished(user_id, done))
        return await asyncio.shield(self._refreshing[user_id])

    def forget(self, user_id: str) -> None:
        """After a log-in, or when the account is gone: there are other tokens now, or none."""
        self._known.pop(user_id, None)
        self._failures.pop(user_id, None)
        self._refusals.pop(user_id, None)

    def distrust(self, user_id: str) -> None:
        """The service refused a token that it had just given: refreshing again is no use for now.

        Else every call that it refuses for reasons of its own would burn a refresh token.
        """
        now = asyncio.get_running_loop().time()
        count, last = self._refusals.get(user_id, (0, now))
        self._refusals[user_id] = (count + 1 if now - last < FORGET_AFTER else 1, now)

    async def close(self) -> None:
        """Wait for refreshes under way, so that no new token is lost."""
        if self._refreshing:
            await asyncio.wait(self._refreshing.values(), timeout=CLOSE_PATIENCE)

    async def _refresh(self, user_id: str, refused: str | None) -> str:
        access, tokens = await self._look(user_id, refused)
        if access is not None:
            return access  # somebody logged in meanwhile
        if tokens.refresh is None:
            await self._bury(user_id, tokens)
        await self._store.check()
        try:
            refresh = self._vault.open(tokens.refresh or b"")
            grant = await refresh_grant(self._client, self._settings, refresh)
        except UndecryptableError:
            await self._bury(user_id, tokens)
        except ServiceAnsweredError as error:
            if error.status in DEAD_STATUSES:
                await self._bury(user_id, tokens)
            raise
        if grant.refresh_token is None:  # the one before goes on counting (RFC 6749, 6)
            grant = replace(grant, refresh_token=refresh)
        await self._save(user_id, grant)
        self._metrics.refreshes.labels("done").inc()
        log.info("token refreshed", extra={"user": user_id})
        return grant.access_token

    async def _save(self, user_id: str, grant: Grant) -> None:
        sealed = self.seal(grant)
        for attempt in range(SAVE_ATTEMPTS):
            try:
                await self._store.save_tokens(user_id, sealed)
            except StoreError:
                if attempt == SAVE_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.5)
            else:
                return

    async def _look(self, user_id: str, refused: str | None) -> tuple[str | None, Tokens]:
        """The stored access token, if it should work, and all that is stored.

        Raises GrantDeadError.
        """
        self._known.pop(user_id, None)
        tokens = await self._store.tokens(user_id)
        if tokens is None or tokens.dead:
            raise GrantDeadError
        access = await self._open(user_id, tokens)
        until = tokens.expires_at - min(MARGIN, tokens.lifetime // 10)
        if access == refused or now_ms() >= until:
            return None, tokens
        self._known[user_id] = access, until
        return access, tokens

    async def _open(self, user_id: str, tokens: Tokens) -> str:
        try:
            return self._vault.open(tokens.access)
        except UndecryptableError:
            await self._store.mark_grant_dead(user_id, tokens.access)
            raise GrantDeadError from None

    async def _bury(self, user_id: str, tokens: Tokens) -> None:
        await self._store.mark_grant_dead(user_id, tokens.access)
        self._metrics.refreshes.labels("dead").inc()
        log.warning("grant is dead, the user must log in again", extra={"user": user_id})
        raise GrantDeadError

    def _hold_back(self, user_id: str, refused: str | None, *, urgent: bool) -> None:
        now = asyncio.get_running_loop().time()
        failed = self._failures.get(user_id)
        if failed and now < failed[1] and not urgent:
            raise ServiceUnreachableError(str(failed[2]))
        count, last = self._refusals.get(user_id, (0, 0.0))
        if refused and count and now < last + backoff(FIRST_PAUSE, LAST_PAUSE, count - 1):
            raise FreshTokenRefusedError

    def _finished(self, user_id: str, task: asyncio.Task[str]) -> None:
        self._refreshing.pop(user_id, None)
        if task.cancelled():
            return
        error = task.exception()  # also marks it as seen when nobody waits any more
        if isinstance(error, ServiceError) and not isinstance(error, GrantDeadError):
            count = self._failures.get(user_id, (0, 0.0, error))[0] + 1
            pause = backoff(FIRST_PAUSE, LAST_PAUSE, count - 1)
            self._metrics.refreshes.labels("failed").inc()
            self._failures[user_id] = (count, asyncio.get_running_loop().time() + pause, error)
        else:
            self._failures.pop(user_id, None)
