"""Searches while other things happen, and over what other users have: one suite for every store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.entities.candidate_records import CandidateLookup
from srhooks.hub import LocalHub
from srhooks.maintenance.subject_indexing import SubjectIndexer
from srhooks.privacy.candidate_erasure import CandidateEraser
from srhooks.store import Store
from srhooks.store.feed_slices import PROBE_TIME
from srhooks.store.postgres import PostgresStore

from tests.support.firing import time_past
from tests.support.stored import add


def intrude(store: Any, when: str, what: Callable[[], Awaitable[Any]]) -> None:
    """Have something happen once, just before the first query with these words."""
    read = store._read
    done: list[str] = []

    async def reading(sql: str, *args: Any) -> list[Any]:
        if when in sql and not done:
            done.append(sql)
            await what()
        rows: list[Any] = await read(sql, *args)
        return rows

    store._read = reading


async def indexed(store: Store) -> None:
    while await store.index_some(500):
        pass


async def test_what_is_indexed_meanwhile_is_found_and_erased(store: Store) -> None:
    await asyncio.gather(*(add(store, body=b"hay", entity_status="none") for _ in range(300)))
    await indexed(store)
    late = await add(store, body=b'{"candidate": {"id": "cand-4711"}}', entity_status="none")
    intrude(store, "UNION SELECT id FROM (SELECT id FROM reindex", lambda: store.index_some(20))
    candidates = CandidateLookup(store, SubjectIndexer(store, LocalHub()))
    eraser = CandidateEraser(store, LocalHub(), candidates, grace=0)
    await time_past(now_ms())  # the candidate is asked for later than it came
    await eraser.erase("u1", "cand-4711")
    await eraser._work()
    (left,) = await store.by_ids("u1", [late])
    assert left.erased


async def test_what_arrives_meanwhile_pushes_nothing_out(store: Store) -> None:
    for count in (249, 300):
        name = f"job.n{count}"
        ids = await asyncio.gather(*(add(store, event_name=name) for _ in range(count)))

        async def arrive(name: str = name) -> None:
            await asyncio.gather(*(add(store, event_name=name) for _ in range(10)))

        intrude(store, "CROSS JOIN notifications n", arrive)
        wanted = Filter(events=(f"{name[:-1]}.", name), subscription="s1")
        found = {n.id for n in await store.notifications("u1", wanted, 1000)}
        assert not set(ids) - found


async def test_how_far_a_search_got_tells_nothing_of_others(store: Store) -> None:
    mine = [await add(store, body=b"secret word") for _ in range(3)]
    await asyncio.gather(*(add(store, user_id="u2", body=b"secret word") for _ in range(600)))
    await asyncio.gather(*(add(store, body=b"hay") for _ in range(300)))
    await indexed(store)
    page = await store.page("u1", Filter(q="secret word"), 50, patience=0)
    assert page.found == []
    assert page.reached == mine[-1] + 1
    found = await store.notifications("u1", Filter(q="secret word"), 50)
    assert [n.id for n in found] == mine[::-1]


async def test_a_text_that_takes_the_index_too_long_is_looked_for_by_walking(store: Store) -> None:
    ids = [await add(store, body=b"common") for _ in range(300)]
    await indexed(store)

    tried: list[float] = []

    async def too_long(within: float, _sql: str, *_args: Any) -> list[Any] | None:
        tried.append(within)
        return None

    store._probe = too_long  # type: ignore[attr-defined]
    first = await store.page("u1", Filter(q="common"), 10, patience=0.05)
    assert [n.id for n in first.found] == ids[:-11:-1]
    found = await store.notifications("u1", Filter(q="common"), 1000)
    assert [n.id for n in found] == ids[::-1]
    # A page that somebody waits for tries it for a moment, one that goes on for long, but once.
    assert tried == [0.05, PROBE_TIME]


async def test_a_query_that_takes_too_long_gives_its_place_back(store: Store) -> None:
    if isinstance(store, PostgresStore):
        for _ in range(6):  # more than there are readers
            assert await store._probe(0.1, "SELECT 1 FROM pg_sleep(30)") is None
        assert await store._probe(5.0, "SELECT 1") == [(1,)]


async def test_more_event_names_than_are_told_apart_are_all_counted(store: Store) -> None:
    await asyncio.gather(*(add(store, event_name=f"e{n:04d}") for n in range(600)))
    await asyncio.gather(*(add(store, event_name=None) for _ in range(5)))
    counts = await store.counts_by_event("u1", 0)
    assert sum(counts.values()) == 605
    assert counts["e0000"] == 1
    assert counts[""] == 105
