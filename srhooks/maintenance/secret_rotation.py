"""Encrypt anew with the newest SESSION_SECRET, so that an older one can be dropped."""

import logging
from dataclasses import replace

from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.models import HookKey, Tokens
from srhooks.store import Store

log = logging.getLogger(__name__)


async def reseal(store: Store, vault: Vault) -> None:
    """Seal with the newest secret what an older one sealed, so that the old one can go."""
    for user_id in await store.user_ids():
        tokens = await store.tokens(user_id)
        if tokens is not None and not tokens.dead and not vault.is_current(tokens.access):
            await _reseal_tokens(store, vault, user_id, tokens)
        for hook in await store.hooks(user_id):
            for key in await store.keys(hook.id):
                await _reseal_key(store, vault, key)


async def _reseal_tokens(store: Store, vault: Vault, user_id: str, old: Tokens) -> None:
    try:
        access = vault.seal(vault.open(old.access))
        refresh = None if old.refresh is None else vault.seal(vault.open(old.refresh))
    except UndecryptableError:
        await store.mark_grant_dead(user_id, old.access)
    else:
        await store.swap_tokens(user_id, old, replace(old, access=access, refresh=refresh))


async def _reseal_key(store: Store, vault: Vault, key: HookKey) -> None:
    if not vault.is_current(key.sealed):
        try:
            await store.reseal_key(key.id, vault.seal(vault.open(key.sealed)))
        except UndecryptableError:
            log.warning("a signing key was sealed under a SESSION_SECRET that is gone")
