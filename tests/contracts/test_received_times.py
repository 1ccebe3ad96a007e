"""The time of receipt where ids do not tell it, in every store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.store import Store, make_store

from tests.support.clock import ManualClock
from tests.support.stored import TOKENS, notification, person

HOUR = 3_600_000
START = 1_790_000_000_000 // HOUR * HOUR


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'test.db'}"


async def opened(url: str, clock: ManualClock) -> Store:
    store = make_store(url, clock=clock)
    await store.open()
    await store.save_user(person(1), TOKENS)
    return store


@pytest.fixture
async def leaped(url: str) -> AsyncIterator[tuple[Store, list[int], list[int]]]:
    """Notifications of each hour; within hours 2 and 3 the clock is ten hours ahead."""
    clock = ManualClock(START)
    store = await opened(url, clock)
    ids, times = [], []
    for hour in range(6):
        if hour == 2:
            clock.leap(10 * HOUR)
        if hour == 4:
            clock.leap(-10 * HOUR)
            await store.close()  # a restart changes nothing
            store = await opened(url, clock)
        ids.append(await add(store, event_name=f"job.{hour % 2}", entity_status="none"))
        times.append(clock.now_ms())
        clock.passes(HOUR)
    yield store, ids, times
    await store.close()


async def add(store: Store, **changes: object) -> int:
    stamp = store.next_stamp()
    new = notification(store, id=stamp.id, received_at=stamp.received_at, **changes)
    return (await store.add_notification(new)).id


async def test_ids_order_and_times_tell(leaped: tuple[Store, list[int], list[int]]) -> None:
    store, ids, times = leaped
    assert ids == sorted(ids)
    found = await store.notifications("u1", Filter(), 9)
    assert [n.id for n in found] == ids[::-1]
    assert [n.received_at for n in found] == times[::-1]
    assert received_ms(ids[5]) > times[5]


async def test_before_and_after_a_time_go_by_the_receipt(
    leaped: tuple[Store, list[int], list[int]],
) -> None:
    store, ids, times = leaped
    rows = await store.notifications("u1", Filter(), 9)
    for bound in {time + change for time in times for change in (-1, 0, 1)}:
        for given in (
            Filter(received_before=bound),
            Filter(received_after=bound),
            Filter(received_after=bound - 2 * HOUR, received_before=bound + HOUR),
            Filter(received_before=bound, events=("job.",)),
            Filter(received_after=bound, events=("job.1",)),
            Filter(received_before=bound, before=ids[4]),
        ):
            found = await store.notifications("u1", given, 9)
            expected = [n.id for n in rows if given.matches(n)]
            assert [n.id for n in found] == expected, given
            assert await store.count("u1", given, 9) == len(expected)
            if given.received_before is not None and given.received_after is None:
                assert all(n.received_at < given.received_before for n in found)
    first_page = await store.notifications("u1", Filter(received_before=START + 5 * HOUR), 2)
    rest = replace(Filter(received_before=START + 5 * HOUR), before=first_page[-1].id)
    both = [*first_page, *await store.notifications("u1", rest, 9)]
    assert [n.id for n in both] == [ids[4], ids[1], ids[0]]


async def test_sums_go_by_the_receipt(leaped: tuple[Store, list[int], list[int]]) -> None:
    store, _, times = leaped
    low, span = first_id_at(START), first_id_at(HOUR)
    bars = await store.histogram("u1", low, first_id_at(START + 24 * HOUR), span)
    expected = sorted((time, f"job.{hour % 2}", 1) for hour, time in enumerate(times))
    assert sorted(bars) == expected
    since = first_id_at(START + 5 * HOUR)  # those of hour 4 came before, whatever their ids
    assert await store.counts_by_event("u1", since) == {"job.0": 1, "job.1": 2}
    assert await store.activity("u1", since) == {"s1": (times[5], 3)}
    assert sorted(one.received_at for one in await store.timings("u1", since, 9)) == [
        times[5], times[2], times[3]
    ]  # fmt: skip


async def test_the_retention_goes_by_the_receipt(
    leaped: tuple[Store, list[int], list[int]],
) -> None:
    store, ids, _ = leaped
    assert await store.purge(START + 5 * HOUR, 0, 99) == 3
    assert [n.id for n in await store.notifications("u1", Filter(), 9)] == [ids[5], ids[3], ids[2]]
    assert await store.purge(START + 13 * HOUR, 0, 99) == 2


async def test_waiting_for_an_entity_ends_by_the_receipt(url: str) -> None:
    clock = ManualClock(START)
    store = await opened(url, clock)
    clock.leap(48 * HOUR)
    await add(store)
    clock.leap(-48 * HOUR)
    late = await add(store, event_name="late")
    (job,) = await store.untried_entities("u1", clock.now_ms(), 9)
    far = clock.now_ms() + 100 * HOUR
    assert await store.has_pending("u1", first_id_at(START + 1))
    await store.postpone_entity(job, far, 1, "no", first_id_at(clock.now_ms() + 1))
    found = {n.id: n for n in await store.notifications("u1", Filter(), 9)}
    assert found[late].entity_status == "failed"
    assert not await store.has_pending("u1", first_id_at(START + 1))
    assert await store.next_due() == far
    await store.bring_due_forward(clock.now_ms(), clock.now_ms() + HOUR)
    assert await store.next_due() == clock.now_ms()
    await store.close()


async def test_ids_that_clash_are_made_anew(url: str) -> None:
    """Another process draws the same: nobody is told that it failed, and nothing is lost."""
    clock = ManualClock(START)
    store = await opened(url, clock)
    taken = [await add(store, event_name="theirs") for _ in range(3)]
    clock.passes(5)
    news = [notification(store, id=taken[n % 3], event_id=f"e{n % 4}") for n in range(6)]
    stored = [await one for one in [store.add_notification(new) for new in news]]
    assert [one.duplicate for one in stored] == [False] * 4 + [True] * 2
    assert len({one.id for one in stored} | set(taken)) == 7
    found = await store.notifications("u1", Filter(), 99)
    assert len(found) == 7
    assert {n.received_at for n in found if n.event_id} == {START}  # when it came, not when stored
    erasing = notification(store, id=taken[0], event_id="last", erases="c1")
    assert not (await store.add_notification(erasing)).duplicate  # by way of a transaction
    await store.close()
