"""By whose clock an account lives: hours of the day and days of the week are told by it.

SmartRecruiters says nothing of it (its company has no time zone), so: that of the quiet hours where
somebody chose them, else the one in which a page was opened last, else UTC.
"""

from collections import OrderedDict
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from srhooks.store import Store

MAX_KNOWN = 10_000  # accounts


class AccountZones:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: OrderedDict[str, str] = OrderedDict()  # as last written

    async def see(self, user_id: str, zone: str | None) -> None:
        """A page was opened there; None: it did not say where. Raises StoreError."""
        if zone is None or self._seen.get(user_id) == zone:
            return
        if await self._store.account_zone(user_id) != zone:
            await self._store.save_zone(user_id, zone)
        self._seen[user_id] = zone
        self._seen.move_to_end(user_id)
        if len(self._seen) > MAX_KNOWN:
            self._seen.popitem(last=False)


async def zone_of_account(store: Store, user_id: str) -> tzinfo:
    """Raises StoreError."""
    alerts = await store.alert_settings(user_id)
    chosen = alerts.quiet.zone if alerts is not None and alerts.quiet is not None else None
    name = chosen or await store.account_zone(user_id)
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, OSError, ValueError):  # this machine does not know it any more
        return UTC
