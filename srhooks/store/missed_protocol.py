"""What reconciling with the callbacks log asks of the store: part of its protocol (protocol.py)."""

from collections.abc import Sequence
from typing import Protocol

from srhooks.domain.missed import LoggedNotification, LogWalk, MissedNotification


class MissedStore(Protocol):
    async def arrived(self, logged: Sequence[LoggedNotification]) -> dict[bytes, int | None]:
        """By identity, those that are stored here, with the notification's id; None: deleted since.

        All are of one hook. One with verdict `invalid` does not count, unless it was backfilled.
        """

    async def log_walk(self, user_id: str, subscription_id: str) -> LogWalk: ...

    async def log_walks(self, user_id: str) -> dict[str, LogWalk]:
        """By subscription; that of the check of them all by the empty text."""

    async def save_log_page(
        self, user_id: str, subscription_id: str, missed: Sequence[LoggedNotification],
        walk: LogWalk, limit: int,
    ) -> None:  # fmt: skip
        """Merge what is missing with what is known, and move the walk, in one transaction.

        At most `limit` missed notifications of an account are kept; more are left out.
        """

    async def begin_log_check(self, user_id: str, at: int) -> None:
        """The logs of the account are being read from this time (ms) on."""

    async def record_log_check(self, user_id: str, at: int) -> None:
        """All logs of the account were read at this time (ms)."""

    async def log_checked_at(self, user_id: str) -> int | None: ...

    async def missed(self, user_id: str) -> list[MissedNotification]:
        """All of an account."""

    async def users_with_missed(self) -> list[str]: ...

    async def forget_missed(self, user_id: str, missed_ids: Sequence[int]) -> None: ...

    async def mark_backfilled(self, user_id: str, notification_id: int) -> None:
        """Before it is stored, so that a crash in between leaves none unmarked."""

    async def unmark_backfilled(self, notification_id: int) -> None:
        """It was merged with one that had arrived."""

    async def forget_deleted(self, before: int) -> None:
        """Digests of what was deleted before a time (ms)."""
