"""What notifications name (candidates, jobs): part of the protocol of the store (protocol.py)."""

from collections.abc import Sequence
from typing import Protocol

from srhooks.domain.models import NamedSubjects, NameRequest, SubjectName

NAMES_TIME = 0.02  # seconds that a search looks through names


class SubjectStore(Protocol):
    async def users_to_index(self) -> list[str]:
        """Whose notifications have changed since they were last indexed by what they name."""

    async def subject_rev(self, user_id: str) -> int:
        """Up to which `rev` the user's notifications are indexed."""

    async def save_subjects(
        self, user_id: str, entries: Sequence[NamedSubjects], rev: int,
        names: Sequence[SubjectName] = (), unnamed: Sequence[SubjectName] = (),
    ) -> list[int]:  # fmt: skip
        """Index these, which are all that changed up to `rev`; which of them got a title.

        Those that have not changed meanwhile get their titles. Names are asked for the `unnamed`.
        Where one changed meanwhile, the index counts as complete up to just below it.
        """

    async def due_name_requests(self, now: int, limit: int) -> list[NameRequest]:
        """Those that are due, of users whose grant lives."""

    async def answer_name_request(
        self, request: NameRequest, name: str | None, due_at: int | None
    ) -> None:
        """Record the name, if there is one, and when to ask again (ms); None: never."""

    async def names_of(self, subjects: Sequence[bytes]) -> dict[bytes, str]:
        """The newest known names of these (digests), as far as there are any."""

    async def known_subjects(self, subjects: Sequence[bytes]) -> set[bytes]:
        """Which of these (digests) a stored notification names, as far as that is indexed."""

    async def newest_naming(self, subjects: Sequence[bytes], limit: int) -> list[int]:
        """The newest that name one of these (digests), newest first."""

    async def find_names(
        self, user_id: str, text: str, limit: int, patience: float = NAMES_TIME
    ) -> list[SubjectName]:
        """Things whose id is the text, and candidates and jobs whose name holds it, newest first.

        Names are looked through from the newest on, for `patience` (seconds).
        """

    async def ids_naming(self, subjects: Sequence[bytes]) -> list[int]:
        """Those that name at least one of these (digests), oldest first."""

    async def times_naming(self, subject: bytes) -> list[tuple[int, int | None]]:
        """The id of each that names it, and when it was sent (ms), in no order."""
