"""The hubs of several processes on one database hear each other, whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import asyncpg
import pytest
from srhooks.hub import ANYTHING, KINDS, Event, EventQueue
from srhooks.hub import postgres_sender as sender
from srhooks.hub.postgres import PostgresHub
from srhooks.hub.wire import (
    MAX_PAYLOAD,
    SHARDS,
    Payload,
    channel_of,
    pack_events,
    pack_messages,
    unpack,
)
from srhooks.store import make_store
from srhooks.store.postgres import PostgresStore

from tests.support.harness import DEADLINE, eventually
from tests.support.stored import TOKENS, add, person

NEVER = 3600.0  # seconds


class Revs:
    """What a store says of its users' newest changes."""

    def __init__(self) -> None:
        self.revs: dict[str, int] = {}
        self.looks = 0

    async def __call__(self, user_ids: Sequence[str]) -> dict[str, int]:
        self.looks += 1
        return {user_id: self.revs.get(user_id, 0) for user_id in user_ids}


Make = Callable[..., Awaitable[PostgresHub]]


@pytest.fixture
async def make(postgres_url: str) -> AsyncIterator[Make]:
    """Makes hubs of processes; each polls only where a test says so."""
    hubs: list[PostgresHub] = []

    async def new(
        url: str = postgres_url, poll: float = NEVER, revs: Revs | None = None
    ) -> PostgresHub:
        hub = PostgresHub(url, postgres_url, revs or Revs(), poll)
        await hub.open()
        hubs.append(hub)
        return hub

    yield new
    for hub in hubs:
        await hub.close()


async def watched(hub: PostgresHub, user_id: str) -> EventQueue:
    """A queue that hears other processes from now on."""
    queue = hub.watch(user_id)

    async def hears() -> bool:
        return hub.hears(user_id)

    await eventually(hears)
    queue.drain()  # what may have been missed before
    return queue


async def heard(queue: EventQueue) -> list[Event]:
    return await asyncio.wait_for(queue.next_events(), DEADLINE)


async def hear(queue: EventQueue, *kinds: str) -> None:
    """Wait until these were heard, and nothing else was."""
    missing = set(kinds)
    while missing:
        found = {event.kind for event in await heard(queue)}
        assert found <= set(kinds)
        missing -= found


async def listening(hub: PostgresHub, topic: str) -> list[str]:
    """The keys of messages, from now on."""
    keys: list[str] = []
    hub.on_message(topic, keys.append)
    await watched(hub, "nobody")  # its connection stands
    keys.clear()
    return keys


async def until(keys: list[str], *expected: str) -> None:
    async def arrived() -> bool:
        return set(expected) <= set(keys)

    await eventually(arrived)


async def end_connections(url: str, what: str) -> None:
    """As a server that restarts: those whose last statement was this."""
    connection = await asyncpg.connect(url)
    ended = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
        " current_database() AND pid <> pg_backend_pid() AND query LIKE $1",
        what,
    )
    assert ended
    await connection.close()


async def test_viewers_of_other_processes_hear(make: Make) -> None:
    first, second = await make(), await make()
    ada, bob = await watched(second, "ada"), await watched(second, "bob")
    mine = await watched(first, "ada")
    first.publish("ada", Event("notification"))
    first.publish("ada", Event("incident"))
    assert [event.kind for event in mine.drain()] == ["notification", "incident"]  # at once
    await hear(ada, "notification", "incident")
    assert bob.empty()
    second.publish("ada", Event("deleted"))
    assert [event.kind for event in await heard(mine)] == ["deleted"]  # and not its own again


async def test_messages_reach_all_others(make: Make) -> None:
    first, second, third = await make(), await make(), await make()
    mine, theirs, others = [await listening(hub, "hook") for hub in (first, second, third)]
    quiet = await listening(second, "other topic")
    first.publish_to_processes("hook", "h1")
    first.publish_to_processes("hook", "x" * 1000)
    await until(theirs, "h1", ANYTHING)
    await until(others, "h1", ANYTHING)
    assert mine == quiet == []


async def test_a_failing_callback_is_nothing_to_others(make: Make) -> None:
    first, second = await make(), await make()

    def fails(key: str) -> None:
        raise ValueError(key)

    second.on_message("hook", fails)
    keys = await listening(second, "hook")
    first.publish_to_processes("hook", "h1")
    await until(keys, "h1")


async def test_a_lost_connection_is_opened_again_and_caught_up(
    make: Make, postgres_url: str
) -> None:
    first, second = await make(), await make()
    keys = await listening(second, "hook")
    ada = await watched(second, "ada")
    await end_connections(postgres_url, "%LISTEN%")
    await hear(ada, *KINDS)
    await until(keys, ANYTHING)
    first.publish_to_processes("hook", "h1")
    await until(keys, "h1")


async def test_what_cannot_be_sent_waits(make: Make, postgres_url: str) -> None:
    """A full queue of the server refuses each NOTIFY, until those who are slow have read."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(
        "CREATE SCHEMA full_queue; CREATE FUNCTION full_queue.pg_notify(text, text) RETURNS void"
        " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'too many notifications in the NOTIFY"
        " queue' USING ERRCODE = 'program_limit_exceeded'; END $$"
    )
    path = "options=-csearch_path%3Dfull_queue,public,pg_catalog"
    first, second = await make(f"{postgres_url}&{path}"), await make()
    keys = await listening(second, "hook")
    ada = await watched(second, "ada")
    mine = first.watch("ada")
    first.publish("ada", Event("notification"))
    first.publish_to_processes("hook", "h1")
    assert "notification" in {event.kind for event in await heard(mine)}
    first.publish_to_processes("hook", "h2")
    assert ada.empty()
    await connection.execute("DROP SCHEMA full_queue CASCADE")
    await until(keys, "h1", "h2")
    assert "notification" in {event.kind for event in await heard(ada)}
    await connection.close()


async def test_a_server_that_is_away_stops_nobody(make: Make, postgres_url: str) -> None:
    nowhere = postgres_url.replace("host=", "host=/nowhere", 1)
    first = PostgresHub(nowhere, nowhere, Revs())
    await first.open()
    queue = first.watch("ada")
    first.publish("ada", Event("notification"))
    assert [event.kind for event in await heard(queue)] == ["notification"]
    await first.close()


async def test_what_waits_is_bounded(postgres_url: str) -> None:
    hub = PostgresHub(postgres_url, postgres_url, Revs())
    for number in range(sender.MAX_USERS + 5):
        hub.publish(f"user {number}", Event("notification"))
    for number in range(sender.MAX_MESSAGES + 5):
        hub.publish_to_processes("hook", str(number))
    other = PostgresHub(postgres_url, postgres_url, Revs())
    await other.open()
    keys = await listening(other, "hook")
    ada = await watched(other, "ada")
    await hub.open()
    await hear(ada, *KINDS)  # everybody's pages look
    await until(keys, ANYTHING)
    assert set(keys) == {ANYTHING}
    await hub.close()
    await other.close()


async def test_what_was_lost_is_found_by_looking(make: Make) -> None:
    revs = Revs()
    hub = await make(poll=0.01, revs=revs)
    ada, bob = await watched(hub, "ada"), await watched(hub, "bob")
    revs.revs = {"ada": 5}
    await hear(ada, "notification", "deleted")
    ada.drain(), bob.drain()
    revs.revs = {"ada": 5, "bob": 9}
    assert "notification" in {event.kind for event in await heard(bob)}
    assert ada.empty()


async def test_a_look_counts_for_those_who_were_told_of_something_else(make: Make) -> None:
    revs = Revs()
    hub = await make(poll=0.01, revs=revs)
    ada = await watched(hub, "ada")

    async def looked() -> bool:
        return revs.looks >= 3

    await eventually(looked)
    ada.drain()
    revs.revs = {"ada": 5}
    hub.publish("ada", Event("incident"))
    await hear(ada, "incident", "notification", "deleted")


async def test_the_store_tells_the_newest_change_of_each(postgres_url: str) -> None:
    store = make_store(postgres_url)
    assert isinstance(store, PostgresStore)
    await store.open()
    await store.save_user(person(1), TOKENS)
    await store.save_user(person(2), TOKENS)
    await add(store)
    assert await store.last_revs(["u1", "u2", "u3"]) == {
        "u1": await store.last_rev("u1"),
        "u2": 0,
    }
    await store.close()


def test_payloads_fit() -> None:
    users = [(f"user-{number:016d}ü", list(KINDS)) for number in range(500)]
    payloads = list(pack_events("me", users))
    assert len(payloads) > 1
    assert all(len(text.encode()) <= MAX_PAYLOAD for text in payloads)
    read = [unpack(text) for text in payloads]
    assert [event for one in read if one for event in one.events] == users
    messages = [("hook", f'"\\ü{number}' * 20) for number in range(100)]
    payloads = list(pack_messages("me", messages))
    assert all(len(text.encode()) <= MAX_PAYLOAD for text in payloads)
    read = [unpack(text) for text in payloads]
    assert [message for one in read if one for message in one.messages] == messages
    assert list(pack_messages("me", [])) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"from": 1}',
        '{"from": "a", "events": 3, "messages": [1, ["x"], [1, 2]]}',
    ],
)
def test_what_is_not_understood_is_passed_over(text: str) -> None:
    assert unpack(text) in (None, Payload("a"))


def test_a_newer_version_may_say_more() -> None:
    text = json.dumps({"from": "a", "new": [1], "messages": [["hook", "h", "more"]]})
    assert unpack(text) == Payload("a", [], [("hook", "h")])


def test_users_are_spread_over_the_channels() -> None:
    assert len({channel_of(f"user {number}") for number in range(2000)}) == SHARDS
