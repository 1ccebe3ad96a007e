"""What every hub promises to those who watch and those who publish."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from srhooks.hub import KINDS, Event, EventQueue, Hub, make_hub
from srhooks.store import make_store

from tests.support.harness import DEADLINE


@pytest.fixture(params=["sqlite", "postgres"])
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    made = make_hub(url, "", make_store(url))
    await made.open()
    yield made
    await made.close()


async def next_events(queue: EventQueue) -> list[Event]:
    return await asyncio.wait_for(queue.next_events(), DEADLINE)


async def test_every_viewer_of_a_user_hears_and_nobody_else(hub: Hub) -> None:
    first, second, other = hub.watch("ada"), hub.watch("ada"), hub.watch("bob")
    event = Event("notification")
    hub.publish("ada", event)
    assert await next_events(first) == [event]
    assert await next_events(second) == [event]
    assert other.empty()
    hub.publish("nobody", event)


async def test_who_left_hears_nothing_and_others_go_on(hub: Hub) -> None:
    first, second = hub.watch("ada"), hub.watch("ada")
    hub.leave("ada", first)
    hub.leave("ada", first)
    hub.leave("nobody", EventQueue())
    hub.publish("ada", Event("deleted"))
    assert [event.kind for event in await next_events(second)] == ["deleted"]
    assert first.empty()


async def test_a_slow_viewer_holds_the_latest_of_each_kind(hub: Hub) -> None:
    queue = hub.watch("ada")
    for number in range(1000):
        for kind in KINDS:
            hub.publish("ada", Event(kind, session_id=str(number)))
    assert queue.qsize() == len(KINDS) <= queue.maxsize
    events = await next_events(queue)
    assert [event.kind for event in events] == list(KINDS)
    assert {event.session_id for event in events} == {"999"}
    assert queue.empty()


async def test_who_waits_is_woken_and_hears_what_came_together(hub: Hub) -> None:
    queue = hub.watch("ada")
    waiting = asyncio.create_task(queue.next_events())
    await asyncio.sleep(0)
    hub.publish("ada", Event("login"))
    hub.publish("ada", Event("deleted"))
    assert [event.kind for event in await waiting] == ["login", "deleted"]
    assert queue.drain() == []


async def test_events_of_a_process_are_in_order() -> None:
    assert Event("login").order < Event("login").order


async def test_what_is_told_to_processes_is_not_told_here(hub: Hub) -> None:
    heard: list[str] = []
    hub.on_message("topic", heard.append)
    hub.publish_to_processes("topic", "key")
    await hub.close()
    assert "key" not in heard
