"""Incidents in both databases: one open for each kind and subject, each change told once."""

from typing import Any

import pytest
from srhooks.domain.account import SealedCredential, User
from srhooks.domain.incidents import Incident, NewIncident
from srhooks.store import Store

DAY = 86_400_000


@pytest.fixture
async def store(empty_store: Store) -> Store:
    user = User("u1", "sr1", "Ada", "ada@example.com", False, 1, 1)
    await empty_store.save_user(user, SealedCredential(b"a", b"r", 1, 1, dead=False))
    return empty_store


def new(**changes: Any) -> NewIncident:
    given: dict[str, Any] = {
        "user_id": "u1", "kind": "suspended", "subject": "s1", "subscription_id": "s1",
        "title": "job.created is inactive", "details": {"status": "inactive"},
    }  # fmt: skip
    return NewIncident(**(given | changes))


async def changes(store: Store) -> list[tuple[int, str]]:
    """What the channels were not handed yet, of all accounts, oldest first."""
    events = [
        event
        for user_id in await store.users_with_incident_events()
        for event in await store.incident_events_of(user_id, 100)
    ]
    return [(event.incident.id, event.change) for event in sorted(events, key=lambda one: one.id)]


async def opened(store: Store, at: int = 10, **changed: Any) -> Incident:
    incident = await store.open_incident(new(**changed), at)
    assert incident is not None
    return incident


async def test_one_is_open_for_each_kind_and_subject(store: Store) -> None:
    first = await opened(store)
    assert (first.opened_at, first.ended_at, first.details) == (10, None, {"status": "inactive"})
    assert await store.open_incident(new(title="still", details={"more": 1}), 20) is None
    others = [
        await opened(store, kind="failing"),
        await opened(store, subject="s2", subscription_id="s2"),
        await opened(store, user_id="u2"),
    ]
    assert await changes(store) == [(one.id, "opened") for one in (first, *others)]
    renewed = await store.incident("u1", first.id)
    assert renewed is not None
    assert (renewed.title, renewed.details, renewed.opened_at) == ("still", {"more": 1}, 10)
    assert await store.incident("u2", first.id) is None
    assert await store.open_incident_counts() == {"suspended": 3, "failing": 1}


async def test_one_that_ended_opens_anew(store: Store) -> None:
    first = await opened(store)
    ended = await store.end_incident("u1", "suspended", "s1", 30)
    assert ended is not None
    assert (ended.id, ended.ended_at) == (first.id, 30)
    assert await store.end_incident("u1", "suspended", "s1", 40) is None
    second = await opened(store, at=50)
    assert await changes(store) == [
        (first.id, "opened"), (first.id, "ended"), (second.id, "opened")
    ]  # fmt: skip
    assert [one.id for one in await store.incidents("u1", None, 10)] == [second.id, first.id]
    assert [one.id for one in await store.incidents("u1", second.id, 10)] == [first.id]
    assert await store.incidents("u1", second.id, 10, open_only=True) == []
    assert [one.id for one in await store.incidents("u1", None, 1, open_only=True)] == [second.id]


async def test_an_acknowledgement_ends_only_what_it_should(store: Store) -> None:
    first = await opened(store)
    assert await store.acknowledge_incident("u2", first.id, 20, end=True) is None
    for at in (20, 30):
        known = await store.acknowledge_incident("u1", first.id, at, end=False)
        assert known is not None
        assert (known.acknowledged_at, known.ended_at) == (20, None)
    gone = await opened(store, kind="gone")
    for at in (40, 50):
        known = await store.acknowledge_incident("u1", gone.id, at, end=True)
        assert known is not None
        assert (known.acknowledged_at, known.ended_at) == (40, 40)
    assert await changes(store) == [
        (first.id, "opened"), (gone.id, "opened"), (gone.id, "ended")
    ]  # fmt: skip


async def test_they_go_with_the_account_and_the_retention(store: Store) -> None:
    await opened(store)
    old = await opened(store, kind="failing")
    await store.end_incident("u1", "failing", "s1", DAY)
    await store.purge(DAY, DAY, 10)
    assert await store.incident("u1", old.id) is not None
    await store.purge(DAY + 1, DAY + 1, 10)
    assert await store.incident("u1", old.id) is None
    assert len(await changes(store)) == 1
    await store.close_account("u1", 1)
    assert await store.incidents("u1", None, 10) == []
    assert await changes(store) == []
