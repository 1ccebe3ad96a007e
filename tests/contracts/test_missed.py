"""What never arrived, in both databases: what counts as arrived, and how far logs were read."""

from typing import Any

import pytest
from srhooks.domain.account import SealedCredential, User
from srhooks.domain.ids import received_ms
from srhooks.domain.missed import LoggedNotification, LogWalk, Try
from srhooks.domain.models import Hook, NewNotification
from srhooks.store import Store

SENT = 1_790_000_000_000  # ms


@pytest.fixture
async def store(empty_store: Store) -> Store:
    user = User("u1", "sr1", "Ada", "ada@example.com", False, 1, 1)
    await empty_store.save_user(user, SealedCredential(b"a", b"r", 1, 1, dead=False))
    await empty_store.add_hook(Hook("h1", "u1", "s1", None, 1))
    return empty_store


def logged(event_id: str | None = "e1", **changes: Any) -> LoggedNotification:
    given: dict[str, Any] = {
        "hook_id": "h1", "subscription_id": "s1", "event_id": event_id,
        "event_name": "job.created", "timestamp": SENT, "headers": '{"event-id": "e1"}',
        "body": b'{"id": "\xff"}', "tries": (Try(SENT, False),),
    }  # fmt: skip
    return LoggedNotification(**(given | changes))


async def arrive(store: Store, event_id: str | None = "e1", **changes: Any) -> int:
    given: dict[str, Any] = {
        "id": store.next_id(), "user_id": "u1", "hook_id": "h1", "subscription_id": "s1",
        "event_id": event_id, "event_name": "job.created", "event_version": None, "link": None,
        "headers": "{}", "body": b'{"id": "\xff"}', "signature": "unsigned", "sent_at": SENT,
        "entity_status": "none",
    }  # fmt: skip
    return (await store.add_notification(NewNotification(**(given | changes)))).id


async def test_one_arrived_by_its_event_id_alone(store: Store) -> None:
    number = await arrive(store, body=b"other", sent_at=1, event_name="odd")
    one, other = logged(), logged("e2")
    assert await store.arrived([one, other]) == {one.identity: number}
    assert await store.arrived([logged(hook_id="h2")]) == {}
    assert await store.arrived([]) == {}


@pytest.mark.parametrize(("here", "there"), [(None, "e1"), ("e1", None), (None, None)])
async def test_else_by_body_event_and_timestamp(
    store: Store, here: str | None, there: str | None
) -> None:
    number = await arrive(store, here)
    one = logged(there)
    assert await store.arrived([one]) == {one.identity: number}
    for change in ({"body": b"{}"}, {"event_name": "job.updated"}, {"timestamp": SENT + 1000}):
        assert await store.arrived([logged(there, **change)]) == {}
    nameless = await arrive(store, here and "e9", event_name=None, sent_at=None)
    bare = logged(there and "e8", event_name=None, timestamp=None)
    assert await store.arrived([bare]) == {bare.identity: nameless}


async def test_two_with_different_event_ids_are_two(store: Store) -> None:
    await arrive(store, "e1")
    assert await store.arrived([logged("e2")]) == {}


async def test_an_invalid_one_counts_only_when_it_was_backfilled(store: Store) -> None:
    number = await arrive(store, signature="invalid")
    one = logged()
    assert await store.arrived([one]) == {}
    await store.mark_backfilled("u1", number)
    assert await store.arrived([one]) == {one.identity: number}
    (shown,) = await store.by_ids("u1", [number])
    assert shown.is_backfilled
    await store.unmark_backfilled(number)
    assert await store.arrived([one]) == {}


@pytest.mark.parametrize("event_id", ["e1", None])
async def test_what_was_deleted_here_arrived_and_is_forgotten_in_time(
    store: Store, event_id: str | None
) -> None:
    number = await arrive(store, event_id)
    forged = await arrive(store, "e5", signature="invalid", body=b"forged")
    await store.delete_notifications("u1", [number, forged])
    one = logged(event_id)
    assert await store.arrived([one]) == {one.identity: None}
    assert await store.arrived([logged("e5", body=b"forged")]) == {}
    assert await store.arrived([logged("e1", timestamp=1, body=b"")]) == (
        {logged("e1", timestamp=1, body=b"").identity: None} if event_id else {}
    )
    await store.forget_deleted(2**53)
    assert await store.arrived([one]) == {}


async def test_tries_are_merged_and_a_page_moves_the_walk_with_what_it_found(
    store: Store,
) -> None:
    assert await store.log_walk("u1", "s1") == LogWalk()
    walk = LogWalk(checked_to=5, top=9, floor=2, position="t7.ab")
    first = logged(tries=(Try(SENT, False), Try(SENT + 60_000, False)))
    await store.save_log_page("u1", "s1", [first, logged(None)], walk, 100)
    assert await store.log_walk("u1", "s1") == walk
    assert await store.log_walk("u2", "s1") == LogWalk()
    more = logged(tries=(Try(SENT + 60_000, False), Try(SENT + 240_000, True)))
    done = LogWalk(checked_to=9)
    await store.save_log_page("u1", "s1", [more], done, 100)
    assert await store.log_walk("u1", "s1") == done
    kept = {one.logged.event_id: one for one in await store.missed("u1")}
    assert kept.keys() == {"e1", None}
    merged = kept["e1"].logged
    assert merged.tries == (*first.tries, Try(SENT + 240_000, True))
    assert (merged.body, merged.timestamp, merged.headers) == (
        first.body, first.timestamp, first.headers,
    )  # fmt: skip
    assert received_ms(kept["e1"].id) == SENT
    assert await store.users_with_missed() == ["u1"]
    assert await store.missed("u2") == []
    await store.forget_missed("u2", [kept["e1"].id])
    assert len(await store.missed("u1")) == 2
    await store.forget_missed("u1", [one.id for one in kept.values()])
    assert await store.missed("u1") == []
    assert await store.users_with_missed() == []


async def test_no_more_than_so_many_are_kept(store: Store) -> None:
    many = [logged(f"e{number}") for number in range(7)]
    await store.save_log_page("u1", "s1", many[:4], LogWalk(), 5)
    await store.save_log_page("u1", "s1", many[2:], LogWalk(), 5)
    assert {one.logged.event_id for one in await store.missed("u1")} == {
        f"e{number}" for number in range(5)
    }


async def test_when_all_logs_were_read_last(store: Store) -> None:
    assert await store.log_checked_at("u1") is None
    await store.record_log_check("u1", 7)
    await store.record_log_check("u1", 8)
    assert await store.log_checked_at("u1") == 8
    assert await store.log_checked_at("u2") is None
