"""Counts for the head of the feed and for the list "All by event"."""

import asyncio
from dataclasses import replace
from typing import Any

from aiohttp import web

from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at
from srhooks.web.presentation.template_filters import query
from srhooks.web.state.app_keys import SETTINGS, STORE

FILTERED = ("q", "subscription", "signature", "status", "link", "after", "before")


async def totals(
    app: web.Application, user_id: str, feed_filter: Filter | None = None
) -> dict[str, Any]:
    """For templates. Raises StoreError.

    `by_event` is of what fits the filter, whichever event it asks for; None where that would take
    long. `key` tells filters apart.
    """
    days = app[SETTINGS].retention_days
    since = first_id_at(now_ms() - days * DAY)
    key = ""
    anything = replace(feed_filter, events=()) if feed_filter else None
    if anything is not None and any(getattr(anything, name) for name in FILTERED):
        key = query(anything.params, event=None)
        counts, by_event = await asyncio.gather(
            app[STORE].counts_by_event(user_id, since),
            app[STORE].filtered_counts(user_id, anything),
        )
    else:
        counts = by_event = await app[STORE].counts_by_event(user_id, since)
    return {
        "counts": counts,
        "days": days,
        "total": sum(counts.values()),
        "by_event": by_event,
        "key": key,
    }
