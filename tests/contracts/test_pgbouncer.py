"""Through a pooler in transaction mode, each transaction may be another session's."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
from srhooks.commands.copy_database import run
from srhooks.domain.feed_filter import Filter
from srhooks.hub import Event, EventQueue
from srhooks.hub.postgres import PostgresHub
from srhooks.store import StoreUnavailableError, make_store
from srhooks.store.claim import claim_for
from srhooks.store.postgres import PostgresStore
from srhooks.store.postgres_connection import Server, close
from srhooks.store.postgres_url import UrlError, read_address

from tests.support.harness import DEADLINE, eventually
from tests.support.pgbouncer import pgbouncer
from tests.support.stored import TOKENS, add, notification, person


@pytest.fixture
async def pooled_url(
    postgres_url: str, postgres_folder: Path, tmp_path: Path
) -> AsyncIterator[str]:
    del tmp_path
    async with pgbouncer(
        postgres_folder / postgres_url.split("/")[3].split("?", maxsplit=1)[0], postgres_url
    ) as url:
        yield url


async def test_everything_works_through_it(pooled_url: str) -> None:
    server = Server(pooled_url)
    await close(await server.connect())
    assert server.pooled
    store = make_store(pooled_url)
    assert isinstance(store, PostgresStore)
    await store.open()
    await store.save_user(person(1), TOKENS)

    async def read(number: int) -> int:
        found = await store.notifications("u1", Filter(q=f"word {number} "), 9)
        return len(found)

    for _ in range(3):
        stored = [
            store.add_notification(notification(store, event_id=f"e{n}", body=b"word %d " % n))
            for n in range(40)
        ]
        # More at once than there are server connections: sessions are mixed up thoroughly.
        results = await asyncio.gather(*stored, *(read(n) for n in range(20)), add(store))
        assert not [one for one in results if isinstance(one, Exception)]
    while await store.index_some(100):
        pass
    assert await asyncio.gather(*(read(n) for n in range(20))) == [1] * 20
    assert (await store.notifications("u1", Filter(q="word 7 "), 9))[0].deliveries == 3
    await store.close()
    again = make_store(pooled_url)  # and the tables are not made twice
    await again.open()
    await again.check()
    await again.close()


async def test_a_copy_goes_through_it_both_ways(pooled_url: str, tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / 'a.db'}", pooled_url, f"sqlite:///{tmp_path / 'b.db'}"]
    first = make_store(urls[0])
    await first.open()
    await first.save_user(person(1), TOKENS)
    await add(first, event_id="e1")
    await first.close()
    for source, target in pairwise(urls):
        assert await asyncio.to_thread(run, Namespace(source=source, target=target)) == 0
    last = make_store(urls[-1])
    await last.open()
    assert [n.event_id for n in await last.notifications("u1", Filter(), 9)] == ["e1"]
    await last.close()


async def test_a_direct_connection_keeps_its_statements(postgres_url: str) -> None:
    server = Server(postgres_url)
    connection = await server.connect()
    assert not server.pooled
    await connection.close()


async def test_the_claim_holds_through_it_and_ends_with_the_connection(
    pooled_url: str, postgres_url: str
) -> None:
    first, second = claim_for(pooled_url), claim_for(postgres_url)
    assert await first.acquire()
    assert not await second.acquire()
    await first.release()
    assert await eventually(second.acquire)
    assert not await claim_for(pooled_url).acquire()
    await second.release()


@pytest.mark.parametrize(
    "query",
    [
        "connect_timeout=5&application_name=hooks", "statement_cache_size=0", "sslmode=disable",
        "channel_binding=prefer&gssencmode=disable&client_encoding=UTF8",
        "options=-c%20statement_timeout%3D5000", "target_session_attrs=read-write",
    ],
)  # fmt: skip
async def test_parameters_of_libpq_are_taken(postgres_url: str, query: str) -> None:
    server = Server(f"{postgres_url}&{query}")
    connection = await server.connect()
    assert server.pooled == ("statement_cache_size" in query)
    if "options" in query:
        assert await connection.fetchval("SHOW statement_timeout") == "5s"
    if "application_name" in query:
        assert await connection.fetchval("SHOW application_name") == "hooks"
    await connection.close()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("channel_binding=require", "channel_binding"), ("gssencmode=require", "gssencmode"),
        ("connect_timeout=soon", "connect_timeout"), ("pgbouncer=true", "pgbouncer"),
        ("keepalives_idle=30", "keepalives_idle"), ("service=x", "service"), ("foo=bar", "foo"),
    ],
)  # fmt: skip
async def test_parameters_of_libpq_are_refused_in_words(
    postgres_url: str, query: str, word: str
) -> None:
    with pytest.raises(UrlError, match=word):
        read_address(f"{postgres_url}&{query}")
    with pytest.raises(StoreUnavailableError, match=f"DATABASE_URL.*{word}"):
        await make_store(f"{postgres_url}&{query}").open()


async def test_a_transaction_that_waits_keeps_no_vacuum_waiting(postgres_url: str) -> None:
    claim = claim_for(postgres_url)
    assert await claim.acquire()
    connection = await asyncpg.connect(postgres_url)
    held = await connection.fetch(
        "SELECT backend_xmin, backend_xid FROM pg_stat_activity WHERE state = 'idle in transaction'"
        " AND datname = current_database()"
    )
    assert [tuple(row) for row in held] == [(None, None)]
    await connection.close()
    await claim.release()


async def told(hub: PostgresHub, queue: EventQueue, other: PostgresHub) -> None:
    """What the other publishes is heard."""

    async def hears() -> bool:
        return hub.hears("u1")

    await eventually(hears)
    queue.drain()
    other.publish("u1", Event("incident"))
    async with asyncio.timeout(DEADLINE):
        while "incident" not in {event.kind for event in await queue.next_events()}:
            """What may have been missed before."""


async def test_processes_hear_each_other_beside_it(
    pooled_url: str, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def no_revs(user_ids: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(user_ids, 0)

    for listen_url, warns in ((postgres_url, False), (pooled_url, True)):
        hubs = [PostgresHub(pooled_url, listen_url, no_revs) for _ in range(2)]
        for hub in hubs:
            await hub.open()
        await told(hubs[0], hubs[0].watch("u1"), hubs[1])
        for hub in hubs:
            await hub.close()
        assert ("a pooler stands before the database" in caplog.text) == warns
