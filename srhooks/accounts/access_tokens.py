"""Access tokens of users: refreshed once for all who wait, and stored before use.

A refresh token works once (SmartRecruiters, "Authentication"): two refreshes at a time, or one
whose outcome is lost, would cost the user the grant. So there is one task per user, which goes on
when a caller is cancelled, and does not begin while the store can't save the new tokens.
"""

import asyncio
import logging

from srhooks.accounts.credentials import Credential
from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.account import CredentialKind, SealedCredential
from srhooks.domain.backoff import backoff
from srhooks.domain.clock import now_ms
from srhooks.fleet.fleet import Fleet
from srhooks.hub import EVERY_SESSION, Event, Hub
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters.client import Authorization
from srhooks.smartrecruiters.errors import (
    FreshTokenRefusedError,
    GrantDeadError,
    ServiceError,
    ServiceUnreachableError,
)
from srhooks.smartrecruiters.oauth import Grant
from srhooks.smartrecruiters.pacing import take_turn
from srhooks.store import Store, StoreError
from srhooks.store.fencing import unfenced

log = logging.getLogger(__name__)

MARGIN = 60_000  # ms before its end at which a token is renewed (a tenth of a short life)
CLOSE_TIMEOUT = 1.5  # seconds
WAIT_TIMEOUT = 20.0  # seconds that an urgent call waits for a renewal, which itself goes on
SAVE_ATTEMPTS = 60
FIRST_PAUSE = 1.0  # seconds between failing refreshes
LAST_PAUSE = 30.0
FORGET_AFTER = 600.0  # seconds until a refusal of a fresh token is history


class AccessTokens:
    def __init__(
        self, kinds: dict[CredentialKind, Credential], store: Store, vault: Vault,
        fleet: Fleet, hub: Hub, metrics: Metrics,
    ) -> None:  # fmt: skip
        self.kinds = kinds
        self._store = store
        self._vault = vault
        self._leases = fleet.leases
        self._limiters = fleet.limiters
        self._hub = hub
        self._metrics = metrics
        # The stored authorisation, and until when it is used.
        self._known: dict[str, tuple[Authorization, int]] = {}
        self._renewing: dict[str, asyncio.Task[Authorization]] = {}
        self._failures: dict[str, tuple[int, float, ServiceError]] = {}
        self._refusals: dict[str, tuple[int, float]] = {}  # how many, loop time of the last

    def seal(self, grant: Grant, kind: CredentialKind) -> SealedCredential:
        """Encrypt a grant for the store."""
        renewal = grant.refresh_token
        return SealedCredential(
            self._vault.seal(grant.access_token),
            None if renewal is None else self._vault.seal(renewal),
            now_ms() + grant.lifetime * 1000,
            grant.lifetime * 1000,
            dead=False,
            kind=kind,
            scopes=grant.scopes,
        )

    async def authorization(
        self, user_id: str, *, refused: Authorization | None = None, urgent: bool = False
    ) -> Authorization:
        """Return a valid authorisation; `refused` is one that was just answered 401.

        An urgent call does not wait while refreshing is paused after a failure, nor longer than
        WAIT_TIMEOUT for a slow one: a person waits.

        Raises GrantDeadError, another ServiceError when the renewal did not work out for now,
        or StoreError.
        """
        if user_id not in self._renewing:
            known, until = self._known.get(user_id, (None, 0))
            if known is not None and known != refused and now_ms() < until:
                return known
            usable, _ = await self._stored(user_id, refused)
            if usable is not None:
                return usable
        if user_id not in self._renewing:  # a look at the store let others go first
            self._hold_back(user_id, refused, urgent=urgent)
            with unfenced():  # whatever becomes of who asks first: the others wait for it, too
                task = asyncio.create_task(self._renew(user_id, refused), name="token-refresh")
            self._renewing[user_id] = task
            task.add_done_callback(lambda done: self._finished(user_id, done))
        renewing = self._renewing[user_id]
        # Cancels nothing: a refresh that is broken off loses what it was given.
        await asyncio.wait([renewing], timeout=WAIT_TIMEOUT if urgent else None)
        if not renewing.done():
            raise ServiceUnreachableError("SmartRecruiters did not answer: it took too long")
        return renewing.result()

    def forget(self, user_id: str) -> None:
        """Drop what is cached: the user logged in again, or the account was deleted."""
        self._known.pop(user_id, None)
        self._failures.pop(user_id, None)
        self._refusals.pop(user_id, None)

    def distrust(self, user_id: str) -> None:
        """Record that a token was refused right after it was issued: it is not refreshed again.

        Otherwise each call that is refused for another reason would use up a refresh token.
        """
        now = asyncio.get_running_loop().time()
        count, last = self._refusals.get(user_id, (0, now))
        self._refusals[user_id] = (count + 1 if now - last < FORGET_AFTER else 1, now)

    async def close(self) -> None:
        """Wait for refreshes under way, so that no new token is lost."""
        if self._renewing:
            await asyncio.wait(self._renewing.values(), timeout=CLOSE_TIMEOUT)

    async def _renew(self, user_id: str, refused: Authorization | None) -> Authorization:
        """One at a time over all processes. It needs no fence: what it stores replaces nothing
        but what it has read, and is stored whoever has the lease by then."""
        async with self._leases.exclusive(f"token:{user_id}"):
            return await self._renew_alone(user_id, refused)

    async def _renew_alone(self, user_id: str, refused: Authorization | None) -> Authorization:
        usable, stored = await self._stored(user_id, refused)
        if usable is not None:
            return usable  # somebody logged in meanwhile, or another process has renewed it
        await self._store.check()
        await take_turn()
        credential = self.kinds[stored.kind]
        try:
            access = self._vault.open(stored.access)
            renewal = None if stored.renewal is None else self._vault.open(stored.renewal)
            grant = await credential.renew(access, renewal)
        except (GrantDeadError, UndecryptableError):
            return await self._give_up_grant(user_id, stored, refused)
        if grant.scopes is None and stored.scopes is not None:  # unchanged (RFC 6749, 5.1)
            grant = Grant(grant.access_token, grant.refresh_token, grant.lifetime, stored.scopes)
        if not await self._save(user_id, stored, grant):
            usable, _ = await self._stored(user_id, refused)
            if usable is not None:
                return usable
        self._metrics.refreshes.labels("done").inc()
        log.info("token refreshed", extra={"user": user_id})
        await self._check_role(user_id, credential, grant.access_token)
        return credential.authorization(grant.access_token)

    async def _check_role(self, user_id: str, credential: Credential, access: str) -> None:
        """Ask `users/me` again. Raises GrantDeadError when the user is not an administrator now."""
        await take_turn()
        async with self._limiters.of(user_id).slot(foreground=True):
            if await credential.is_administrators(access):
                return
        await self._store.revoke_access(user_id)
        self._known.pop(user_id, None)
        self._hub.publish(user_id, Event("session-ended", session_id=EVERY_SESSION))
        log.warning("no administrator any more: sessions and tokens ended", extra={"user": user_id})
        raise GrantDeadError

    async def _save(self, user_id: str, old: SealedCredential, grant: Grant) -> bool:
        """Store the new grant; False when somebody logged in meanwhile, whose credential stays."""
        sealed = self.seal(grant, old.kind)
        for attempt in range(SAVE_ATTEMPTS):
            try:
                return await self._store.replace_credential(user_id, old, sealed)
            except StoreError:
                if attempt == SAVE_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.5)
        raise AssertionError("unreachable")

    async def _stored(
        self, user_id: str, refused: Authorization | None
    ) -> tuple[Authorization | None, SealedCredential]:
        """The stored authorisation, if it should work, and all that is stored.

        Raises GrantDeadError.
        """
        self._known.pop(user_id, None)
        stored = await self._store.credential(user_id)
        if stored is None or stored.dead:
            raise GrantDeadError
        try:
            access = self._vault.open(stored.access)
        except UndecryptableError:
            return await self._give_up_grant(user_id, stored, refused), stored
        authorization = self.kinds[stored.kind].authorization(access)
        until = stored.expires_at - min(MARGIN, stored.lifetime // 10)
        if authorization == refused or now_ms() >= until:
            return None, stored
        self._known[user_id] = authorization, until
        return authorization, stored

    async def _give_up_grant(
        self, user_id: str, stored: SealedCredential, refused: Authorization | None
    ) -> Authorization:
        """Mark the grant as dead and raise GrantDeadError, unless it was replaced meanwhile."""
        if not await self._store.mark_grant_dead(user_id, stored.access):
            now = await self._store.credential(user_id)
            if now is not None and not now.dead and now.access != stored.access:
                usable, _ = await self._stored(user_id, refused)
                if usable is not None:
                    return usable
        self._hub.publish(user_id, Event("login"))
        self._metrics.refreshes.labels("dead").inc()
        log.warning("grant is dead, the user must log in again", extra={"user": user_id})
        raise GrantDeadError

    def _hold_back(self, user_id: str, refused: Authorization | None, *, urgent: bool) -> None:
        now = asyncio.get_running_loop().time()
        failed = self._failures.get(user_id)
        if failed and now < failed[1] and not urgent:
            raise ServiceUnreachableError(str(failed[2]))
        count, last = self._refusals.get(user_id, (0, 0.0))
        if refused and count and now < last + backoff(FIRST_PAUSE, LAST_PAUSE, count - 1):
            raise FreshTokenRefusedError

    def _finished(self, user_id: str, task: asyncio.Task[Authorization]) -> None:
        self._renewing.pop(user_id, None)
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
