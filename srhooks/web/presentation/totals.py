"""How much is kept: what the head of the feed says, and the list by event."""

from typing import Any

from aiohttp import web

from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.web.state.app_keys import SERVICES, SETTINGS

DAY = 86_400_000  # ms


async def totals(app: web.Application, user_id: str) -> dict[str, Any]:
    """For templates. Raises StoreError."""
    days = app[SETTINGS].retention_days
    since = first_id_at(now_ms() - days * DAY)
    counts = await app[SERVICES].store.counts_by_event(user_id, since)
    return {"counts": counts, "days": days, "total": sum(counts.values())}
