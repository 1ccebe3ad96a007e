"""Filters, pages and counts of a feed."""

import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.store import Store, changes

from tests.support.stored import add

if TYPE_CHECKING:
    from srhooks.domain.models import EntityStatus, Signature


async def test_events_are_counted_of_what_fits_a_filter(store: Store) -> None:
    for name, hook in (("a.b", "h1"), ("a.b", "h2"), ("c.d", "h2"), (None, "h2")):
        await add(store, event_name=name, subscription_id=f"s-{hook}", hook_id=hook)
    await add(store, event_name="c.d", subscription_id="s-h2", signature="invalid")
    assert await store.filtered_counts("u1", Filter(subscription="s-h2")) == {
        "a.b": 1, "c.d": 2, "": 1,
    }  # fmt: skip
    both = Filter(subscription="s-h2", signature="invalid")
    assert await store.filtered_counts("u1", both) == {"c.d": 1}
    assert await store.filtered_counts("u2", both) == {}
    assert await store.filtered_counts("u1", Filter(q="c.d")) is None


async def test_filters(store: Store) -> None:
    a = await add(store, event_name="job.created")
    b = await add(store, event_name="job.ad.created", subscription_id="s2", signature="invalid")
    c = await add(store, event_name="jobs", entity_status="none", link=None)
    d = await add(store, event_name=None)

    async def ids(**wanted: Any) -> list[int]:
        wanted_filter = Filter(**wanted)
        found = await store.notifications("u1", wanted_filter, 10)
        every = await store.notifications("u1", Filter(), 10)
        assert [n.id for n in every if wanted_filter.matches(n)] == [n.id for n in found]
        return [n.id for n in found]

    assert await ids(events=("job.",)) == [b, a]
    assert await ids(events=("job.created",)) == [a]
    assert await ids(events=("jobs", "job.ad.")) == [c, b]
    assert await ids(subscription="s2") == [b]
    assert await ids(signature="invalid") == [b]
    assert await ids(status="none") == [c]
    assert await ids(after=b) == [d, c]
    assert await ids(before=c) == [b, a]
    assert await ids(before=first_id_at(now_ms() + 10)) == [d, c, b, a]


async def test_filters_combine_as_they_do_in_memory(store: Store) -> None:
    for number in range(60):
        name = ("job.created", "job.ad.created", "offer.created", None)[number % 4]
        signature: Signature = ("valid", "unsigned", "invalid")[number % 3]
        status: EntityStatus = ("fetched", "gone", "none", "pending", "failed")[number % 5]
        await add(
            store, event_name=name, signature=signature, entity_status=status,
            subscription_id=f"s{number % 7}", body=f"number {number % 9}".encode(),
        )  # fmt: skip
    while await store.index_some(40):  # some are in the index, some are not
        await add(store, subscription_id="s3", body=b"number 4")
        if len(await store.notifications("u1", Filter(), 100)) > 61:
            break
    every = await store.notifications("u1", Filter(), 100)
    choices: dict[str, tuple[Any, ...]] = {
        "events": ((), ("job.",), ("job.created", "offer."), ("no.",)),
        "signature": ("", "valid", "invalid"),
        "status": ("", "gone", "pending", "failed"),
        "subscription": ("", "s3"),
        "q": ("", "number 4", "4", "offer", "no such"),
        "after": (None, every[40].id),
        "before": (None, every[5].id),
    }
    every_way = list(itertools.product(*choices.values()))
    for values in random.Random(1).sample(every_way, 100):  # noqa: S311 - the same in each run
        wanted = Filter(**dict(zip(choices, values, strict=True)))
        expected = [n.id for n in every if wanted.matches(n)]
        found = await store.notifications("u1", wanted, 100)
        assert [n.id for n in found] == expected, wanted
        if not wanted.q:
            assert await store.count("u1", wanted, 3) == min(3, len(expected)), wanted


async def test_a_page_of_large_ones_ends_early_and_the_next_goes_on(store: Store) -> None:
    ids = [
        await add(store, body=b"x" * 100, headers="{}", event_name=f"job.n{n % 2}")
        for n in range(7)
    ]
    ids.reverse()
    for wanted in (Filter(), Filter(events=("job.",)), Filter(q="xxx")):
        page = await store.page("u1", wanted, 50, room=250)
        assert [n.id for n in page.found] == ids[:3]
        assert page.reached is not None
        assert ids[3] < page.reached <= ids[2]
        assert [n.id for n in await store.notifications("u1", wanted, 50)] == ids
    page = await store.page("u1", Filter(), 50, room=1)
    assert [n.id for n in page.found] == ids[:1]


async def test_headers_count_for_the_size_of_what_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await add(store, headers='{"a": "' + "x" * 1000 + '"}', body=b"") for _ in range(5)]
    page = await store.page("u1", Filter(), 50, room=1500)
    assert [n.id for n in page.found] == ids[::-1][:2]
    sizes = await store.sizes("u1", [*ids, 1])
    assert [number for number, _ in sizes] == ids[::-1]
    assert all(1000 < size < 1100 for _, size in sizes)
    assert sizes[0][1] == page.found[0].size
    monkeypatch.setattr(changes, "PAGE_BYTES", 2500)
    changed = await store.changed_since("u1", 0, 50)
    assert [n.id for n in changed] == ids[:3]
    monkeypatch.setattr(changes, "PAGE_BYTES", 1)
    assert [n.id for n in await store.changed_since("u1", changed[-1].rev, 50)] == ids[3:4]


async def test_neighbours_and_counts(store: Store) -> None:
    a, b = [await add(store, event_name="x", body=b"uuu") for _ in range(2)]  # no id holds a u
    c = await add(store, event_name=None)
    assert await store.neighbours("u1", b, Filter()) == (c, a)
    assert await store.neighbours("u1", c, Filter()) == (None, b)
    for wanted in (Filter(events=("x",)), Filter(events=("x",), subscription="s1"), Filter(q="uu")):
        assert await store.neighbours("u1", b, wanted) == (None, a)
        assert await store.neighbours("u1", a, wanted) == (b, None)
    assert await store.counts_by_event("u1", a) == {"x": 1, "": 1}
    assert [await store.count("u1", Filter(events=("x",)), most) for most in (10, 1)] == [2, 1]
    assert await store.count("u2", Filter(), 10) == 0
    assert await store.count("u1", Filter(q="x"), 10) is None
    await store.mark_seen("u1", 77)
    user = await store.user("u1")
    assert user is not None
    assert user.seen_at == 77


async def test_the_sums_of_an_overview(store: Store) -> None:
    names = ("x", "x", None, "y")
    signatures: tuple[Signature, ...] = ("valid", "invalid", "unverifiable", "invalid")
    numbers = [
        await add(store, event_name=name, signature=signature)
        for name, signature in zip(names, signatures, strict=True)
    ]
    await add(store, user_id="u2", event_name="x")
    second = first_id_at(1000)
    low = numbers[0] // second * second
    rows = await store.histogram("u1", low, low + 3600 * second, second)
    counted = Counter[str]()
    for _, name, count in rows:
        counted[name] += count
    assert counted == {"x": 2, "y": 1, "": 1}
    assert all(at % 1000 == 0 and low <= first_id_at(at) for at, _, _ in rows)
    assert await store.histogram("u1", low - 60 * second, low, second) == []
    trouble = await store.trouble("u1", numbers[1])
    assert trouble.counts == {"unverifiable": 1, "invalid": 1}
    sent = await add(store, sent_at=5), await add(store, sent_at=6, signature="invalid")
    timings = await store.timings("u1", sent[0] - 1, 9)
    assert [one.sent_at for one in timings] == [None, 5]  # who forges chooses the time
    await store.delete_notifications("u1", sent)
    assert [one.received_at for one in await store.timings("u1", 0, 2)] == [
        received_ms(number) for number in (numbers[3], numbers[2])
    ]
