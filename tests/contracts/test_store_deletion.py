"""Accounts and candidates that have to go."""

from pathlib import Path

from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import received_ms
from srhooks.domain.models import WHOLE_ACCOUNT, EntityJob, Erasure, Hook
from srhooks.store import Store, make_store

from tests.support.every_table import fill, tables_of_account, value_of
from tests.support.stored import add, notification


async def test_an_account_is_closed_at_once_and_emptied_in_steps(store: Store) -> None:
    await store.add_hook(Hook("h1", "u1", "s1", None, 5))
    await store.add_key("h1", b"k1", 10)
    for _ in range(3):
        await add(store)
    kept = await add(store, user_id="u2")
    await store.add_erasure("u1", "c1", 7)
    await store.close_account("u1", 8)
    assert await store.user("u1") is None
    assert await store.credential("u1") is None
    assert await store.hook("h1") is None
    assert await store.keys("h1") == []
    assert await store.erasures() == [Erasure("u1", WHOLE_ACCOUNT, 8, 0)]
    assert [await store.delete_some("u1", 2) for _ in range(3)] == [2, 1, 0]
    assert await store.notification("u2", kept) is not None
    await store.finish_erasure((await store.erasures())[0])
    assert await store.erasures() == []
    assert await store.scrub(index=True)


# What still has rows of an account that was closed, and what removes them.
REMAINS = {
    "notifications",  # in steps, until all are gone
    "erasures",  # the request for these steps
}


async def test_no_table_keeps_what_belongs_to_an_account(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made = make_store(f"sqlite:///{path}")
    await made.open()
    await made.close()
    fill(path)
    user_id = value_of("user_id", "TEXT", 3)
    assert len(tables_of_account(path, user_id)) > len(REMAINS)
    store = make_store(f"sqlite:///{path}")
    await store.open()
    await store.close_account(user_id, 8)
    await store.close()
    assert tables_of_account(path, user_id) == REMAINS


async def test_an_erased_notification_tells_only_that_it_came(store: Store) -> None:
    number = await add(store, event_id="e1", body=b'{"id": "needle"}')
    job = EntityJob("u1", "https://api.test/jobs/1", number, 0)
    await store.finish_entity(job, "fetched", 5, entity=b'{"x": "needle"}', title="needle")
    while await store.index_some(10):
        pass
    assert await store.erase_notifications("u2", [number]) == 0
    before = await store.last_rev("u1")
    assert await store.erase_notifications("u1", [number]) == 1
    for _ in range(2):  # before and after the index knows
        assert await store.notifications("u1", Filter(q="needle"), 9) == []
        assert await store.notifications("u1", Filter(q="jobs/1"), 9) == []
        (left,) = await store.notifications("u1", Filter(q="job.created"), 9)
        assert (left.body, left.entity, left.link, left.headers) == (b"", None, None, {})
        assert (left.entity_status, left.changes, left.erased) == ("none", None, True)
        while await store.index_some(10):
            pass
    assert left.rev > before
    again = await store.add_notification(notification(store, event_id="e1", body=b"needle"))
    assert again.duplicate
    assert await store.notifications("u1", Filter(q="needle"), 9) == []


async def test_an_erasure_is_noted_with_its_notification_until_it_is_over(store: Store) -> None:
    number = await add(store, event_id="e1", erases="c1")
    await add(store, event_id="e1", erases="c1")  # a re-delivery asks for nothing new
    (note,) = await store.erasures()
    assert note == Erasure("u1", "c1", received_ms(number), 0)
    await store.move_erasure(note, 77)
    assert (await store.erasures())[0].rev == 77
    await store.add_erasure("u1", "c1", note.at + 5)
    await store.finish_erasure(note)  # it was asked for again since
    assert await store.erasures() == [Erasure("u1", "c1", note.at + 5, 0)]
    assert await store.has_pending("u1", number + 1)
    assert not await store.has_pending("u1", number)
