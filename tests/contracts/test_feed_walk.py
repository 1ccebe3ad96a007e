"""A walk through the pages by `next` shows each row once, whatever the clock does."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from srhooks.domain.clock import iso
from srhooks.domain.feed_filter import Filter
from srhooks.store import Store, make_store
from srhooks.web.http.paging import read_page
from srhooks.web.http.query_params import read_filter

from tests.support.clock import ManualClock
from tests.support.stored import TOKENS, notification, person

HOUR = 3_600_000
START = 1_790_000_000_000 // HOUR * HOUR
LEAPS = st.integers(-40, 40)  # hours
numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgres"])
async def walked(
    request: pytest.FixtureRequest, tmp_path: object
) -> AsyncIterator[tuple[Store, ManualClock]]:
    url = f"sqlite:///{tmp_path}/test.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    clock = ManualClock(START)
    store = make_store(url, clock=clock)
    await store.open()
    yield store, clock
    await store.close()


async def add(store: Store, user_id: str) -> int:
    stamp = store.next_stamp()
    new = notification(
        store, id=stamp.id, user_id=user_id, received_at=stamp.received_at, entity_status="none"
    )
    return (await store.add_notification(new)).id


def filter_of(address: str) -> Filter:
    return read_filter(MultiDict(parse_qsl(urlsplit(address).query)))


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    leaps=st.lists(LEAPS, min_size=1, max_size=12),
    meanwhile=st.lists(LEAPS, max_size=4),
    bounds=st.dictionaries(st.sampled_from(["before", "until", "after", "since"]), LEAPS),
    limit=st.integers(1, 4),
)
async def test_no_row_is_lost_or_shown_twice(
    walked: tuple[Store, ManualClock],
    leaps: list[int],
    meanwhile: list[int],
    bounds: dict[str, int],
    limit: int,
) -> None:
    store, clock = walked
    number = next(numbers)
    clock.wall = begun = START + number * 1000 * HOUR  # what other examples stored is long over
    user_id = f"u{number}"
    await store.save_user(person(number), TOKENS)
    for leap in leaps:
        clock.leap(leap * HOUR)
        await add(store, user_id)
        clock.passes(HOUR // 2)
    times = "&".join(f"{name}={iso(begun + hours * HOUR)}" for name, hours in bounds.items())
    address: str | None = f"/notifications?{times}"
    first = filter_of(f"/notifications?{times}")
    every = await store.notifications(user_id, Filter(), 100)
    expected = [n.id for n in every if first.matches(n)]
    seen: list[int] = []
    while address is not None:
        page = await read_page(store, user_id, filter_of(address), limit)
        seen += [n.id for n in page.notifications]
        address = page.next
        if meanwhile and address is not None:
            clock.leap(meanwhile.pop() * HOUR)
            await add(store, user_id)
            assert len(seen) <= len(expected)
    assert seen == expected


@pytest.mark.parametrize("limit", [1, 2])
async def test_what_a_leap_left_behind_does_not_come_on_a_later_page(
    walked: tuple[Store, ManualClock], limit: int
) -> None:
    store, clock = walked
    await store.save_user(person(1), TOKENS)
    ids = []
    for leap in (0, 10, 0, -10, 0):  # two were received when the clock was ten hours ahead
        clock.leap(leap * HOUR)
        ids.append(await add(store, "u1"))
        clock.passes(60_000)
    address: str | None = f"/notifications?before={iso(START + HOUR)}"
    pages = []
    while address is not None:
        page = await read_page(store, "u1", filter_of(address), limit)
        pages.append([n.id for n in page.notifications])
        address = page.next
    assert [row for page in pages for row in page] == [ids[4], ids[3], ids[0]]


async def test_a_span_of_time_stays_where_the_first_page_had_it(
    walked: tuple[Store, ManualClock],
) -> None:
    store, clock = walked
    clock.wall = int(datetime.now(UTC).timestamp() * 1000)
    await store.save_user(person(1), TOKENS)
    ids = [await add(store, "u1") for _ in range(2)]
    first = filter_of("/notifications?since=1h")
    page = await read_page(store, "u1", first, 1)
    assert [n.id for n in page.notifications] == [ids[1]]
    assert page.next is not None
    following = filter_of(page.next)
    assert following.received_after == first.received_after
    assert following.before == ids[1]
