"""Messages that are shown once, on the page that follows a form (post, redirect, get).

A page that answers a form itself would send the form again when it is loaded anew: a second key.
They are kept in the store, so that any process may answer the next request; encrypted, since keys
are among them; and none is ever in a cookie.
"""

import json
import logging
from dataclasses import asdict, is_dataclass
from typing import Any

from srhooks.crypto import UndecryptableError, Vault
from srhooks.domain.clock import now_ms
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

KEPT = 60_000  # ms until nobody wants it any more


class Flash:
    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def save(self, session_id: str, page: str, **shown: Any) -> None:
        """Keep values for the session's next look at the page; a dataclass is then a dict."""
        if not shown:
            return
        sealed = self._vault.seal(json.dumps(shown, default=_plain))
        now = now_ms()
        try:
            await self._store.save_flash(session_id, page, sealed, now, now + KEPT)
        except StoreError as error:  # what the message is about was done
            log.warning("a message will not be shown: %s", error)

    async def pop(self, session_id: str, page: str) -> dict[str, Any]:
        """Remove and return the values for the page; empty when there are none or they expired.

        Raises StoreError.
        """
        sealed = await self._store.pop_flash(session_id, page, now_ms())
        if sealed is None:
            return {}
        try:
            shown: dict[str, Any] = json.loads(self._vault.open(sealed))
        except UndecryptableError:
            return {}
        return shown


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept for a page")
