"""`srhooks listen --replay`: chosen notifications, by id or filter; and what each changed."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest
from srhooks.commands.listen import _id
from srhooks.domain.models import Hook
from srhooks.intake.hook_cache import new_hook_id

from tests.integration.test_listen import listen, receiver
from tests.support.harness import DEADLINE, World, eventually


async def replayed(world: World, token: str, *args: str) -> tuple[int | None, list[str], str]:
    async with listen(world.base, token, *args) as process:
        out, error = await asyncio.wait_for(process.communicate(), DEADLINE)
    return process.returncode, out.decode().splitlines(), error.decode()


async def test_chosen_ones_by_id_and_by_filter_and_what_changed(world: World) -> None:
    job = {"id": "7", "title": "Cook", "status": "CREATED", "updatedOn": "1"}
    world.sandbox.add_fault("/jobs/7$", method="GET", status=200, body=job)
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(world.logged_in())
        (user_id,) = await world.services.store.user_ids()
        hook = new_hook_id()  # it has no key: links of unsigned notifications are followed
        await world.services.store.add_hook(Hook(hook, user_id, None, None, 1))
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        target, url = await stack.enter_async_context(receiver())
        link = f"<{world.settings.api_url}/jobs/7>; rel=self"
        ids: list[str] = []
        for number, event in enumerate(("job.created", "job.updated", "offer.created")):
            named = link if event.startswith("job") else "</none>; rel=self"
            await world.notify(hook, event_id=str(number), event_name=event, Link=named)

            async def settled() -> bool:
                (newest, *_) = await ada.notifications()
                return bool(newest["entity"]["status"] != "pending")

            await eventually(settled)
            ids.append((await ada.notifications("?limit=1"))[0]["id"])
            job |= {"status": "SOURCING\x1b[2J", "updatedOn": "2"}
            world.sandbox.clear_faults()
            world.sandbox.add_fault("/jobs/7$", method="GET", status=200, body=job)

        forward = ("--forward-to", url)
        page = f"{world.base}/notifications/{ids[1]}?event=job.#d-take"
        code, lines, error = await replayed(
            world, made["token"], *forward, "--verbose", "--replay", page, ids[0]
        )
        assert (code, target.ids) == (0, ["1", "0"])  # in the order that was asked for
        assert "2 chosen, 0 failed" in error
        assert [line.split()[1] for line in (lines[1], lines[3])] == ["job.updated", "job.created"]
        assert lines[2].split()[0] == "job.updated"
        assert lines[2].endswith("status: CREATED → SOURCING\ufffd[2J")
        target.requests.clear()
        target.status = 404
        code, lines, error = await replayed(
            world, made["token"], *forward, "--replay", "--event", "job.", "--until", ids[1]
        )
        assert (code, target.ids) == (1, ["0"])
        assert "1 chosen, 1 failed" in error
        code, lines, error = await replayed(
            world, made["token"], "--print-only", "--replay", "--limit", "2"
        )
        assert code == 0
        assert [line.split()[1] for line in lines[1:]] == ["job.updated", "offer.created"]
        code, lines, error = await replayed(
            world, made["token"], *forward, "--replay", ids[0], "38gekrwqc005k"
        )
        assert (code, lines, target.ids) == (1, [], ["0"])
        assert "there is no notification 38gekrwqc005k" in error


def test_an_id_may_be_a_pages_address() -> None:
    for text in ("38gekrwqc005k", "https://x/notifications/38gekrwqc005k/?a=b#c"):
        assert _id(text) == "38gekrwqc005k"
    with pytest.raises(Exception, match=re.escape("is not the id of a notification")):
        _id("https://x/notifications/")
