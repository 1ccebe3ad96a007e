"""Find the subscriptions from which nothing comes although it should have: reads for silence.py."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from srhooks.accounts.account_zone import zone_of_account
from srhooks.domain.clock import DAY, HOUR, iso, now_ms
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.domain.incidents import NewIncident
from srhooks.incidents.down_times import down_times
from srhooks.incidents.service import Incidents
from srhooks.incidents.silence import (
    SHORTEST,
    WEEKS,
    Gap,
    has_quiet_days,
    is_silent,
    longest_gap,
    may_be_silent,
)
from srhooks.store import Store

WEEK = 7 * DAY
HOURS_OF_WEEK = 168
LONGEST = 7  # days of a gap that are looked at
COUNTED = 1000  # notifications at most in a window: more make no difference
BUSY = 12  # notifications of a day on which much usually comes


class SilenceWatch:
    def __init__(self, store: Store, incidents: Incidents) -> None:
        self._store = store
        self._incidents = incidents

    async def check(
        self, user_id: str, subscription_id: str, name: str, events: Sequence[str]
    ) -> None:
        """Check an active subscription with these events for silence. Raises StoreError."""
        silent = []
        last_at = None
        zone = await zone_of_account(self._store, user_id)
        for family in sorted({event.partition(".")[0] for event in events}):
            since = await self._silent_since(user_id, subscription_id, family, zone)
            if since is not None:
                silent.append(family)
                last_at = max(last_at or 0, since)
        if not silent:
            await self._incidents.end(user_id, "silent", subscription_id)
            return
        await self._incidents.open(
            NewIncident(
                user_id=user_id,
                kind="silent",
                subject=subscription_id,
                subscription_id=subscription_id,
                title=f"Nothing arrives from {name}, unlike in other weeks at this time",
                details={
                    "name": name,
                    "families": silent,
                    "lastAt": iso(last_at) if last_at is not None else None,
                },
            )
        )

    async def _silent_since(
        self, user_id: str, subscription_id: str, family: str, zone: tzinfo
    ) -> int | None:
        """When the last one came (ms), if it is implausible that none has come since."""
        now = now_ms()
        first, last = await self._store.span(
            user_id, subscription_id, family, first_id_at(now - LONGEST * DAY)
        )
        if first is None:
            return None
        began = await self._gap_began(last, now)
        if now - began < SHORTEST * HOUR:
            return None
        history = received_ms(first)
        shifts = [week for week in range(1, WEEKS + 1) if _back(began, week, zone) >= history]
        weeks = [
            await self._count(user_id, began, now, week, zone, subscription_id, family)
            for week in shifts
        ]
        if not may_be_silent(weeks):
            return None
        since = began - len(shifts) * WEEK
        hours = await self._store.hourly(
            user_id, subscription_id, family, first_id_at(since), len(shifts) * HOURS_OF_WEEK
        )
        by_weekday = [
            await self._count(user_id, now - day * DAY, now - (day - 1) * DAY, 1, zone)
            for day in range(1, 8)
        ]
        gap = Gap(
            weeks=weeks,
            longest=longest_gap(by_the_clock(hours, since, zone)),
            account_now=await self._count(user_id, began, now, 0, zone),
            account_weeks=[await self._count(user_id, began, now, week, zone) for week in shifts],
            busy_days=await self._busy_days(user_id, began, now, zone),
            has_quiet_days=has_quiet_days(by_weekday),
        )
        return began if is_silent(gap) else None

    async def _gap_began(self, last_id: int | None, now: int) -> int:
        """When (ms) the gap after the last notification began, its down times left out."""
        began = max(received_ms(last_id) if last_id is not None else 0, now - LONGEST * DAY)
        for down in await down_times(self._store, began):  # what came then may come again later
            began = max(began, down.ended_at)
        return began

    async def _busy_days(self, user_id: str, began: int, now: int, zone: tzinfo) -> int:
        """Days of the gap on whose part in it much came a week before."""
        busy = 0
        start = began
        while start < now:
            end = min(_next_midnight(start, zone), now)
            busy += await self._count(user_id, start, end, 1, zone) >= BUSY
            start = end
        return busy

    async def _count(
        self, user_id: str, began: int, ended: int, week: int, zone: tzinfo,
        subscription_id: str | None = None, family: str | None = None,
    ) -> int:  # fmt: skip
        """How many came in this time, so many weeks before."""
        return await self._store.count_between(
            user_id,
            first_id_at(_back(began, week, zone) + 1),
            first_id_at(_back(ended, week, zone)),
            COUNTED,
            subscription_id=subscription_id,
            family=family,
        )


def _back(ms: int, weeks: int, zone: tzinfo) -> int:
    """The same time of the week by the clock on the wall, so many weeks before."""
    moment = datetime.fromtimestamp(ms / 1000, zone) - timedelta(weeks=weeks)
    return round(moment.timestamp() * 1000)


def _next_midnight(ms: int, zone: tzinfo) -> int:
    moment = datetime.fromtimestamp(ms / 1000, zone) + timedelta(days=1)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return round(midnight.timestamp() * 1000)


def by_the_clock(hours: Sequence[int], began: int, zone: tzinfo) -> list[int]:
    """The same counts by the hour that clocks on the wall show, from a time (ms) on.

    Where they are set forward, an hour has nothing; where they are set back, one has two hours'.
    """
    start = _wall(began, zone)
    shown = [0] * len(hours)
    for position, count in enumerate(hours):
        moved = _wall(began + position * HOUR, zone) - start
        place = round(moved.total_seconds() / 3600)
        shown[min(max(place, 0), len(hours) - 1)] += count
    return shown


def _wall(ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, zone).replace(tzinfo=None)
