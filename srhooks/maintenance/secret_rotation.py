"""Encrypt anew with the newest SESSION_SECRET, so that an older one can be dropped."""

import asyncio
import logging
from dataclasses import replace

from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.account import SealedCredential
from srhooks.domain.models import HookKey
from srhooks.maintenance.supervisor import STORE_PAUSE
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)


async def reseal(store: Store, vault: Vault) -> None:
    """Encrypt with the newest SESSION_SECRET all that an older one sealed, and return."""
    while True:
        try:
            await _reseal_all(store, vault)
        except StoreError as error:
            log.warning("encrypting anew waits for the store: %s", error)
            await asyncio.sleep(STORE_PAUSE)
        else:
            return


async def _reseal_all(store: Store, vault: Vault) -> None:
    for user_id in await store.user_ids():
        credential = await store.credential(user_id)
        if credential is not None and not credential.dead:
            await _reseal_credential(store, vault, user_id, credential)
        for hook in await store.hooks(user_id):
            for key in await store.keys(hook.id):
                await _reseal_key(store, vault, key)


async def _reseal_credential(
    store: Store, vault: Vault, user_id: str, old: SealedCredential
) -> None:
    if vault.is_current(old.access):
        return
    try:
        access = vault.seal(vault.open(old.access))
        renewal = None if old.renewal is None else vault.seal(vault.open(old.renewal))
    except UndecryptableError:
        await store.mark_grant_dead(user_id, old.access)
    else:
        await store.replace_credential(user_id, old, replace(old, access=access, renewal=renewal))


async def _reseal_key(store: Store, vault: Vault, key: HookKey) -> None:
    if not vault.is_current(key.sealed):
        try:
            await store.reseal_key(key.id, vault.seal(vault.open(key.sealed)))
        except UndecryptableError:
            log.warning("a signing key was sealed under a SESSION_SECRET that is gone")
