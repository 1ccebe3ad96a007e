"""One suite for every store."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.account import SealedCredential, User
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.domain.models import (
    WHOLE_ACCOUNT,
    EntityJob,
    EntityStatus,
    Erasure,
    Filter,
    Hook,
    NewNotification,
    Signature,
)
from srhooks.store import Store, changes, make_store
from srhooks.store.group_commit import Transaction
from srhooks.store.sql_store import SqlStore

TOKENS = SealedCredential(b"access", b"refresh", 2_000, 1_800_000, dead=False)


def person(number: int = 1) -> User:
    return User(
        f"u{number}", f"sr{number}", "Ada Novak", "ada@example.com", grant_dead=False,
        created_at=1, seen_at=1,
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = make_store(url)
    await store.open()
    await store.save_user(person(1), TOKENS)
    await store.save_user(person(2), TOKENS)
    yield store
    await store.close()


def notification(store: Store, **changes: Any) -> NewNotification:
    new = NewNotification(
        id=store.next_id(), user_id="u1", hook_id="h1", subscription_id="s1", event_id=None,
        event_name="job.created", event_version="v1", link="https://api.test/jobs/1",
        headers='{"event-name": "job.created"}', body=b'{"id": "1"}', signature="valid",
        sent_at=None, entity_status="pending",
    )  # fmt: skip
    return replace(new, **changes)


async def add(store: Store, **changes: Any) -> int:
    return (await store.add_notification(notification(store, **changes))).id


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


async def test_a_state_is_held_to_the_last_one_of_its_link(store: Store) -> None:
    async def kept(link: str, entity: bytes) -> tuple[list[int] | bytes, EntityJob]:
        number = await add(store, link=link)
        job = EntityJob("u1", link, number, 0)
        return await store.keep_entity(job, 9, entity, "T"), job

    async def outcome(job: EntityJob) -> tuple[str, bytes | None, str | None]:
        found = await store.notification("u1", job.newest_id)
        assert found is not None
        return found.entity_status, found.entity, found.changes

    settled, first = await kept("https://api.test/a", b'{"n": 1}')
    assert settled == [first.newest_id]
    assert await outcome(first) == ("fetched", b'{"n": 1}', None)
    settled, same = await kept("https://api.test/a", b'{"n": 1}')
    assert settled == [same.newest_id]
    assert await outcome(same) == ("fetched", b'{"n": 1}', "[]")
    settled, other = await kept("https://api.test/a", b'{"n": 2}')
    assert settled == b'{"n": 1}'
    assert (await outcome(other))[0] == "pending"
    settled, elsewhere = await kept("https://api.test/b", b'{"n": 2}')
    assert settled == [elsewhere.newest_id]
    assert (await outcome(elsewhere))[2] is None


async def test_entities_wait_by_link_and_are_settled_together(store: Store) -> None:
    one = await add(store, link="https://api.test/a")
    two = await add(store, link="https://api.test/a")
    other = await add(store, link="https://api.test/b")
    now = now_ms() + 1
    assert await store.users_with_due_entities(now) == ["u1"]
    jobs = await store.untried_entities("u1", now, 10)
    assert [(job.link, job.newest_id) for job in jobs] == [
        ("https://api.test/b", other),
        ("https://api.test/a", two),
    ]
    late = await add(store, link="https://api.test/a")
    done = await store.finish_entity(jobs[1], "fetched", 9, entity=b"{}", title="T", changes="[]")
    assert sorted(done) == [one, two]
    assert await store.postpone_entity(jobs[0], now + 60_000, 1, "503", one) == [other]
    waiting = await store.untried_entities("u1", now + 1000, 10)
    assert [job.newest_id for job in waiting] == [late]
    due = await store.next_due()
    assert due is not None
    assert due <= now_ms()
    await store.finish_entity(waiting[0], "failed", 9, error="400")
    assert await store.next_due() == now + 60_000
    assert await store.due_entities("u1", now, 10) == []
    (job,) = await store.due_entities("u1", now + 60_000, 10)
    assert job.attempts == await store.entity_attempts(job) == 1
    await store.postpone_entity(job, now + 1, 2, "503", first_id_at(received_ms(other) + 1))
    found = await store.notification("u1", other)
    assert found is not None
    assert (found.entity_status, found.entity_error) == ("failed", "503")


async def test_what_names_a_failing_link_waits_for_its_back_off(store: Store) -> None:
    bad, good = "https://api.test/bad", "https://api.test/good"
    first = await add(store, link=bad)
    now = now_ms() + 1
    (job,) = await store.untried_entities("u1", now, 10)
    await store.postpone_entity(job, now + 60_000, 5, "500", 0)
    second = await add(store, link=bad)
    other = await add(store, link=good)
    for oldest_first in (False, True):
        (job,) = await store.untried_entities("u1", now, 1, oldest_first=oldest_first)
        assert (job.link, job.newest_id) == (good, other)
    assert await store.due_entities("u1", now + 59_999, 10) == []
    (job,) = await store.due_entities("u1", now + 60_000, 10)
    assert job == EntityJob("u1", bad, second, 5)
    assert sorted(await store.postpone_entity(job, now, 6, "500", 0)) == [first, second]
    assert await store.entity_attempts(job) == 6
    third = await add(store, link=bad)  # it is due when the others are
    assert await store.untried_entities("u1", now, 10) == [
        EntityJob("u1", bad, third, 0),
        EntityJob("u1", good, other, 0),
    ]


async def test_a_person_who_processes_again_ends_the_back_off(store: Store) -> None:
    link = "https://api.test/a"
    first, second = await add(store, link=link), await add(store, link=link)
    now = now_ms() + 1
    (job,) = await store.untried_entities("u1", now, 10)
    await store.postpone_entity(job, now + 60_000, 5, "500", 0)
    await store.process_again("u1", second, "valid", link, "pending", now)
    assert [j.newest_id for j in await store.untried_entities("u1", now, 10)] == [second]
    assert [j.newest_id for j in await store.due_entities("u1", now, 10)] == [first]


async def test_a_dead_grant_stops_fetching_until_the_next_log_in(store: Store) -> None:
    await add(store)
    now = now_ms() + 1
    assert not await store.mark_grant_dead("u1", b"another token")
    assert await store.mark_grant_dead("u1", b"access")
    assert await store.users_with_due_entities(now) == []
    assert await store.next_due() is None
    user = await store.user("u1")
    assert user is not None
    assert user.grant_dead
    again = await store.save_user(replace(person(), id="other", name="Ada N."), TOKENS)
    assert (again.id, again.name, again.grant_dead) == ("u1", "Ada N.", False)
    assert await store.users_with_due_entities(now) == ["u1"]


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
    await store.drop_hook("h2")
    await store.drop_hook("h1")  # it has a subscription
    assert [one.id for one in await store.hooks("u1")] == ["h1"]
    await store.add_key("h1", b"k1", 10)
    await store.add_key("h1", b"k2", 20)
    keys = await store.keys("h1")
    assert [(key.sealed, key.retired_at) for key in keys] == [(b"k2", None), (b"k1", 20)]
    await store.reseal_key(keys[0].id, b"k2b")
    assert (await store.keys("h1"))[0].sealed == b"k2b"


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
