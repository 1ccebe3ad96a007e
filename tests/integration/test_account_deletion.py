"""Deleting an account takes everything, and retention leaves nothing."""

import asyncio
import re
import sqlite3
from pathlib import Path

from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import WHOLE_ACCOUNT, NewNotification
from srhooks.privacy.candidate_erasure import CandidateEraser
from yarl import URL

from tests.support.erasing import (
    GRACE_HOPPER,
    SAID,
    carry_everywhere,
    close_code,
    files_of,
    hook_of,
)
from tests.support.harness import Browser, World, application, eventually
from tests.support.harness import world as start_world


async def test_the_account_tells_since_when_as_a_date(ada: Browser) -> None:
    page = await ada.page("/account")
    assert re.search(r"Here since</dt><dd><time [^>]*>\d{1,2} [A-Z][a-z]{2} \d{4}</time>", page)


async def test_deleting_the_account_takes_everything_and_everybody_out(
    world: World, ada: Browser, tmp_path: Path
) -> None:
    created = await ada.subscribe("job.created")
    await carry_everywhere(world, ada)
    async with (
        world.logged_in("Grace") as grace,
        world.logged_in() as second,
        second.live() as socket,
    ):
        hers = await grace.subscribe("job.created")
        await world.notify(hers["hookId"], b'{"id": "hers"}')
        await ada.json("POST", "/account/delete", json={}, status=400)
        form = {"csrf": await ada.csrf()}
        html = {"Accept": "text/html"}
        async with ada.request("POST", "/account/delete", data=form, headers=html) as answer:
            question = await answer.text()
        assert "Delete your account?" in question
        assert "Your subscription is deleted at SmartRecruiters." in question
        assert "Data stored here is deleted: 9 notifications, the signing keys" in question
        form["confirm"] = "yes"
        async with ada.request("POST", "/account/delete", data=form, headers=html) as answer:
            page = await answer.text()
        assert '<p class="note good" role="status">Your account and everything in it' in page
        assert await close_code(socket) == 4401
        for browser in (ada, second):
            await browser.json("GET", "/notifications", status=401)
        assert created["id"] not in world.sandbox.subscriptions.by_id
        assert await world.notify(created["hookId"]) == 404
        assert len(await grace.notifications()) == 1
        assert await world.notify(hers["hookId"]) == 202

        async def gone() -> bool:
            raw = files_of(tmp_path)
            return not any(word.encode() in raw for word in (SAID, GRACE_HOPPER, "ada@"))

        await eventually(gone)
        with sqlite3.connect(tmp_path / "srhooks.db") as database:
            assert database.execute("SELECT count(*) FROM users").fetchone() == (1,)
            assert database.execute("SELECT count(*) FROM hooks").fetchone() == (1,)
        async with world.logged_in() as again:
            assert await again.notifications() == []


async def test_an_account_can_be_deleted_when_the_service_does_not_answer(
    world: World, ada: Browser
) -> None:
    created = await ada.subscribe("job.created")
    world.sandbox.add_fault("/subscriptions", status=503)
    answer = await ada.json("POST", "/account/delete", json={"confirm": True})
    assert answer == {"deleted": True, "subscriptionsLeft": [created["id"]]}
    await ada.json("GET", "/account", status=401)
    world.sandbox.clear_faults()
    async with world.logged_in() as again:  # the grant that is dead afterwards
        (user_id,) = await world.services.store.user_ids()
        tokens = await world.services.store.credential(user_id)
        assert tokens is not None
        await world.services.store.mark_grant_dead(user_id, tokens.access)
        await again.json("GET", "/notifications", status=401)
        await again.json("POST", "/account/delete", json={"confirm": True})
        assert await world.services.store.user_ids() == []


async def test_a_request_that_was_under_way_leaves_nothing_of_a_deleted_account(
    world: World, ada: Browser
) -> None:
    services = world.services
    entry = await services.hooks.get(await hook_of(world))
    assert entry is not None
    (user_id,) = await services.store.user_ids()
    await ada.json("POST", "/account/delete", json={"confirm": True})
    await services.intake.receive(entry, {}, b"late")
    assert [note.candidate_id for note in await services.store.erasures()] == [WHOLE_ACCOUNT]
    # As the running one does after a minute.
    later = asyncio.create_task(
        CandidateEraser(services.store, services.hub, services.candidates, grace=0).run()
    )

    async def gone() -> bool:
        empty = await services.store.last_rev(user_id) == 0
        return empty and await services.store.erasures() == []

    await eventually(gone)
    later.cancel()
    await asyncio.gather(later, return_exceptions=True)


async def test_retention_leaves_nothing_in_rows_search_and_files(tmp_path: Path) -> None:
    needle = b"Old Applicant 4711"
    async with start_world(tmp_path) as world, world.logged_in() as ada:
        hook = await hook_of(world)
        (user_id,) = await world.services.store.user_ids()
        long_ago = first_id_at(now_ms() - 31 * 86_400_000)
        for number in range(3):
            for _ in range(2):
                await world.services.store.add_notification(
                    NewNotification(
                        id=long_ago + number, user_id=user_id, hook_id=hook, subscription_id=None,
                        event_id=f"e{number}", event_name="job.created", event_version=None,
                        link=None, headers="{}", body=b'{"name": "%s"}' % needle, signature="valid",
                        sent_at=None, entity_status="none",
                    )
                )  # fmt: skip
        await world.notify(hook, b"young")
        while await world.services.store.index_some(100):
            pass
        assert len(await ada.notifications()) == 4
        assert needle in files_of(tmp_path)
        port = URL(world.settings.api_url).port
        assert port is not None
        async with application(tmp_path, port):  # retention looks at once

            async def gone() -> bool:
                raw = files_of(tmp_path)
                return needle not in raw and needle.lower() not in raw

            await eventually(gone)
        assert [n["body"] for n in await ada.notifications()] == ["young"]
        assert await ada.notifications("?q=applicant") == []
        with sqlite3.connect(tmp_path / "srhooks.db") as database:
            for table, count in (("notifications", 1), ("deliveries", 0), ("search", 1)):
                found = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
                assert found == (count,), table
