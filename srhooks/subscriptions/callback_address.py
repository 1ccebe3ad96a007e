"""Where a subscription's callback address leads: here, to nobody, or to another system.

An address on APP_URL that no hook of this database has is orphaned: what is sent there is lost,
unless another srhooks answers at APP_URL. Only such addresses and the account's own are ever tried.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from srhooks.config import Settings
from srhooks.domain.models import Hook
from srhooks.intake.hook_cache import HOOK_ID, HookDirectory

AddressKind = Literal["ours", "orphaned", "another account", "earlier", "elsewhere"]
PATH = "/hooks/"
WORDS: Mapping[AddressKind, str] = {
    "ours": "",
    "orphaned": (
        "Its callback address is on APP_URL, but this srhooks does not know it: what is sent there"
        " is answered 404 and lost. Delete it, and create it again."
    ),
    "another account": "Another account of this srhooks receives it.",
    "earlier": (
        "Its callback address is one of ours under an earlier APP_URL: it arrives only as long as"
        " that address still leads here. Create it again, then delete this one."
    ),
    "elsewhere": "Its callback address is not one of ours: another system receives it.",
}


class CallbackAddresses:
    def __init__(self, settings: Settings, hooks: HookDirectory) -> None:
        self._settings = settings
        self._hooks = hooks

    async def kind(
        self, user_id: str, subscription: Mapping[str, Any], own: Iterable[Hook]
    ) -> AddressKind:
        """`own` are the account's hooks. Raises StoreError."""
        if subscription.get("mine"):
            return "ours"
        hook_id = self.own_hook_id(subscription)
        if hook_id is None:
            url = str(subscription.get("callbackUrl") or "")
            known = {hook.id for hook in own}
            return "earlier" if url.rpartition(PATH)[2] in known else "elsewhere"
        entry = await self._hooks.get(hook_id)
        if entry is None or entry.hook.user_id == user_id:
            return "orphaned"
        return "another account"

    def own_hook_id(self, subscription: Mapping[str, Any]) -> str | None:
        """The hook id of an address on APP_URL; None where it leads elsewhere."""
        url = str(subscription.get("callbackUrl") or "")
        prefix = self._settings.hook_url("")
        hook_id = url.removeprefix(prefix)
        return hook_id if url.startswith(prefix) and HOOK_ID.fullmatch(hook_id) else None
