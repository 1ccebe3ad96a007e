"""The index of what notifications name: one suite for every store."""

from collections.abc import Sequence

from srhooks.domain.ids import received_ms
from srhooks.domain.models import NamedSubjects, SubjectName
from srhooks.domain.subjects import Subject, digest_of
from srhooks.store import Store
from srhooks.store.name_search import PART

from tests.support.stored import add

A = digest_of("u1", Subject("candidate", "c1"))
B, C = (bytes([number]) * 16 for number in range(254, 256))


async def indexed(store: Store, ids: Sequence[int], *subjects: bytes) -> None:
    rows = await store.by_ids("u1", ids)
    entries = [NamedSubjects(n.id, n.rev, frozenset(subjects)) for n in rows]
    await store.save_subjects("u1", entries, max(n.rev for n in rows))


async def test_what_names_something_is_found(store: Store) -> None:
    first, second = [await add(store) for _ in range(2)]
    assert await store.users_to_index() == ["u1"]
    await indexed(store, [first], A, B)
    await indexed(store, [second], B, B)
    assert await store.users_to_index() == []
    assert await store.ids_naming([A]) == [first]
    assert await store.ids_naming([B, A, C]) == [first, second]
    assert await store.ids_naming([C]) == []
    assert await store.ids_naming([]) == []
    assert await store.ids_naming([bytes([n % 250, n // 250]) * 8 for n in range(1000)]) == []


async def test_a_later_state_replaces_what_was_named(store: Store) -> None:
    number = await add(store, event_id="e")
    await indexed(store, [number], A)
    (before,) = await store.by_ids("u1", [number])
    await add(store, event_id="e")  # a re-delivery: it has changed
    assert await store.users_to_index() == ["u1"]
    stale = NamedSubjects(number, before.rev, frozenset({C}))
    await store.save_subjects("u1", [stale], before.rev)
    assert await store.ids_naming([C]) == []  # it is not that any more
    await indexed(store, [number], B)
    assert await store.ids_naming([A]) == []
    assert await store.ids_naming([B]) == [number]
    rev = await store.subject_rev("u1")
    await store.save_subjects("u1", [], rev - 1)
    assert await store.subject_rev("u1") == rev
    assert await store.subject_rev("u2") == 0


async def test_what_changes_while_it_is_indexed_is_not_taken_for_indexed(store: Store) -> None:
    """Else who catches up with the index finds nothing of what was stored before they asked."""
    first, second = await add(store), await add(store, event_id="e")
    rows = await store.changed_since("u1", 0, 10)
    target = await store.last_rev("u1")
    await add(store, event_id="e")  # a re-delivery, between the reading and the saving
    entries = [NamedSubjects(n.id, n.rev, frozenset({A})) for n in rows]
    await store.save_subjects("u1", entries, target)
    assert await store.ids_naming([A]) == [first]
    assert await store.subject_rev("u1") < target
    assert await store.users_to_index() == ["u1"]
    again = await store.changed_since("u1", await store.subject_rev("u1"), 10)
    assert [n.id for n in again] == [second]
    await indexed(store, [second], A)
    assert await store.ids_naming([A]) == [first, second]
    assert await store.users_to_index() == []


async def test_what_is_gone_names_nothing(store: Store) -> None:
    erased, deleted, purged = [await add(store) for _ in range(3)]
    await indexed(store, [erased, deleted, purged], A)
    await store.erase_notifications("u1", [erased])
    assert await store.ids_naming([A]) == [deleted, purged]
    await store.delete_notifications("u1", [deleted])
    assert await store.ids_naming([A]) == [purged]
    await store.purge(received_ms(purged) + 1, 0, 10)
    assert await store.ids_naming([A]) == []


async def test_what_was_sent_before_an_erasure_is_found(store: Store) -> None:
    old, new, undated, other = [
        await add(store, sent_at=sent_at) for sent_at in (8_000, 10_000, None, 8_000)
    ]
    await indexed(store, [old, new, undated], B)
    await indexed(store, [other], C)
    assert await store.sent_before_erasure(10) == []
    await store.remember_erased("u1", A, [A, B], 10_500)
    assert await store.sent_before_erasure(10) == [("u1", old)]
    await store.remember_erased("u1", A, [A, B], 5)  # the later one counts
    assert await store.erased_with(A) == {A, B}
    assert await store.erased_with(B) == set()
    assert await store.erased_at([A, B, C]) == {A: 10_500, B: 10_500}
    await store.forget_erased(10_500)
    assert await store.erased_with(A) == {A, B}
    await store.forget_erased(10_501)
    assert await store.erased_at([A, B]) == {}


async def test_a_closed_account_leaves_nothing_of_it(store: Store) -> None:
    await indexed(store, [await add(store)], A)
    await store.remember_erased("u1", A, [A], 5)
    await store.close_account("u1", 6)
    assert await store.subject_rev("u1") == 0
    assert await store.erased_with(A) == set()
    await store.delete_some("u1", 10)
    assert await store.ids_naming([A]) == []


async def test_a_name_is_the_newest_and_goes_with_what_told_it(store: Store) -> None:
    first, second = [await add(store, entity_status="none") for _ in range(2)]
    for number, name in ((second, "Grace Ito"), (first, "Grace")):
        (n,) = await store.by_ids("u1", [number])
        entry = NamedSubjects(n.id, n.rev, frozenset({A}))
        await store.save_subjects(
            "u1", [entry], n.rev, [SubjectName(A, "candidate", "c1", name, number)]
        )
    assert await store.names_of([A, B]) == {A: "Grace Ito"}
    for text in ("c1", "GRACE", "e i"):
        assert [one.name for one in await store.find_names("u1", text, 5)] == ["Grace Ito"]
    for text in ("c2", "%", "_", "\\"):
        assert await store.find_names("u1", text, 5) == []
    assert await store.find_names("u2", "grace", 5) == []
    assert await store.newest_naming([A], 5) == [second, first]
    await store.erase_notifications("u1", [second])
    assert await store.names_of([A]) == {}


async def test_names_are_looked_through_from_the_newest_on_while_there_is_time(
    store: Store,
) -> None:
    older, newer = [await add(store, entity_status="none") for _ in range(2)]
    rows = await store.by_ids("u1", [older, newer])
    entries = [NamedSubjects(n.id, n.rev, frozenset()) for n in rows]
    grace = SubjectName(A, "candidate", "c1", "Grace Ito", older)
    others = [
        SubjectName(number.to_bytes(16), "candidate", f"c{number}", f"Grace {number}", newer)
        for number in range(2, PART + 2)
    ]
    await store.save_subjects("u1", entries, rows[-1].rev, [grace, *others])
    assert await store.find_names("u1", "e ito", 5, patience=0) == []
    assert await store.find_names("u1", "e ito", 5, patience=60) == [grace]
    assert await store.find_names("u1", "c1", 5, patience=0) == [grace]  # by its id, at once
    found = await store.find_names("u1", "grace", 5)
    assert len(found) == 5
    assert {one.notification_id for one in found} == {newer}


async def test_a_title_is_given_to_what_has_none(store: Store) -> None:
    named, untouched = [await add(store, entity_status="none") for _ in range(2)]
    before = await store.last_rev("u1")
    rows = await store.by_ids("u1", [named, untouched])
    given = [
        NamedSubjects(rows[0].id, rows[0].rev, frozenset({A}), "Grace Ito"),
        NamedSubjects(rows[1].id, rows[1].rev, frozenset({A})),
    ]
    assert await store.save_subjects("u1", given, before) == [named]
    rows = await store.by_ids("u1", [named, untouched])
    assert [n.title for n in rows] == ["Grace Ito", None]
    assert rows[0].rev > before  # open pages hear of it
    stale = NamedSubjects(rows[0].id, before, frozenset({A}), "Another")
    assert await store.save_subjects("u1", [stale], before) == []
    assert (await store.by_ids("u1", [named]))[0].title == "Grace Ito"


async def test_a_name_is_asked_for_once_and_only_while_something_names_it(store: Store) -> None:
    number = await add(store, entity_status="none")
    (n,) = await store.by_ids("u1", [number])
    entry = NamedSubjects(n.id, n.rev, frozenset({A, B}))
    unnamed = [SubjectName(one, "candidate", "c", "", number) for one in (A, B)]
    for _ in range(2):
        await store.save_subjects("u1", [entry], n.rev, (), unnamed)
    due = await store.due_name_requests(1, 5)
    assert {request.thing.subject for request in due} == {A, B}
    first, second = sorted(due, key=lambda request: request.thing.subject)
    await store.answer_name_request(first, "Grace Ito", None)
    await store.answer_name_request(second, None, 100)
    assert await store.due_name_requests(99, 5) == []
    assert await store.due_name_requests(100, 5) == [second]
    assert len(await store.names_of([A, B])) == 1
    await store.erase_notifications("u1", [number])
    await store.answer_name_request(second, "Back again", None)
    assert await store.names_of([A, B]) == {}
    assert await store.due_name_requests(100, 5) == []
