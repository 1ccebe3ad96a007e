"""What the feed and the overview ask of the store: part of its protocol (protocol.py)."""

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from srhooks.domain.feed_filter import Filter
from srhooks.domain.latency import NotificationTimes
from srhooks.domain.models import (
    Delivery,
    NewNotification,
    Notification,
    Page,
    ProblemCounts,
    Stored,
    Timing,
)

PAGE_TIME = 0.4  # seconds after which a page is handed out as far as it is
PAGE_BYTES = 4 * 1024 * 1024  # of bodies, headers and entities that are read for one answer
COUNT_TIME = 0.3  # seconds after which a count is given up


class NotificationStore(Protocol):
    def add_notification(
        self, new: NewNotification, deadline: float | None = None
    ) -> Future[Stored]:
        """Store it, or count a re-delivery: same hook, same event id, same verdict.

        It is handed in when this returns, and committed when the future is done, by the deadline
        (loop time) or not at all. Raises StoreBusyError at once when too many writes wait.
        """

    async def notification(self, user_id: str, notification_id: int) -> Notification | None: ...

    async def page(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = PAGE_TIME,
        room: int = PAGE_BYTES,
    ) -> Page:  # fmt: skip
        """Up to `limit`, newest first. When its time (s) is up, what was found until then.

        It ends with the notification whose body, headers and entity fill the room (bytes).
        """

    async def notifications(
        self, user_id: str, feed_filter: Filter, limit: int
    ) -> list[Notification]:
        """Up to `limit`, newest first, however long it takes. One read is never long."""

    async def count(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = COUNT_TIME
    ) -> int | None:
        """How many fit, at most `limit`; None when that takes too long, as for a text."""

    async def by_ids(self, user_id: str, notification_ids: Sequence[int]) -> list[Notification]:
        """Those that still exist, in the order of their ids. For few: all are read at once."""

    async def sizes(self, user_id: str, notification_ids: Sequence[int]) -> list[tuple[int, int]]:
        """The ids of those that still exist, newest first, and the bytes of each."""

    async def changed_since(self, user_id: str, rev: int, limit: int) -> list[Notification]:
        """What was added or changed after the cursor, in the order of `rev`.

        Up to `limit`; fewer where they fill PAGE_BYTES, but one at least.
        """

    async def last_rev(self, user_id: str) -> int:
        """The cursor of the user's newest change or deletion by a person; 0 without any."""

    async def deleted_since(self, user_id: str, rev: int) -> tuple[int, list[int]]:
        """The ids of what people deleted after the cursor, in the last day; the newest's `rev`.

        Without any, it is the cursor that was given.
        """

    async def last_revs(self, user_ids: Sequence[str]) -> dict[str, int]:
        """As `last_rev`, of each of these users that is known."""

    async def deliveries(self, notification_id: int) -> list[Delivery]:
        """The re-deliveries after the first, oldest first (at most 100)."""

    async def counts_by_event(self, user_id: str, since_id: int) -> dict[str, int]:
        """How many notifications of each event (an absent name is "") are above the id."""

    async def filtered_counts(
        self, user_id: str, feed_filter: Filter, patience: float = COUNT_TIME
    ) -> dict[str, int] | None:
        """As `counts_by_event`, of what fits a filter; None for a text, or where it takes long."""

    async def activity(self, user_id: str, since_id: int) -> dict[str, tuple[int, int]]:
        """Per subscription: when its newest notification came (ms), how many are above the id."""

    async def histogram(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        """Beginning of a span (ms), event name ("" for none), how many; spans with none left out.

        Spans of `span_ids` follow each other from `since_id` until before `until_id`.
        """

    async def timings(self, user_id: str, since_id: int, limit: int) -> list[Timing]:
        """Of the newest `limit` above the id."""

    async def save_answered(self, user_id: str, answered: Sequence[tuple[int, int]]) -> None:
        """When notifications (ids) were answered (ms). The first time stays; not durable."""

    async def save_shown(self, user_id: str, shown: Sequence[tuple[int, int]]) -> None:
        """When they were first shown in a browser (ms); not durable."""

    async def notification_times(
        self, user_id: str, spans: Sequence[tuple[int, int]], limit: int
    ) -> list[NotificationTimes]:
        """Of each span (from one id on and below the other) the newest `limit` not backfilled."""

    async def delivery_times(
        self, user_id: str, subscription_id: str, since_id: int, limit: int
    ) -> list[tuple[str, int]]:
        """Event and ms from the sender to us, of its newest `limit` signed ones above the id."""

    async def trouble(self, user_id: str, since_id: int) -> ProblemCounts:
        """What needs attention among those above the id; pending entities of any age."""

    async def neighbours(
        self, user_id: str, notification_id: int, feed_filter: Filter
    ) -> tuple[int | None, int | None]:
        """The ids of the nearest newer and older ones that fit, as far as a short look goes."""
