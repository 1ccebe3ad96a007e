"""Pages of a filtered feed, each found in a bounded time however rare it is what somebody asks for.

A filter with one condition has an index of its own and is read at once. Any other is walked from
the newest on in slices (feed_slices.py). A page that is not full when its time is up says how far
it got, and the next one goes on from there.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification, Page
from srhooks.store.event_counts import END, EventCountQueries
from srhooks.store.feed_slices import SIZE, FeedSliceQueries, light
from srhooks.store.filter_sql import conditions, is_indexed
from srhooks.store.notification_protocol import COUNT_TIME, PAGE_BYTES, PAGE_TIME

MOST_COUNTED = 5_000  # notifications of a filter that are counted by event
NEAR = 100  # newer ones that are looked through for the nearest
NEAR_TIME = 0.05  # seconds


class FeedScanQueries(FeedSliceQueries, EventCountQueries):
    async def notifications(
        self, user_id: str, feed_filter: Filter, limit: int
    ) -> list[Notification]:
        notifications: list[Notification] = []
        while True:
            page = await self.page(user_id, feed_filter, limit - len(notifications))
            notifications += page.found
            if page.reached is None:
                return notifications
            feed_filter = feed_filter.below(page.reached)

    async def page(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = PAGE_TIME,
        room: int = PAGE_BYTES,
    ) -> Page:  # fmt: skip
        feed_filter = await self._by_ids_where_possible(user_id, feed_filter)
        if is_indexed(feed_filter):
            where, args = conditions(user_id, feed_filter)
            sized = await self._read(
                f"SELECT n.id, {SIZE} FROM notifications n WHERE {where}"
                f" ORDER BY n.id DESC LIMIT {limit:d}",
                *args,
            )
            numbers = light(sized, room)
            notifications = (await self.by_ids(user_id, numbers))[::-1]
            return Page(notifications, numbers[-1] if len(notifications) < len(sized) else None)
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        scan = await self._begin(user_id, feed_filter, patience)
        notifications = []
        high = feed_filter.before
        while True:
            async with self._turn(scan, until):
                high, rows = await self._slice(scan, high, limit - len(notifications), room)
            notifications += rows
            room -= sum(n.size for n in rows)
            if high is None or len(notifications) == limit:
                return Page(notifications, None)
            if room <= 0 or loop.time() >= until:
                return Page(notifications, await self._own_end(user_id, high))

    async def count(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = COUNT_TIME
    ) -> int | None:
        if feed_filter.q:
            return None
        feed_filter = await self._by_ids_where_possible(user_id, feed_filter)
        if is_indexed(feed_filter):
            where, args = conditions(user_id, feed_filter)
            return await self._count(f"SELECT 1 FROM notifications n WHERE {where}", limit, args)
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        scan = await self._begin(user_id, feed_filter, patience)
        total = 0
        high = feed_filter.before
        while True:
            async with self._turn(scan, until):
                piece = await self._next_slice(scan, high)
                low = piece.low
                sql, args = self._fitting(scan, piece, low, high)
                total += await self._count(sql, limit - total, args)
            if low is None or total == limit:
                return total
            if loop.time() >= until:
                return None
            high = low

    async def filtered_counts(
        self, user_id: str, feed_filter: Filter, patience: float = COUNT_TIME
    ) -> dict[str, int] | None:
        if feed_filter.q:
            return None
        counted = Counter[str]()
        feed_filter = await self._by_ids_where_possible(user_id, feed_filter)
        summed_up = await self._from_sums(user_id, feed_filter)
        if summed_up is not None:
            return summed_up
        if is_indexed(feed_filter):
            where, args = conditions(user_id, feed_filter)
            newest = f"SELECT n.id AS id FROM notifications n WHERE {where} ORDER BY n.id DESC"
            await self._add_counts(counted, f"{newest} LIMIT {MOST_COUNTED + 1:d}", args)
            return dict(counted) if counted.total() <= MOST_COUNTED else None
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        scan = await self._begin(user_id, feed_filter, patience)
        high = feed_filter.before
        while True:
            async with self._turn(scan, until):
                piece = await self._next_slice(scan, high)
                await self._add_counts(counted, *self._fitting(scan, piece, piece.low, high))
            if piece.low is None:
                return dict(counted)
            if loop.time() >= until or counted.total() > MOST_COUNTED:
                return None
            high = piece.low

    async def _from_sums(self, user_id: str, feed_filter: Filter) -> dict[str, int] | None:
        """Of a subscription, a span of time or both: no row has to be looked at."""
        if replace(feed_filter, after=None, before=None, subscription="") != Filter():
            return None
        low = (feed_filter.after or 0) + 1
        high = max(low, END if feed_filter.before is None else feed_filter.before)
        return await self._summed_up(user_id, low, high, feed_filter.subscription or None)

    async def _add_counts(self, counted: Counter[str], sql: str, args: list[Any]) -> None:
        rows = await self._read(
            f"SELECT m.event_name, count(*) FROM ({sql}) f JOIN notifications m ON m.id = f.id"
            " GROUP BY m.event_name",
            *args,
        )
        counted.update({name or "": count for name, count in rows})

    async def neighbours(
        self, user_id: str, notification_id: int, feed_filter: Filter
    ) -> tuple[int | None, int | None]:
        feed_filter = await self._by_ids_where_possible(user_id, feed_filter)
        older = await self.page(user_id, feed_filter.below(notification_id), 1, NEAR_TIME)
        above = replace(feed_filter, after=max(feed_filter.after or 0, notification_id))
        newer: int | None = None
        if is_indexed(above):
            where, args = conditions(user_id, above)
            ((newer,),) = await self._read(
                f"SELECT min(n.id) FROM notifications n WHERE {where}", *args
            )
        else:
            page = await self.page(user_id, above, NEAR + 1, NEAR_TIME)
            if page.reached is None and 0 < len(page.found) <= NEAR:
                newer = page.found[-1].id
        return newer, older.found[0].id if older.found else None

    async def _own_end(self, user_id: str, high: int) -> int | None:
        """As far as the user's own go: an index of texts knows those of all users."""
        ((newest,),) = await self._read(
            "SELECT max(id) FROM notifications WHERE user_id = $1 AND id < $2", user_id, high
        )
        return None if newest is None else newest + 1

    async def _count(self, sql: str, limit: int, args: list[Any]) -> int:
        ((count,),) = await self._read(f"SELECT count(*) FROM ({sql} LIMIT {limit:d}) f", *args)
        return int(count)
