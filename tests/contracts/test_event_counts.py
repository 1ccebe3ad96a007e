"""Sums of what came in: right after whatever adds or deletes, one suite for both databases."""

import asyncio
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at
from srhooks.store import Store, make_store
from srhooks.store.event_counts import (
    DAY,
    END,
    HALF_HOUR,
    MAX_NAMES,
    MINUTE,
    WIDTHS,
    Part,
    parts_of,
)

from tests.support.stored import add, notification

NAMES = ("job.created", "job.updated", None)
# Back to before the triggers and the table were: as a database that is upgraded.
CLEAR = "DELETE FROM event_counts"
FORGET = (
    "UPDATE event_counts_state SET counted_from ="
    " (SELECT max(id) / 2097152 / 86400000 * 86400000 + 86400000 FROM notifications)"
)
STATE = "SELECT counted_from FROM event_counts_state"


async def scattered(store: Store, count: int) -> dict[int, tuple[int, str, str]]:
    """Over two days up to now, also two in one millisecond; by id its time, event, subscription."""
    source = random.Random(5)  # noqa: S311 - the same in each run
    end = now_ms() // DAY * DAY + DAY // 2
    rows = {}
    for number in range(count):
        at = end - 2 * DAY + number // 2 * (2 * DAY // count)
        event, subscription = source.choice(NAMES), source.choice(("s1", "s2", None))
        new = notification(
            store, id=first_id_at(at) + number + 1, event_name=event, subscription_id=subscription,
            event_id=f"e{number}", received_at=at, entity_status="none",
        )  # fmt: skip
        id_ = (await store.add_notification(new)).id
        rows[id_] = (at, event or "", subscription or "")
    return rows


def by_event(rows: dict[int, tuple[int, str, str]], above: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for id_, (_, event, _) in rows.items():
        if id_ > above:
            counts[event] = counts.get(event, 0) + 1
    return counts


async def check(store: Store, rows: dict[int, tuple[int, str, str]]) -> None:
    ids = sorted(rows)
    for above in (0, ids[0], ids[len(ids) // 3], ids[-2], ids[-1]):
        assert await store.counts_by_event("u1", above) == by_event(rows, above)
    above = ids[len(ids) // 2]
    activity = await store.activity("u1", above)
    for subscription in ("s1", "s2"):
        expected = sum(id_ > above and row[2] == subscription for id_, row in rows.items())
        assert activity[subscription][1] == expected
    some = Filter(subscription="s1", after=ids[9], before=ids[-9])
    between = {id_: row for id_, row in rows.items() if ids[9] < id_ < ids[-9]}
    of_one = {id_: row for id_, row in between.items() if row[2] == "s1"}
    assert await store.filtered_counts("u1", some) == by_event(of_one, 0)
    assert await store.filtered_counts("u1", replace(some, subscription="")) == by_event(between, 0)
    first, last = min(at for at, _, _ in rows.values()), max(at for at, _, _ in rows.values())
    for span in (MINUTE, HALF_HOUR, 4 * 3_600_000, DAY, 7_000_000):
        low = first // span * span
        high = (last // span + 1) * span
        bars = await store.histogram("u1", first_id_at(low), first_id_at(high), first_id_at(span))
        expected_bars: dict[tuple[int, str], int] = {}
        for at, event, _ in rows.values():
            key = (low + (at - low) // span * span, event)
            expected_bars[key] = expected_bars.get(key, 0) + 1
        assert {(at, event): count for at, event, count in bars} == expected_bars, span
        assert len(bars) == len(expected_bars)


async def sums(store: Any) -> list[Any]:
    rows = await store._read(
        "SELECT * FROM event_counts WHERE received <> 0 ORDER BY 1, 2, 3, 4, 5"
    )
    return [tuple(row) for row in rows]


async def test_sums_follow_what_is_added_and_deleted(store: Store) -> None:
    rows = await scattered(store, 300)
    await check(store, rows)
    again = notification(store, event_id="e7", event_name="job.created")
    before = await sums(store)
    known = min(id_ for id_ in rows if id_ > sorted(rows)[6])
    deleted = await store.delete_notifications("u1", [known, sorted(rows)[40], 12345])
    for id_ in deleted:
        del rows[id_]
    await check(store, rows)
    assert await sums(store) != before
    stored = await store.add_notification(again)
    if not stored.duplicate:
        rows[stored.id] = (now_ms(), "job.created", "s1")
        assert await store.counts_by_event("u1", 0) == by_event(rows, 0)
        await store.delete_notifications("u1", [stored.id])
        del rows[stored.id]
    redelivered = await store.add_notification(
        notification(store, event_id="e299", event_name="job.updated")
    )
    assert redelivered.duplicate
    await store.check()  # writes a probe and removes it
    assert await store.counts_by_event("u1", 0) == by_event(rows, 0)
    middle = sorted(rows)[150]
    cut = rows[middle][0]
    while await store.purge(cut, now_ms(), 50):
        pass
    rows = {id_: row for id_, row in rows.items() if row[0] >= cut}
    await check(store, rows)
    await store.close_account("u1", now_ms())
    while await store.delete_some("u1", 40):
        pass
    assert await store._read("SELECT * FROM event_counts") == []  # type: ignore[attr-defined]


async def test_an_upgraded_database_is_summed_up_while_it_changes(store: Any) -> None:
    """What was there before is counted for whoever asks, and in the end it is in the sums."""
    rows = await scattered(store, 300)
    complete = await sums(store)
    for statement in (CLEAR, FORGET):
        await store._write(statement)
    ids = sorted(rows)
    await check(store, rows)
    steps = 0
    while await store.count_some(40):
        steps += 1
        # One that is in the sums already, and one that is not yet.
        await store.delete_notifications("u1", [ids[-steps], ids[steps]])
        del rows[ids[-steps]], rows[ids[steps]]
        await check(store, rows)
    assert steps > 3
    assert (await store._read(STATE))[0][0] == 0
    await check(store, rows)
    assert await store.count_some(40) == 0
    summed = await sums(store)
    assert 0 < len(summed) <= len(complete)
    await store._write("DELETE FROM notifications")
    assert await store._read("SELECT * FROM event_counts") == []


async def test_two_that_sum_up_at_once_count_once(postgres_url: str) -> None:
    stores = [make_store(postgres_url) for _ in range(2)]
    for store in stores:
        await store.open()
    rows = await scattered(stores[0], 200)
    for statement in (CLEAR, FORGET):
        await stores[0]._write(statement)  # type: ignore[attr-defined]

    async def sum_up(store: Store) -> None:
        while await store.count_some(10):
            pass

    async def change(store: Store) -> None:
        for id_ in sorted(rows)[::7]:
            await store.delete_notifications("u1", [id_])
            del rows[id_]

    await asyncio.gather(*map(sum_up, stores), change(stores[1]))
    for store in stores:
        await check(store, rows)
        await store.close()


async def test_names_are_told_apart_up_to_a_bound(store: Store) -> None:
    """Whoever knows a hook's address can make names up."""
    rows = [add(store, event_name=f"made.up.{n}") for n in range(MAX_NAMES + 20)]
    rows += [add(store, event_name="zebra.seen") for _ in range(3)]
    await asyncio.gather(*rows)
    counts = await store.counts_by_event("u1", 0)
    assert len(counts) <= MAX_NAMES + 1
    assert sum(counts.values()) == MAX_NAMES + 23
    assert counts["zebra.seen"] == 3


@pytest.mark.parametrize("low", [0, 1, first_id_at(DAY) - 1, first_id_at(DAY), 77 << 40])
@pytest.mark.parametrize("length", [1, first_id_at(MINUTE), first_id_at(3 * DAY) + 5, END])
def test_parts_cover_a_range_once(low: int, length: int) -> None:
    high = min(low + length, END)
    parts = list(parts_of(low, high, WIDTHS))
    assert parts[0].low == low
    assert parts[-1].high == high
    for left, right in pairwise(parts):
        assert left.high == right.low
    for part in parts:
        if part.width:
            assert part.low % first_id_at(part.width) == part.high % first_id_at(part.width) == 0
        else:
            assert part.high - part.low < 2 * first_id_at(MINUTE)
    assert len(parts) <= 7


def test_rows_are_counted_where_no_sum_fits() -> None:
    assert list(parts_of(5, 9, ())) == [Part(0, 5, 9)]
