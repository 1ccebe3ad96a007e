"""Deletion, erasure, retention: part of the protocol of the store (protocol.py)."""

from collections.abc import Sequence
from typing import Protocol

from srhooks.domain.models import Erasure


class MaintenanceStore(Protocol):
    async def purge(self, received_before: int, now: int, limit: int) -> int:
        """Delete up to `limit` notifications received before a time (ms); how many.

        Incidents that ended before it go, too, and sessions and tokens whose time is up at `now`.
        """

    async def newest_signed_time(self) -> int | None:
        """The latest time (ms) that the sender of a validly signed notification gave lately."""

    async def newest_received_time(self) -> int | None:
        """When the newest notification was received (ms)."""

    async def maintenance_state(self, name: str) -> int | None:
        """A number that background work keeps from one run to the next."""

    async def save_maintenance_state(self, name: str, value: int) -> None: ...

    async def bring_due_forward(self, now: int, latest: int) -> None:
        """Make entities due now that are due after `latest` (ms): a clock was ahead."""

    async def delete_notifications(
        self, user_id: str, notification_ids: Sequence[int]
    ) -> list[int]:
        """Delete these; return the ids of those that existed."""

    async def delete_some(self, user_id: str, limit: int) -> int:
        """Delete up to `limit` of the user's notifications; how many."""

    async def add_erasure(self, user_id: str, candidate_id: str, at: int) -> None:
        """Request the erasure of a candidate's data; a repeated request starts it anew."""

    async def erasures(self) -> list[Erasure]: ...

    async def move_erasure(self, erasure: Erasure, rev: int) -> None:
        """Store how far the user's notifications have been searched."""

    async def finish_erasure(self, erasure: Erasure) -> None:
        """Delete the request, unless it was repeated since."""

    async def remember_erased(
        self, user_id: str, candidate: bytes, subjects: Sequence[bytes], at: int
    ) -> None:
        """Keep digests of what was known to be an erased candidate's."""

    async def erased_with(self, candidate: bytes) -> set[bytes]:
        """What `remember_erased` kept of this candidate."""

    async def erased_at(self, subjects: Sequence[bytes]) -> dict[bytes, int]:
        """Of those that were erased: when (ms)."""

    async def sent_before_erasure(self, limit: int) -> list[tuple[str, int]]:
        """User and id of notifications that name what was erased after they were sent."""

    async def forget_erased(self, before: int) -> None:
        """Drop what `remember_erased` kept before this time (ms)."""

    async def erase_notifications(self, user_id: str, notification_ids: Sequence[int]) -> int:
        """Leave of these only when and to which hook they came, and their event; how many."""

    async def has_pending(self, user_id: str, before_id: int) -> bool:
        """Whether an entity below the id waits to be fetched."""

    async def scrub(self, *, index: bool) -> bool:
        """Make what was deleted unreadable in the files too; False: try again later.

        `index` includes the search index, which takes longer: intake goes first meanwhile.
        """

    async def index_some(self, limit: int) -> int:
        """Bring up to `limit` notifications into the search index; how many."""

    async def count_some(self, limit: int) -> int:
        """Sum up some `limit` notifications of before the sums were kept; 0: all are in them."""
