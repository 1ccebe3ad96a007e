"""Fetch the names of candidates and jobs that no notification or entity contains.

An application's entity has neither the candidate's name nor the job's title. Each name is fetched
once, one at a time, with lower priority than all other calls. The requests stand in the store until
they are answered, so a restart loses none.
"""

from srhooks.accounts.user_client import UserClient
from srhooks.domain.clock import now_ms
from srhooks.domain.json_values import parse_body
from srhooks.domain.models import NameRequest
from srhooks.domain.subjects import CANDIDATE, MAX_TITLE, person_name
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.maintenance.supervisor import run_steps
from srhooks.server.heavy_work import run_in_background
from srhooks.smartrecruiters.client import Answer
from srhooks.smartrecruiters.errors import ServiceError
from srhooks.store import Store

INTERVAL = 1.0  # seconds between two looks at what is due
BATCH = 10  # requests between two looks
TIMEOUT = 20.0  # seconds an answer may take
RETRY_AFTER = 600_000  # ms until the service is asked again after it failed


class NameLookup:
    def __init__(self, store: Store, user_client: UserClient, indexer: SubjectIndexer) -> None:
        self._store = store
        self._user_client = user_client
        self._indexer = indexer

    async def run(self) -> None:
        """Fetch the names that are due, until cancelled."""
        await run_steps(self._step, "looking up names")

    async def _step(self) -> float:
        for request in await self._store.due_name_requests(now_ms(), BATCH):
            await self._look_up(request)
        return INTERVAL

    async def _look_up(self, request: NameRequest) -> None:
        """Fetch one name and store it. Raises StoreError."""
        thing = request.thing
        try:
            answer = await self._user_client.call(
                request.user_id, "GET", f"/{thing.kind}s/{thing.id}", foreground=False,
                timeout=TIMEOUT,
            )  # fmt: skip
        except ServiceError:
            await self._store.answer_name_request(request, None, now_ms() + RETRY_AFTER)
            return
        if answer.status == 429 or answer.status >= 500:
            await self._store.answer_name_request(request, None, now_ms() + RETRY_AFTER)
            return
        name = await run_in_background(_name_in, thing.kind, answer)
        await self._store.answer_name_request(request, name, None)
        if name is not None:
            await self._indexer.spread_name(request.user_id, thing.subject)


def _name_in(kind: str, answer: Answer) -> str | None:
    """A person's name or a job's title; None where the answer tells none."""
    if answer.status != 200:
        return None
    entity = parse_body(answer.body)
    if not isinstance(entity, dict):
        return None
    name = person_name(entity) if kind == CANDIDATE else entity.get("title")
    return name.strip()[:MAX_TITLE] or None if isinstance(name, str) else None
