"""kill -9 at any moment in a storm: what was answered 202 is there, once, as it was sent.

SRHOOKS_KILLS=100 for the long version, SRHOOKS_KILL_SEED to repeat one.
"""

import asyncio
import contextlib
import os
import random
import secrets
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from tests.support.harness import Browser, eventually
from tests.support.process import process

KILLS = int(os.environ.get("SRHOOKS_KILLS", "6"))
CLIENTS = 12


class Storm:
    """Clients that post without a pause, re-deliver what was not acknowledged, and take notes."""

    def __init__(self, url: str, seed: int) -> None:
        self._url = url
        self._chance = random.Random(seed)  # noqa: S311 - a storm that can be repeated
        self.sent: dict[str, bytes] = {}
        self.acknowledged: set[str] = set()
        self.unknown: list[str] = []  # sent, and no answer came

    async def run(self) -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._client(session) for _ in range(CLIENTS)))

    async def _client(self, session: aiohttp.ClientSession) -> None:
        while True:
            again = self.unknown and self._chance.random() < 0.5
            event_id = self.unknown.pop() if again else secrets.token_hex(8)
            body = self.sent.setdefault(event_id, os.urandom(self._chance.randrange(400)))
            headers = {"event-id": event_id, "event-name": "job.created"}
            try:
                async with session.post(self._url, data=body, headers=headers) as response:
                    if response.status == 202:
                        self.acknowledged.add(event_id)
                        continue
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
            self.unknown.append(event_id)


def stored(database: Path) -> list[tuple[str, bytes]]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT event_id, body FROM notifications").fetchall()


@pytest.mark.timeout(300 + 20 * KILLS)
async def test_a_kill_loses_and_doubles_nothing_acknowledged(tmp_path: Path) -> None:
    seed = int(os.environ.get("SRHOOKS_KILL_SEED", "0")) or secrets.randbelow(1 << 30)
    print(f"SRHOOKS_KILL_SEED={seed}")  # shown when it fails
    chance = random.Random(seed)  # noqa: S311 - moments that can be repeated
    async with process(tmp_path) as program:
        await program.start()
        async with program.world.logged_in() as ada:
            hook = (await ada.subscribe("job.created", active=False))["hookId"]
        storm = Storm(f"{program.settings.app_url}/hooks/{hook}", seed)
        raging = asyncio.create_task(storm.run())
        for _ in range(KILLS):
            enough = len(storm.acknowledged) + CLIENTS

            async def goes_on(enough: int = enough) -> bool:
                return len(storm.acknowledged) > enough

            await eventually(goes_on)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await program.kill()
            await program.start()
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
        code, _ = await program.terminate()
        assert code == 0
    found = stored(tmp_path / "srhooks.db")
    names = [event_id for event_id, _ in found]
    assert len(storm.acknowledged) > KILLS
    assert storm.acknowledged - set(names) == set(), "lost"
    assert len(names) == len(set(names)), "doubled"
    assert all(storm.sent[event_id] == body for event_id, body in found)
    print(f"{KILLS} kills, {len(storm.acknowledged)} acknowledged, {len(names)} stored")


async def statuses(ada: Browser) -> list[str]:
    found = await ada.notifications("?limit=200")
    return [one["entity"]["status"] for one in found]


async def test_fetching_goes_on_where_a_kill_ended_it(tmp_path: Path) -> None:
    async with process(tmp_path) as program:
        await program.start()
        async with program.world.logged_in() as ada:
            await ada.subscribe("job.created")
            program.world.sandbox.add_fault("^/jobs/", status=503)
            await asyncio.gather(*(program.world.fire("job.created") for _ in range(5)))

            async def tried() -> bool:
                return any(one.path.startswith("/jobs/") for one in program.world.sandbox.requests)

            await eventually(tried)
            await program.kill()
            program.world.sandbox.clear_faults()
            await program.start()

            async def all_fetched() -> bool:
                return await statuses(ada) == ["fetched"] * 5

            await eventually(all_fetched)
