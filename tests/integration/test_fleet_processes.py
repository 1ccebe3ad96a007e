"""Several processes on one PostgreSQL behave as one: work once, one refresh, one rate limit."""

import asyncio
import contextlib
import itertools
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from srhooks.entities.account_worker import CONCURRENT
from srhooks.protocol.signature import sign

from tests.support.harness import Browser, eventually
from tests.support.process import Process
from tests.support.several import Several, freeze, rows, several, thaw

# Fetches that took longer than usual and were begun anew, as on one process: a busy machine is
# slow. Without leases every process would ask for everything.
GAVE_WAY = 6

Created = dict[str, Any]
_event_ids = itertools.count(1)


@pytest.fixture
async def fleet(tmp_path: Path, postgres_url: str) -> AsyncIterator[Several]:
    async with several(tmp_path, postgres_url, 3) as running:
        yield running


def calls(fleet: Several, pattern: str) -> Counter[str]:
    """How often each path was asked for."""
    seen = fleet.world.sandbox.requests
    return Counter(one.path for one in seen if re.fullmatch(pattern, one.path))


def refused(fleet: Several) -> int:
    return sum(one.status == 429 for one in fleet.world.sandbox.requests)


async def notify(fleet: Several, one: Process, made: Created, path: str) -> int:
    """Post a notification that leads to this path, signed by the service, to one process."""
    sandbox = fleet.world.sandbox
    key = sandbox.subscriptions.by_id[str(made["id"])].signing_keys()[0]
    headers = {
        "event-name": "job.created", "event-id": f"e{next(_event_ids)}",
        "link": f"<{sandbox.base_url}{path}>; rel=self",
        "smartrecruiters-timestamp": str(int(time.time())),
    }  # fmt: skip
    headers["smartrecruiters-signature"] = sign(key, headers, b"{}")
    url = f"http://127.0.0.1:{one.settings.port}/hooks/{made['hookId']}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=b"{}", headers=headers) as answer,
    ):
        return answer.status


async def notify_all(fleet: Several, made: Created, name: str, count: int) -> None:
    """Post them to all processes in turn."""
    sent = [
        notify(fleet, fleet.processes[number % len(fleet.processes)], made, f"/jobs/{name}{number}")
        for number in range(count)
    ]
    assert set(await asyncio.gather(*sent)) == {202}


async def settle(ada: Browser, count: int, within: float = 30.0) -> None:
    async def settled() -> bool:
        with contextlib.suppress(TimeoutError):  # of a process that is frozen, and still chosen
            async with asyncio.timeout(3):
                found = await ada.notifications("?limit=200")
                return Counter(one["entity"]["status"] for one in found)["gone"] == count
        return False

    await eventually(settled, within=within)


async def leader(fleet: Several, url: str) -> Process | None:
    found = await rows(
        url,
        "SELECT p.pid FROM leases l JOIN processes p ON p.id = l.owner WHERE l.name = 'leader'",
    )
    running = {one.running.pid: one for one in fleet.processes if one.running is not None}
    return running.get(found[0][0]) if found else None


async def test_entities_are_fetched_once_within_the_limit(fleet: Several) -> None:
    async with fleet.world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await notify_all(fleet, made, "a", 30)
        await settle(ada, 30)
    asked = calls(fleet, r"/jobs/a\d+")
    assert len(asked) == 30
    assert asked.total() <= 30 + GAVE_WAY
    assert refused(fleet) == 0


async def test_parallel_expiries_make_one_refresh(fleet: Several) -> None:
    world = fleet.world
    async with world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await asyncio.gather(*(ada.json("GET", "/subscriptions") for _ in range(6)))
        before = calls(fleet, "/identity/oauth/token").total()
        world.sandbox.expire_access_tokens()
        await asyncio.gather(
            *(ada.json("GET", "/subscriptions") for _ in range(27)),
            *(notify(fleet, one, made, "/jobs/r1") for one in fleet.processes),
        )
        await settle(ada, 3)
    assert calls(fleet, "/identity/oauth/token").total() == before + 1
    assert refused(fleet) == 0


async def test_a_killed_process_is_replaced(fleet: Several, postgres_url: str) -> None:
    async with fleet.world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        first = await leader(fleet, postgres_url)
        assert first is not None
        fleet.world.sandbox.add_fault(r"/jobs/k", delay=1.0)
        await notify_all(fleet, made, "k", 12)
        (owner,) = await rows(
            postgres_url,
            "SELECT p.pid FROM leases l JOIN processes p ON p.id = l.owner"
            " WHERE l.name LIKE 'entities:%'",
        )
        for one in fleet.processes:
            if one is first or (one.running is not None and one.running.pid == owner[0]):
                await one.kill()
        alive = [one for one in fleet.processes if one.running and one.running.poll() is None]
        fleet.processes[:] = alive

        async def replaced() -> bool:
            return await leader(fleet, postgres_url) in alive

        await eventually(replaced)
        await settle(ada, 12, within=60)
    # What it had under way when it was killed is asked for again, and nothing else.
    asked = calls(fleet, r"/jobs/k\d+")
    assert len(asked) == 12
    assert asked.total() <= 12 + CONCURRENT + GAVE_WAY


async def test_a_frozen_process_does_nothing_with_what_was_given_away(
    fleet: Several, postgres_url: str
) -> None:
    async with fleet.world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await notify(fleet, fleet.processes[0], made, "/jobs/first")
        await settle(ada, 1)
        frozen = await leader(fleet, postgres_url)
        assert frozen is not None
        freeze(frozen)
        others = [one for one in fleet.processes if one is not frozen]

        async def replaced() -> bool:
            return await leader(fleet, postgres_url) in others

        await eventually(replaced)
        await asyncio.gather(*(notify(fleet, others[0], made, f"/jobs/f{n}") for n in range(5)))
        await settle(ada, 6)
        thaw(frozen)
        assert await notify(fleet, frozen, made, "/jobs/last") == 202
        await settle(ada, 7)

        async def joined_again() -> bool:
            return len(await rows(postgres_url, "SELECT 1 FROM processes")) == 3

        await eventually(joined_again)
        assert await leader(fleet, postgres_url) in others
    assert calls(fleet, r"/jobs/(f\d+|first|last)").total() <= 7 + 2
    assert "others have taken over" in frozen.log.read_text(encoding="utf-8")


async def test_who_leaves_gives_all_back_at_once(fleet: Several, postgres_url: str) -> None:
    first = await leader(fleet, postgres_url)
    assert first is not None
    code, took = await first.terminate()
    assert code == 0
    assert took < first.patience
    assert len(await rows(postgres_url, "SELECT 1 FROM processes")) == 2

    async def replaced() -> bool:
        return await leader(fleet, postgres_url) not in {None, first}

    await eventually(replaced)


async def test_metrics_tell_who_leads_and_how_many_there_are(fleet: Several) -> None:
    async def told() -> bool:
        leading = []
        for one in fleet.processes:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{one.settings.port}/metrics") as answer,
            ):
                text = await answer.text()
            assert "srhooks_lease_renewals_failed_total 0.0" in text
            if "srhooks_processes 3.0" not in text:
                return False
            leading.append("srhooks_leader 1.0" in text)
        return leading.count(True) == 1

    await eventually(told)
