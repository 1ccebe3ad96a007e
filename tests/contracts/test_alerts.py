"""What a store promises of alerts, over both databases."""

from dataclasses import replace

from srhooks.domain.alerts import AlertMessage, AlertSettings, QuietHours
from srhooks.domain.clock import now_ms
from srhooks.domain.incidents import NewIncident
from srhooks.store import Store


def message(number: int, user_id: str = "u1", due_at: int = 10) -> AlertMessage:
    return AlertMessage(number, user_id, "email", "a@b.example", {"é": [1]}, 5, due_at)


def incident(user_id: str, subject: str) -> NewIncident:
    return NewIncident(user_id=user_id, kind="failing", subject=subject, title="It fails")


async def test_settings(store: Store) -> None:
    assert await store.alert_settings("u1") is None
    for settings in (
        AlertSettings(("a@b.example",), ("login",), QuietHours(1, 2, "Europe/Berlin")),
        AlertSettings((), (), None),
    ):
        await store.save_alert_settings("u1", settings)
        assert await store.alert_settings("u1") == settings
    assert await store.alert_settings("u2") is None


async def test_addresses_confirm_themselves(store: Store) -> None:
    await store.add_alert_address("u1", "a@b.example", "first", 1)
    await store.add_alert_address("u1", "a@b.example", "second", 2)
    await store.add_alert_address("u2", "a@b.example", "other", 2)
    assert await store.confirm_address("first", 3) is None
    assert await store.confirm_address("second", 3) == "a@b.example"
    assert await store.confirm_address("second", 9) == "a@b.example"
    (mine,) = await store.alert_addresses("u1")
    assert (mine.asked_at, mine.confirmed_at) == (2, 3)
    (other,) = await store.alert_addresses("u2")
    assert other.confirmed_at is None
    await store.forget_addresses("u1", ["c@b.example"])
    assert await store.alert_addresses("u1") == []
    assert len(await store.alert_addresses("u2")) == 1


async def test_the_outbox(store: Store) -> None:
    assert await store.next_alert_due() is None
    await store.enqueue_alerts("u1", [message(1), message(2, due_at=8)], [], [], 5)
    assert await store.next_alert_due() == 8
    assert [one.id for one in await store.due_alerts("email", 10, 5)] == [2, 1]
    assert await store.due_alerts("webhook", 10, 5) == []
    await store.postpone_alert(2, 20)
    assert await store.due_alerts("email", 10, 5) == [message(1)]
    (later,) = (await store.due_alerts("email", 20, 5))[1:]
    assert later == replace(message(2, due_at=20), attempts=1)
    await store.delete_alert(1)
    assert await store.next_alert_due() == 20
    await store.close_account("u1", 30)
    assert await store.next_alert_due() is None


async def test_events_become_messages_at_once_or_not_at_all(store: Store) -> None:
    first = await store.open_incident(incident("u1", "a"), 1)
    await store.open_incident(incident("u2", "a"), 1)
    assert first is not None
    assert await store.users_with_incident_events() == ["u1", "u2"]
    (event,) = await store.incident_events_of("u1", 10)
    assert event.incident == first
    await store.enqueue_alerts("u1", [message(1)], [event.id], [first.id], 100)
    assert await store.users_with_incident_events() == ["u2"]
    assert await store.alerts_sent("u1", 99) == [100]
    assert await store.alerts_sent("u1", 100) == []
    assert await store.incidents_to_remind_of(99, 10) == []
    assert await store.incidents_to_remind_of(100, 10) == [first]
    await store.enqueue_alerts("u1", [], [], [first.id], 200)
    assert await store.incidents_to_remind_of(199, 10) == []
    await store.acknowledge_incident("u1", first.id, 201, end=False)
    assert await store.incidents_to_remind_of(300, 10) == []
    await store.purge(0, now_ms(), 10)
    assert await store.alerts_sent("u1", 0) == []
