"""When notifications were answered and shown, in both databases."""

import pytest
from srhooks.domain.models import Hook, NewNotification
from srhooks.store import Store


@pytest.fixture
async def store(empty_store: Store) -> Store:
    await empty_store.add_hook(Hook("h1", "u1", "s1", None, 1))
    return empty_store


async def add(store: Store, signature: str = "valid") -> int:
    new = NewNotification(
        id=store.next_id(), user_id="u1", hook_id="h1", subscription_id="s1", event_id=None,
        event_name="job.created", event_version=None, link=None, headers="{}", body=b"",
        signature=signature, sent_at=5000, entity_status="none",  # type: ignore[arg-type]
    )  # fmt: skip
    return (await store.add_notification(new)).id


async def test_the_first_time_of_ones_own_stays_and_goes_with_it(store: Store) -> None:
    first, forged, log = await add(store), await add(store, "invalid"), await add(store)
    await store.mark_backfilled("u1", log)
    await store.save_answered("u1", [(first, 10), (forged, 11), (7, 12)])
    await store.save_answered("u1", [(first, 99)])
    await store.save_shown("u2", [(first, 20)])
    await store.save_shown("u1", [(first, 30)])
    rows = await store.notification_times("u1", [(first, store.next_id())], 10)
    assert [(row.id, row.sent_at, row.answered_at, row.shown_at) for row in rows] == [
        (forged, None, 11, None), (first, 5000, 10, 30),
    ]  # fmt: skip
    assert [row.id for row in await store.notification_times("u1", [(first, forged)], 10)] == [
        first
    ]
    assert len(await store.notification_times("u1", [(first, store.next_id())], 1)) == 1
    assert await store.notification_times("u2", [(first, store.next_id())], 10) == []
    await store.delete_notifications("u1", [first, forged])
    await store.save_shown("u1", [(first, 30)])
    assert await store.notification_times("u1", [(first, store.next_id())], 10) == []
