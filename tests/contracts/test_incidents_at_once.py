"""Two processes that find the same at the same moment: PostgreSQL holds both until one is first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from srhooks.domain.incidents import Incident, NewIncident
from srhooks.store import Store, make_store

from tests.support.harness import eventually
from tests.support.stored import TOKENS, person

NEW = NewIncident(user_id="u1", kind="gone", subject="s1", subscription_id="s1", title="gone")
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
Ending = Callable[[Store, int], Awaitable[Incident | None]]


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[list[Store]]:
    """Of two processes."""
    both = [make_store(postgres_url) for _ in range(2)]
    for store in both:
        await store.open()
    await both[0].save_user(person(1), TOKENS)
    yield both
    for store in both:
        await store.close()


async def held(
    url: str, holding: str, calls: list[Awaitable[Incident | None]]
) -> list[Incident | None]:
    """What each call gives, when all of them had to wait for what a third one holds."""
    other = await asyncpg.connect(url)
    try:
        await other.execute("BEGIN")
        await other.execute(holding)
        running = [asyncio.ensure_future(call) for call in calls]

        async def all_wait() -> bool:
            return int(await other.fetchval(WAITING)) >= len(calls)

        await eventually(all_wait)
        await other.execute("ROLLBACK")
        return list(await asyncio.gather(*running))
    finally:
        await other.close()


async def told(store: Store) -> list[str]:
    return [event.change for event in await store.incident_events_of("u1", 10)]


async def test_it_opens_once(stores: list[Store], postgres_url: str) -> None:
    holding = "LOCK TABLE incidents IN EXCLUSIVE MODE"
    calls = [store.open_incident(NEW, 10) for store in stores]
    results = await held(postgres_url, holding, list(calls))
    assert sum(one is not None for one in results) == 1
    assert await told(stores[0]) == ["opened"]


@pytest.mark.parametrize("person_too", [False, True])
async def test_it_ends_once_and_the_end_is_told_once(
    stores: list[Store], postgres_url: str, person_too: bool
) -> None:
    incident = await stores[0].open_incident(NEW, 10)
    assert incident is not None
    second = (
        stores[1].acknowledge_incident("u1", incident.id, 30, end=True)
        if person_too
        else stores[1].end_incident("u1", "gone", "s1", 30)
    )
    calls = [stores[0].end_incident("u1", "gone", "s1", 20), second]
    results = await held(postgres_url, "SELECT 1 FROM incidents FOR UPDATE", list(calls))
    assert await told(stores[1]) == ["opened", "ended"]
    ended = await stores[1].incident("u1", incident.id)
    assert ended is not None
    assert ended.ended_at in {20, 30}
    if not person_too:
        assert [one for one in results if one is not None] == [ended]
