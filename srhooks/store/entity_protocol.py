"""What following links asks of the store: part of its protocol (protocol.py)."""

from typing import Protocol

from srhooks.domain.models import EntityJob, EntityStatus, Signature


class EntityStore(Protocol):
    async def users_with_due_entities(self, now: int, process_id: str = "") -> list[str]:
        """Users with a due entity, without those that another process fetches for."""

    async def untried_entities(
        self, user_id: str, now: int, limit: int, *, oldest_first: bool = False
    ) -> list[EntityJob]:
        """Distinct links of pending notifications that were never followed, newest first.

        Those of a link that failed before are put off until it is due.
        """

    async def due_entities(self, user_id: str, now: int, limit: int) -> list[EntityJob]:
        """Distinct links of pending notifications that failed and are due, in that order."""

    async def entity_attempts(self, job: EntityJob) -> int:
        """How often the link has failed for the notifications that wait for it."""

    async def next_due(self, process_id: str = "") -> int | None:
        """When the next pending entity is due (ms), over all users whose grant lives."""

    async def keep_entity(
        self, job: EntityJob, at: int, entity: bytes, title: str | None, state: str = "[]"
    ) -> list[int] | bytes:
        """Record a state that was fetched; the ids that waited for it.

        `state` is the JSON list of changes where nothing changed (entities/diff.py).

        Where the last state known of an earlier notification differs: that state, and nothing is
        recorded.
        """

    async def finish_entity(
        self, job: EntityJob, status: EntityStatus, at: int, *, entity: bytes | None = None,
        error: str | None = None, title: str | None = None, changes: str | None = None,
    ) -> list[int]:  # fmt: skip
        """Record the outcome on all notifications that waited for it; return their ids."""

    async def postpone_entity(
        self, job: EntityJob, due_at: int, attempts: int, error: str, give_up_below: int
    ) -> list[int]:
        """After `attempts` failures, try again at `due_at`, and show the error. The ids that wait.

        Those below `give_up_below` have waited long enough and are `failed`.
        """

    async def process_again(
        self, user_id: str, notification_id: int, signature: Signature, link: str | None,
        status: EntityStatus, at: int,
    ) -> None:  # fmt: skip
        """Record a new verdict and what follows from it; a pending entity is due at once.

        The verdict stays as it was where it would make two of one delivery.
        """

    async def retry_refused_entities(self, user_id: str, at: int, limit: int) -> int:
        """Make the newest entities that the service refused (403) pending again; their number."""
