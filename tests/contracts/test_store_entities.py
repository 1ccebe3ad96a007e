"""Links that wait to be followed, and what they answered."""

from dataclasses import replace

from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at, received_ms
from srhooks.domain.models import (
    REFUSAL,
    EntityJob,
)
from srhooks.store import Store

from tests.support.stored import TOKENS, add, person


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


async def test_what_was_refused_is_tried_again_after_a_log_in(store: Store) -> None:
    refused = await add(store, link="https://api.test/a")
    broken = await add(store, link="https://api.test/b")
    theirs = await add(store, user_id="u2", link="https://api.test/a")
    for user_id, number, link, error in (
        ("u1", refused, "a", f"{REFUSAL}no"),
        ("u1", broken, "b", "400"),
        ("u2", theirs, "a", f"{REFUSAL}no"),
    ):
        job = EntityJob(user_id, f"https://api.test/{link}", number, 0)
        await store.finish_entity(job, "failed", 9, error=error)
    before = await store.last_rev("u1")
    assert await store.retry_refused_entities("u1", 5, 10) == 1
    assert [job.newest_id for job in await store.untried_entities("u1", 5, 10)] == [refused]
    assert await store.last_rev("u1") > before
    assert await store.retry_refused_entities("u1", 5, 10) == 0
