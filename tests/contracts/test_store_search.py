"""Search: what is found, how it is paged, and what deletion leaves of it."""

import asyncio

import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import EntityJob
from srhooks.store import Store

from tests.support.stored import add


@pytest.mark.parametrize("indexed", [False, True])
async def test_search_takes_every_character_plainly(store: Store, indexed: bool) -> None:
    bodies = [
        b'{"name": "Jos\\u00e9 N\\u00fa\\u00f1ez"}',
        b'{"note": "100% _sure_ \\\\ \\"quoted\\" * OR -"}',
        b"plain TEXT with NUL \x00 inside", b'{"a": "x"}',
    ]  # fmt: skip
    hidden = {"hook_id": "hook-1", "subscription_id": "sub-1"}  # no id holds a hyphen by chance
    numbers = [await add(store, body=body, **hidden) for body in bodies]
    if indexed:
        while await store.index_some(3):
            pass
    for needle, expected in [
        ("josé núñez", [0]), ("JOSÉ", [0]), ("\\u00e9", [0]), ("100% _", [1]), ('"quoted"', [1]),
        ("* OR -", [1]), ("text with", [2]), ("%", [1]), ("_", [1]), ("é", [0]), ("nothing", []),
        ("job.created", [3, 2, 1, 0]), ("/jobs/1", [3, 2, 1, 0]), ("sub-1", []), ("hook-1", []),
    ]:  # fmt: skip
        found = await store.notifications("u1", Filter(q=needle), 10)
        assert [n.id for n in found] == [numbers[i] for i in expected], needle
        assert await store.notifications("u2", Filter(q=needle), 10) == []


async def test_texts_that_a_database_refuses_are_mended(store: Store) -> None:
    number = await add(store)
    job = EntityJob("u1", "https://api.test/jobs/1", number, 0)
    broken = "nul \x00 half \ud800 pair"
    await store.finish_entity(job, "fetched", 5, entity=b"{}", title=broken, error=broken)
    found = await store.notification("u1", number)
    assert found is not None
    assert found.title == found.entity_error == "nul \ufffd half ? pair"
    for odd in ("\x00", "\ud800"):
        assert await store.notifications("u1", Filter(subscription=odd), 9) == []
        assert await store.notifications("u1", Filter(q=odd), 9) == []
        assert await store.hook(odd) is None


async def test_search_sees_entities_and_pages_without_gap_or_repeat(store: Store) -> None:
    numbers = [await add(store, link=f"https://api.test/jobs/{n}") for n in range(9)]
    while await store.index_some(100):
        pass
    for number in numbers[::2]:
        job = EntityJob("u1", f"https://api.test/jobs/{numbers.index(number)}", number, 0)
        await store.finish_entity(job, "fetched", 5, entity=b'{"title": "Plumber"}')
    expected = numbers[::-2]
    for _ in range(2):  # before and after the index knows
        seen: list[int] = []
        before = None
        while page := await store.notifications("u1", Filter(q="plumber", before=before), 2):
            seen += [n.id for n in page]
            before = page[-1].id
        assert seen == expected
        while await store.index_some(100):
            pass


async def test_a_search_that_takes_long_goes_on_where_it_stopped(store: Store) -> None:
    rare = []
    for part in range(12):
        rare.append(await add(store, event_name="job.rare", subscription_id="s2", link=None))
        await asyncio.gather(*(add(store, event_name=f"job.n{part}") for _ in range(200)))
    while await store.index_some(500):
        pass
    for wanted in (
        Filter(events=("job.",), subscription="s2"),
        Filter(q="re"),
        Filter(q="job.rare", signature="valid"),
    ):
        seen: list[int] = []
        pages = 0
        before: int | None = store.next_id()
        while before is not None:
            page = await store.page("u1", wanted.below(before), 5, patience=0)
            pages += 1
            seen += [n.id for n in page.found if n.subscription_id == "s2"]
            before = page.found[-1].id if len(page.found) == 5 else page.reached
        assert seen == rare[::-1], wanted
        assert pages > 2
    page = await store.page("u1", Filter(q="§"), 5, patience=0)
    assert page.found == []
    assert page.reached is not None
    everything = await store.page("u1", Filter(q="§"), 5, patience=60)
    assert (everything.found, everything.reached) == ([], None)
    wanted = Filter(signature="unsigned")
    assert await store.count("u1", wanted, 5, patience=0) is None
    assert await store.count("u1", wanted, 5, patience=60) == 0


async def test_retention_and_deletion_leave_nothing_in_the_search(store: Store) -> None:
    numbers = [
        await add(store, event_id=f"e{n}", body=b"needle", received_at=1000 * n) for n in range(4)
    ]
    await add(store, event_id="e0", body=b"needle")
    while await store.index_some(100):
        pass
    assert await store.purge(2000, 2000, 1) == 1
    assert await store.purge(2000, 2000, 10) == 1
    assert await store.deliveries(numbers[0]) == []
    assert await store.delete_notifications("u2", [numbers[2]]) == []
    assert await store.delete_notifications("u1", [numbers[2], 7]) == [numbers[2]]
    assert [n.id for n in await store.notifications("u1", Filter(q="needle"), 9)] == [numbers[3]]
