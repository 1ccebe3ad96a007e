"""On a full disk nothing is taken in, and deleting works: it makes room (store/reserve.py)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from srhooks.domain.clock import DAY, now_ms
from srhooks.maintenance.retention import Retention
from srhooks.store.reserve import Reserve
from srhooks.web.state.app_keys import CLOCK

from tests.support.disk import fill, mounted
from tests.support.erasing import hook_of
from tests.support.harness import Browser, World, application, eventually
from tests.support.harness import world as start_world

LARGE, SMALL = 300_000, 2_000  # bytes


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB: 8 of them are kept for deleting."""
    with mounted(tmp_path / "disk", 64) as folder:
        yield folder


@pytest.fixture
async def world(small_disk: Path) -> AsyncIterator[World]:
    async with start_world(small_disk) as running:
        yield running


async def fill_by_hooks(world: World, ada: Browser, hook: str, filler: Path) -> int:
    """Send notifications until nothing more is taken; how many were.

    Room comes back for a while: what lies in the log goes into the database, or a connection that
    failed begins its log anew.
    """
    taken = await send_until_refused(world, hook, 0, LARGE)
    while (more := await send_until_refused(world, hook, taken, SMALL)) or await ready(ada) == 200:
        fill(filler)
        taken += more
    return taken


async def send_until_refused(world: World, hook: str, number: int, size: int) -> int:
    """How many were taken; the first of them has this number."""
    taken = 0
    while (status := await send(world, hook, number + taken, size)) == 202:
        taken += 1
    assert status == 503
    return taken


async def send(world: World, hook: str, number: int, size: int) -> int:
    # An id that no notification's own id can hold: the search looks through those, too.
    body = b'{"candidate_id": "person-%d", "n": "%s"}' % (number % 5, b"x" * size)
    return await world.notify(hook, body, event_name="candidate.updated")


async def ready(ada: Browser) -> int:
    async with ada.request("GET", "/readyz") as answer:
        return int(answer.status)


async def large_ones(ada: Browser, count: int) -> list[str]:
    """The newest of them; small ones came after them."""
    found: list[str] = []
    path: str | None = "/notifications?limit=100"
    while path and len(found) < count:
        page = await ada.json("GET", path)
        found += [n["id"] for n in page["notifications"] if len(str(n["body"])) > LARGE]
        path = page["next"]
    return found[:count]


async def takes_in_again(world: World, ada: Browser, hook: str) -> None:
    """Soon: the file can be made shorter once nobody reads what was there before."""
    body = b'{"n": "%s"}' % (b"y" * SMALL)

    async def taken() -> bool:
        return await world.notify(hook, body, event_name="job.created") == 202

    async def is_ready() -> bool:
        return await ready(ada) == 200

    await eventually(taken)
    await eventually(is_ready)


async def test_deleting_makes_room_again(world: World, ada: Browser, small_disk: Path) -> None:
    hook = await hook_of(world)
    taken = await fill_by_hooks(world, ada, hook, small_disk / "filler")
    await ada.page("/notifications")
    newest, *_ = await ada.notifications("?limit=20")
    await ada.page(f"/notifications/{newest['id']}")
    answer = await ada.json("POST", "/notifications/delete", json={"ids": [newest["id"]]})
    assert answer == {"deleted": 1}
    ids = await large_ones(ada, 20)
    assert await ada.json("POST", "/notifications/delete", json={"ids": ids}) == {
        "deleted": len(ids)
    }
    await takes_in_again(world, ada, hook)
    # And once more, with what the room was kept for in use all the time.
    fill(small_disk / "filler")
    while await world.notify(hook, b'"%s"' % (b"z" * SMALL)) == 202:
        pass
    large = await large_ones(ada, 10)
    assert await ada.json("POST", "/notifications/delete", json={"ids": large}) == {
        "deleted": len(large)
    }
    await takes_in_again(world, ada, hook)
    assert taken > 50


async def test_people_log_in_and_erase_a_candidate_on_a_full_disk(
    world: World, ada: Browser, small_disk: Path
) -> None:
    hook = await hook_of(world)
    taken = await fill_by_hooks(world, ada, hook, small_disk / "filler")
    async with world.logged_in() as again:
        answer = await again.json(
            "POST", "/candidates/erase", json={"candidateId": "person-1", "confirm": True}
        )
    assert answer["erased"] in {taken // 5, taken // 5 + 1}
    await takes_in_again(world, ada, hook)
    assert await ada.notifications("?q=person-1") == []


async def test_an_account_is_deleted_on_a_full_disk(
    world: World, ada: Browser, small_disk: Path
) -> None:
    """With its hooks, sessions and subscriptions; all that it received follows and makes room."""
    async with world.logged_in("Grace") as grace:
        hers = await grace.subscribe("job.created")
        made = await ada.subscribe("candidate.updated")
        other = await ada.subscribe("offer.created")
        taken = await fill_by_hooks(world, ada, made["hookId"], small_disk / "filler")
        assert taken > 50
        subscriptions = world.sandbox.subscriptions.by_id
        await ada.json("DELETE", f"/subscriptions/{other['id']}", status=204)
        assert set(subscriptions) == {hers["id"], made["id"]}
        assert await ada.json("POST", "/account/delete", json={"confirm": True})
        await ada.json("GET", "/account", status=401)
        assert set(subscriptions) == {hers["id"]}
        assert await send(world, made["hookId"], taken, SMALL) == 404
        await takes_in_again(world, grace, hers["hookId"])
        store = world.services.store

        async def gone() -> bool:
            rows = "SELECT count(*) FROM notifications WHERE user_id NOT IN (SELECT id FROM users)"
            return bool((await store._read(rows))[0][0] == 0)  # type: ignore[attr-defined]

        await eventually(gone)
        kept = {n["eventName"] for n in await grace.notifications()}
        assert kept == {"job.created"}
        async with world.logged_in() as again:  # a new account, with nothing of the old one
            assert await again.notifications() == []


async def test_the_retention_makes_room_on_a_full_disk(
    world: World, ada: Browser, small_disk: Path
) -> None:
    hook = await hook_of(world)
    await fill_by_hooks(world, ada, hook, small_disk / "filler")
    services = world.services
    services.trusted_time._base = (now_ms() + 40 * DAY, world.app[CLOCK].elapsed_ms())

    class Ahead:
        """40 days on, at an even pace."""

        def now_ms(self) -> int:
            return now_ms() + 40 * DAY

        def elapsed_ms(self) -> int:
            return world.app[CLOCK].elapsed_ms()

    services.trusted_time._clock = Ahead()
    retention = Retention(services.store, services.trusted_time, Ahead(), 30)

    async def empty() -> bool:  # the application's own retention takes a part
        while await retention.step() < 1:
            pass
        return await world.services.store.newest_received_time() is None

    await eventually(empty, within=30)
    async with world.logged_in() as again:  # the session had ended long since
        assert await again.notifications() == []
        await takes_in_again(world, again, hook)


async def test_it_starts_on_a_full_disk(small_disk: Path) -> None:
    async with start_world(small_disk) as first, first.logged_in() as ada:
        hook = await hook_of(first)
        await fill_by_hooks(first, ada, hook, small_disk / "filler")
        cookies = ada.session.cookie_jar
        port = int(first.settings.api_url.rpartition(":")[2])
        settings = first.settings
    fill(small_disk / "filler")
    async with application(small_disk, port, port=settings.port) as (app, _):
        assert app is not None
        async with first.nobody() as ada:
            ada.session.cookie_jar.update_cookies({c.key: c.value for c in cookies})
            listed = await ada.notifications("?limit=30")
            ids = [n["id"] for n in listed]
            answer = await ada.json("POST", "/notifications/delete", json={"ids": ids})
            assert answer == {"deleted": len(ids)}
            await eventually(lambda: _is_ready(ada))


async def _is_ready(ada: Browser) -> bool:
    return await ready(ada) == 200


def test_what_is_kept_leaves_room_for_intake(small_disk: Path) -> None:
    reserve = Reserve(small_disk / "test.db")
    kept = small_disk / "test.db.reserve"
    assert reserve.take()
    assert kept.stat().st_size == kept.stat().st_blocks * 512 == 8 * 1024 * 1024
    assert kept.stat().st_mode & 0o777 == 0o600
    fill(small_disk / "filler")
    assert reserve.take()  # nothing to do
    assert reserve.give_up()
    assert not reserve.give_up()
    assert reserve.take()
    assert kept.stat().st_size == 4 * 1024 * 1024
    fill(small_disk / "filler")
    assert reserve.give_up()
    fill(small_disk / "filler")
    assert not reserve.take()
    assert not kept.exists()
    (small_disk / "filler").unlink()
    assert reserve.take()
    assert kept.stat().st_size == 8 * 1024 * 1024
