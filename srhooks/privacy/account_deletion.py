"""Delete an account: at the service what can be deleted there, and here everything."""

import asyncio
import logging

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.domain.clock import now_ms
from srhooks.hub import EVERY_SESSION, Event, Hub
from srhooks.intake.hook_cache import HookDirectory
from srhooks.privacy.candidate_erasure import CandidateEraser
from srhooks.smartrecruiters.errors import ServiceAnsweredError, ServiceError, brief
from srhooks.smartrecruiters.webhooks_api import UnknownSubscriptionError
from srhooks.store import Store
from srhooks.subscriptions.service import Subscriptions

log = logging.getLogger(__name__)

TIMEOUT = 15.0  # seconds for the service, all subscriptions together


class AccountDeletion:
    def __init__(
        self, store: Store, subscriptions: Subscriptions, hooks: HookDirectory, hub: Hub,
        eraser: CandidateEraser, tokens: AccessTokens,
    ) -> None:  # fmt: skip
        self._store = store
        self._subscriptions = subscriptions
        self._hooks = hooks
        self._hub = hub
        self._eraser = eraser
        self._tokens = tokens

    async def run(self, user_id: str) -> list[str]:
        """Delete the account; return the ids of subscriptions that the service did not delete.

        SmartRecruiters has no call that revokes a grant: its tokens are forgotten here.
        Raises StoreError.
        """
        left = await self._unsubscribe(user_id)
        hooks = await self._store.hooks(user_id)
        await self._store.close_account(user_id, now_ms())
        self._tokens.forget(user_id)
        for hook in hooks:
            self._hooks.forget(hook.id)
        self._hub.publish(user_id, Event("session-ended", session_id=EVERY_SESSION))
        self._eraser.wake()
        log.info("account deleted", extra={"user": user_id, "subscriptions_left": len(left)})
        return left

    async def _unsubscribe(self, user_id: str) -> list[str]:
        left = {
            hook.subscription_id
            for hook in await self._store.hooks(user_id)
            if hook.subscription_id is not None and hook.deleted_at is None
        }

        async def one(subscription_id: str) -> None:
            try:
                await self._subscriptions.delete(user_id, subscription_id)
            except ServiceAnsweredError as error:
                if error.status not in {404, 410}:
                    raise
            left.discard(subscription_id)

        try:
            async with asyncio.timeout(TIMEOUT):
                results = await asyncio.gather(*map(one, sorted(left)), return_exceptions=True)
        except TimeoutError:
            log.warning("the service did not delete all subscriptions in time")
            return sorted(left)
        for result in results:
            if isinstance(result, ServiceError | UnknownSubscriptionError):
                log.warning("a subscription could not be deleted: %s", brief(result))
            elif isinstance(result, BaseException):
                raise result
        return sorted(left)
