"""Several processes under load: one killed, one frozen and back, PostgreSQL restarted; upgraded."""

import asyncio
import contextlib
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from srhooks.protocol.signature import sign

from tests.support.harness import Browser, eventually
from tests.support.machine import need_postgres
from tests.support.pgbouncer import pgbouncer
from tests.support.postgres import start_postgres
from tests.support.several import Several, freeze, rows, several, thaw

NOTIFICATIONS = int(os.environ.get("STORM_NOTIFICATIONS", "40"))
PARALLEL = 4
UNDER_WAY = 6  # fetches of an account at a time: what a fault may have asked again


@pytest.fixture
async def postgres(postgres_folder: Path) -> AsyncIterator[Any]:
    """A server of its own, to be restarted."""
    need_postgres()
    server = await asyncio.to_thread(start_postgres, postgres_folder / secrets.token_hex(4))
    yield server
    await asyncio.to_thread(server.cleanup)


class Sender:
    """Sends as SmartRecruiters does: what is not answered with 202 comes again."""

    def __init__(self, fleet: Several, made: dict[str, Any], *, retries: bool) -> None:
        self.fleet, self.made, self._retries = fleet, made, retries
        self.answers: Counter[int] = Counter()
        self.acknowledged: set[str] = set()
        self._numbers = iter(range(1_000_000))

    async def send(self, count: int) -> None:
        """So many, several at a time."""
        numbers: Iterator[int] = iter([next(self._numbers) for _ in range(count)])
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._send_some(session, numbers) for _ in range(PARALLEL)))

    async def _send_some(self, session: aiohttp.ClientSession, numbers: Iterator[int]) -> None:
        for number in numbers:
            if self._retries:
                await eventually(partial(self._deliver, session, number), within=60)
            else:
                await self._deliver(session, number)

    async def _deliver(self, session: aiohttp.ClientSession, number: int) -> bool:
        sandbox = self.fleet.world.sandbox
        key = sandbox.subscriptions.by_id[str(self.made["id"])].signing_keys()[0]
        headers = {
            "event-name": "job.created", "event-id": f"s{number}",
            "link": f"<{sandbox.base_url}/jobs/s{number}>; rel=self",
            "smartrecruiters-timestamp": str(int(time.time())),
        }  # fmt: skip
        headers["smartrecruiters-signature"] = sign(key, headers, b"{}")
        headers["Connection"] = "close"
        url = f"{self.fleet.world.base}/hooks/{self.made['hookId']}"
        status = 0  # no answer
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=5)
            async with session.post(url, data=b"{}", headers=headers, timeout=timeout) as answer:
                status = answer.status
        self.answers[status] += 1
        if status == 202:
            self.acknowledged.add(f"s{number}")
        return status == 202


async def listen(socket: aiohttp.ClientWebSocketResponse, seen: set[str]) -> None:
    """Collect the ids of all notifications in frames."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            seen |= set(re.findall(r"/notifications/([0-9a-z]{13})", message.data))


async def seen_all(ada: Browser, seen: set[str]) -> None:
    """Go on when a page was told of every notification that there is."""
    stored = {one["id"] for one in await ada.notifications("?limit=200")}

    async def told() -> bool:
        return stored <= seen

    await eventually(told)


async def settle(url: str) -> None:
    """Wait until every entity is fetched; if not, say who has what."""
    pending = (
        "SELECT due_at, attempts, entity_error FROM notifications WHERE entity_status = 'pending'"
    )

    async def settled() -> bool:
        return not await rows(url, pending)

    try:
        await eventually(settled, within=60)
    except AssertionError as error:
        tables = ("TABLE processes", "TABLE leases", "TABLE rate_slots", "TABLE rate_wants")
        left = {table: await rows(url, table) for table in tables}
        raise AssertionError(f"pending: {await rows(url, pending)}, of {left}") from error


async def test_nothing_is_lost_or_doubled(tmp_path: Path, postgres: Any) -> None:
    url = postgres.get_uri()
    async with several(tmp_path, url, 3) as fleet, fleet.world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        killed, frozen, survivor = fleet.processes
        live = f"http://127.0.0.1:{survivor.settings.port}/live"
        seen: set[str] = set()
        origin = {"Origin": fleet.world.base}
        async with ada.session.ws_connect(live, headers=origin) as socket:
            listening = asyncio.create_task(listen(socket, seen))
            sender = Sender(fleet, made, retries=True)
            part = NOTIFICATIONS // 4
            await sender.send(part)
            sending = asyncio.create_task(sender.send(part))
            await killed.kill()
            freeze(frozen)
            await sending
            await sender.send(part)
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(postgres.start)

            async def others_noticed() -> bool:
                with contextlib.suppress(OSError):
                    return len(await rows(url, "SELECT 1 FROM processes")) == 1
                return False

            await eventually(others_noticed)
            thaw(frozen)
            await sender.send(part)

            await settle(url)
            stored = await rows(url, "SELECT event_id, count(*) FROM notifications GROUP BY 1")
            assert {row[0] for row in stored} == sender.acknowledged
            assert {row[1] for row in stored} == {1}
            assert len(stored) == part * 4
            await seen_all(ada, seen)
            await socket.close()
            await listening
        seen_requests = fleet.world.sandbox.requests
        asked = Counter(one.path for one in seen_requests if one.path.startswith("/jobs/s"))
        assert len(asked) == part * 4
        assert sum(asked.values()) - len(asked) <= 3 * UNDER_WAY
        # What a killed or frozen process had sent still counts when another one goes on.
        assert sum(one.status == 429 for one in seen_requests) <= UNDER_WAY


async def test_an_upgrade_one_by_one_answers_202_or_503_and_loses_none(
    tmp_path: Path, postgres_url: str
) -> None:
    async with several(tmp_path, postgres_url, 2) as fleet, fleet.world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        sender = Sender(fleet, made, retries=False)
        over = asyncio.Event()

        async def load() -> None:
            while not over.is_set():
                await sender.send(PARALLEL)
                await asyncio.sleep(0.02)

        sending = asyncio.create_task(load())
        for old in list(fleet.processes):
            await fleet.start(fleet.add())
            code, took = await old.terminate()
            assert (code, took < old.patience) == (0, True)
            fleet.processes.remove(old)
        over.set()
        await sending
        assert set(sender.answers) <= {202, 503}, sender.answers
        assert sender.answers[202] > 0
        stored = {row[0] for row in await rows(postgres_url, "SELECT event_id FROM notifications")}
        assert stored == sender.acknowledged


async def test_nothing_is_lost_or_doubled_behind_a_pooler(
    tmp_path: Path, postgres_url: str
) -> None:
    """By pgbouncer in transaction mode; only what others tell is heard by a direct connection."""
    async with (
        pgbouncer(tmp_path / "pgbouncer", postgres_url) as pooled,
        several(tmp_path, pooled, 3, LISTEN_DATABASE_URL=postgres_url) as fleet,
        fleet.world.logged_in() as ada,
    ):
        made = await ada.subscribe("job.created")
        killed, _, survivor = fleet.processes
        live = f"http://127.0.0.1:{survivor.settings.port}/live"
        seen: set[str] = set()
        async with ada.session.ws_connect(live, headers={"Origin": fleet.world.base}) as socket:
            listening = asyncio.create_task(listen(socket, seen))
            sender = Sender(fleet, made, retries=True)
            await sender.send(8)
            sending = asyncio.create_task(sender.send(8))
            await killed.kill()
            await sending

            await settle(postgres_url)
            stored = await rows(postgres_url, "SELECT event_id FROM notifications")
            assert sorted(row[0] for row in stored) == sorted(sender.acknowledged)
            assert len(stored) == 16
            await seen_all(ada, seen)
            await socket.close()
            await listening
        assert "a pooler stands before" not in survivor.log.read_text(encoding="utf-8")
        asked = Counter(
            one.path for one in fleet.world.sandbox.requests if one.path.startswith("/jobs/s")
        )
        assert len(asked) == 16
        assert sum(asked.values()) - len(asked) <= UNDER_WAY
