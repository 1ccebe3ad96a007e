"""Notifications, hooks and the commits that keep them: one suite for every store."""

import asyncio
from dataclasses import replace

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import received_ms
from srhooks.domain.models import EntityJob, Hook
from srhooks.store import Store
from srhooks.store.group_commit import Transaction
from srhooks.store.sql_store import SqlStore

from tests.support.stored import add, notification


async def test_what_was_added_comes_back_newest_first(store: Store) -> None:
    added = [await add(store, body=b"\x00\xff" + str(n).encode()) for n in range(5)]
    found = await store.notifications("u1", Filter(), 3)
    assert [n.id for n in found] == added[:1:-1]
    assert found[0].body == b"\x00\xff4"
    assert found[0].received_at == received_ms(added[-1])
    assert abs(found[0].received_at - now_ms()) < 60_000
    assert await store.notifications("u2", Filter(), 3) == []
    assert await store.notification("u2", added[0]) is None
    assert (await store.notification("u1", added[0])) is not None


async def test_a_redelivery_is_counted_and_keeps_the_first(store: Store) -> None:
    first = await store.add_notification(notification(store, event_id="e1", body=b"first"))
    rev = (await store.by_ids("u1", [first.id]))[0].rev
    again = await store.add_notification(notification(store, event_id="e1", body=b"second"))
    assert (again.id, again.duplicate) == (first.id, True)
    assert not (
        await store.add_notification(notification(store, event_id="e1", hook_id="h2"))
    ).duplicate
    assert not (
        await store.add_notification(notification(store, event_id="e1", signature="invalid"))
    ).duplicate
    found = await store.notification("u1", first.id)
    assert found is not None
    assert (found.deliveries, found.body) == (2, b"first")
    assert found.rev > rev
    assert len(await store.deliveries(first.id)) == 1


async def test_what_was_opened_is_known_until_it_is_deleted(store: Store) -> None:
    first, second, third = [await add(store) for _ in range(3)]
    for number in (first, third, third):
        await store.mark_opened("u1", number)
    assert await store.opened("u1", 0) == {first, third}
    assert await store.opened("u1", second) == {third}
    assert await store.opened("u2", 0) == set()
    await store.delete_notifications("u1", [third])
    assert await store.opened("u1", 0) == {first}


async def test_without_an_event_id_nothing_is_merged(store: Store) -> None:
    await add(store)
    await add(store)
    assert len(await store.notifications("u1", Filter(), 10)) == 2


async def test_many_at_once_share_commits_and_repeat_in_one_group(store: Store) -> None:
    stored = await asyncio.gather(
        *(store.add_notification(notification(store, event_id=f"e{n % 50}")) for n in range(200))
    )
    assert sum(not one.duplicate for one in stored) == 50
    found = await store.notifications("u1", Filter(), 100)
    assert [n.deliveries for n in found] == [4] * 50


async def test_only_what_would_be_found_out_again_does_not_wait_for_the_disk(store: Store) -> None:
    assert isinstance(store, SqlStore)
    asked = "PRAGMA synchronous" if store.search_id == "rowid" else "SHOW synchronous_commit"
    seen: list[str] = []

    async def work(tx: Transaction) -> None:
        ((how,),) = await tx.fetch(asked)
        seen.append({1: "off", 2: "on"}.get(how, how))

    await store._work(work)
    await store._work(work, durable=False)
    await store._work(work)
    # Together in a commit: the notification's counts.
    await asyncio.gather(
        store._work(work), store._work(work, durable=False),
        store.add_notification(notification(store)), store._work(work, durable=False),
    )  # fmt: skip
    await asyncio.gather(store._work(work, durable=False), store._work(work, durable=False))
    with pytest.raises(RuntimeError):
        await store._work(_failing, durable=False)
    await store._work(work)
    assert seen == ["on", "off", "on", "on", "on", "on", "off", "off", "on"]


async def _failing(_: Transaction) -> None:
    raise RuntimeError


async def test_changes_after_a_cursor_are_complete_and_in_order(store: Store) -> None:
    first = await add(store)
    cursor = await store.last_rev("u1")
    second = await add(store, link="https://api.test/jobs/2")
    job = EntityJob("u1", "https://api.test/jobs/1", first, 0)
    await store.finish_entity(job, "gone", 7, error="404")
    changed = await store.changed_since("u1", cursor, 10)
    assert [n.id for n in changed] == [second, first]
    assert [n.rev for n in changed] == sorted(n.rev for n in changed)
    assert await store.last_rev("u1") == changed[-1].rev
    assert await store.last_rev("nobody") == 0


async def test_hooks_and_their_keys(store: Store) -> None:
    hook = Hook("h1", "u1", None, "x-auth", 5, events='["a.b"]')
    await store.add_hook(hook)
    await store.bind_hook("h1", "s1")
    await store.retire_hook("h1", 9)
    assert await store.hook("h1") == replace(hook, subscription_id="s1", deleted_at=9)
    await store.keep_events("h1", '["a.b", "c"]')
    await store.name_hook("h1", "Jobs")
    found = await store.hook("h1")
    assert found is not None
    assert (found.event_names, found.name) == (["a.b", "c"], "Jobs")
    assert await store.hook("h2") is None
    await store.add_hook(Hook("h2", "u1", None, None, 6))
    assert [one.id for one in await store.hooks("u1")] == ["h1", "h2"]
    await store.delete_hook("h2")
    await store.delete_hook("h1")  # it has a subscription
    assert [one.id for one in await store.hooks("u1")] == ["h1"]
    await store.add_key("h1", b"k1", 10)
    await store.add_key("h1", b"k2", 20)
    keys = await store.keys("h1")
    assert [(key.sealed, key.retired_at) for key in keys] == [(b"k2", None), (b"k1", 20)]
    await store.reseal_key(keys[0].id, b"k2b")
    assert (await store.keys("h1"))[0].sealed == b"k2b"


async def test_processing_again_changes_what_it_says_and_no_more(store: Store) -> None:
    one = await add(store, event_id="e1", signature="invalid", entity_status="refused", link=None)
    await add(store, event_id="e2", signature="valid", entity_status="none")
    other = await add(store, event_id="e2", signature="invalid", entity_status="refused")
    before = await store.last_rev("u1")
    await store.process_again("u2", one, "valid", "https://api.test/x", "pending", 1)
    assert await store.untried_entities("u1", 10, 10) == []
    for number in (one, other):
        await store.process_again("u1", number, "valid", "https://api.test/x", "pending", 1)
    found = {n.id: n for n in await store.by_ids("u1", [one, other])}
    assert (found[one].signature, found[one].link) == ("valid", "https://api.test/x")
    assert found[other].signature == "invalid"  # there is a valid one of the same delivery
    assert min(n.rev for n in found.values()) > before
    (job,) = await store.untried_entities("u1", 10, 10)
    assert (job.link, job.attempts) == ("https://api.test/x", 0)


async def test_check_answers_while_the_store_works(store: Store) -> None:
    await store.check()
    assert store.queue_depth == 0
