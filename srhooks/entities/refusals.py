"""Kinds of entity that an account may not read (403), remembered for the incident and its text."""

from srhooks.accounts.rights import explain_refusal
from srhooks.domain.clock import now_ms
from srhooks.domain.models import REFUSAL, EntityJob
from srhooks.protocol.scopes import entity_kind
from srhooks.smartrecruiters.errors import ServiceAnsweredError
from srhooks.store import Store


class Refusals:
    def __init__(self) -> None:
        self._kinds: set[str] | None = None  # as the store has them; None: not read yet

    async def record(self, store: Store, job: EntityJob, error: ServiceAnsweredError) -> str:
        """Remember that this kind is refused; return why, and what to do. Raises StoreError."""
        event_name = await store.event_of_link(job.user_id, job.link)
        user = await store.user(job.user_id)
        if (kind := entity_kind(event_name)) is not None:
            await store.mark_unreadable(job.user_id, kind, now_ms())
            if self._kinds is not None:
                self._kinds.add(kind)
        why = "" if user is None else f"{explain_refusal(user, event_name)}. "
        return f"{why}{REFUSAL}{error}"

    async def clear(self, store: Store, job: EntityJob) -> None:
        """Forget the refusal: an entity of this kind was read. Raises StoreError."""
        if self._kinds is None:
            self._kinds = set(await store.unreadable_kinds(job.user_id))
        if not self._kinds:
            return
        kind = entity_kind(await store.event_of_link(job.user_id, job.link))
        if kind in self._kinds:
            self._kinds.discard(kind)
            await store.mark_readable(job.user_id, kind)
