"""PostgreSQL read-only, full, slow, behind a network that is cut, and failed over to a standby.

Two processes serve it. Meanwhile hooks are answered 202 or 503 in time, `/readyz` says no and pages
say what is wrong; afterwards all heals by itself, and nothing is lost, doubled or unseen.
"""

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from srhooks.web.state.app_keys import METRICS

from tests.conftest import create_database
from tests.support.disk import fill, mounted
from tests.support.fleet import Processes, processes
from tests.support.forwarder import Forwarder, forwarding, socket_of
from tests.support.harness import Browser, World, eventually
from tests.support.machine import need_postgres
from tests.support.postgres import database_url, start_postgres
from tests.support.several import rows
from tests.support.standby import give_to_server, standby_of

# The service waits for five seconds; this machine may be busy with other tests.
ANSWERED_WITHIN = 5 + 3
HEALED_WITHIN = 30


class Story:
    """What SmartRecruiters sends, and what somebody sees who looks at the other process."""

    def __init__(self, fleet: Processes, ada: Browser, hook_id: str) -> None:
        self.fleet, self.ada, self.hook_id = fleet, ada, hook_id
        self.acknowledged: set[str] = set()
        self.sent: list[str] = []
        self.seen: set[str] = set()

    async def send(self, world: World, event_id: str) -> int:
        url = f"http://127.0.0.1:{world.settings.port}/hooks/{self.hook_id}"
        headers = {"event-id": event_id, "event-name": "job.created"}
        async with (
            asyncio.timeout(ANSWERED_WITHIN),
            aiohttp.ClientSession() as session,
            session.post(url, data=b'{"id": "%s"}' % event_id.encode(), headers=headers) as answer,
        ):
            assert answer.status in {202, 503}, await answer.text()
            if answer.status == 202:
                self.acknowledged.add(event_id)
            return answer.status

    async def send_to_all(self, count: int) -> list[int]:
        new = [secrets.token_hex(4) for _ in range(count * len(self.fleet.worlds))]
        self.sent += new
        worlds = self.fleet.worlds * count
        return await asyncio.gather(*map(self.send, worlds, new))

    async def send_again(self) -> None:
        """As the service does, what was not answered with 202."""

        async def all_taken() -> bool:
            missing = [one for one in self.sent if one not in self.acknowledged]
            await asyncio.gather(*(self.send(self.fleet.worlds[0], one) for one in missing))
            return set(self.sent) == self.acknowledged

        await eventually(all_taken, within=HEALED_WITHIN)

    async def watch(self) -> None:
        """A page at the last process: it comes back whenever it is sent away."""
        browser = self.fleet.at(self.ada, -1)
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with browser.live("?cursor=0") as socket:
                    async for message in socket:
                        if isinstance(message.data, str):
                            self.seen |= set(re.findall(r"/notifications/(\w{13})", message.data))
            await asyncio.sleep(0.2)  # a page's pause before it connects again

    async def is_ready(self, number: int) -> bool:
        async with self.fleet.at(self.ada, number).request("GET", "/readyz") as answer:
            return bool(answer.status == 200)

    async def nobody_is_ready(self) -> bool:
        return not any([await self.is_ready(number) for number in range(2)])

    async def all_are_ready(self) -> bool:
        return all([await self.is_ready(number) for number in range(2)])

    async def look_at_a_page(self) -> None:
        headers = {"Accept": "text/html"}
        async with self.ada.request("GET", "/notifications", headers=headers) as answer:
            text = await answer.text()
            assert answer.status in {200, 503}, text
            if answer.status == 503:
                assert "The database does not answer at the moment" in text


@contextlib.asynccontextmanager
async def told(folder: Path, url: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Story]:
    """All is well before, and at the end again."""
    async with processes(folder, url, 2) as fleet, fleet.worlds[0].logged_in() as ada:
        made = await ada.subscribe("job.created")
        story = Story(fleet, ada, made["hookId"])
        watching = asyncio.create_task(story.watch())
        assert set(await story.send_to_all(2)) == {202}
        try:
            yield story
        except BaseException:
            watching.cancel()
            raise
        await eventually(story.all_are_ready, within=HEALED_WITHIN)
        await story.send_again()
        assert set(await story.send_to_all(2)) == {202}
        shown = await ada.notifications("?limit=200")
        assert sorted(one["eventId"] for one in shown) == sorted(story.acknowledged)
        assert set(story.sent) == story.acknowledged

        async def seen_all() -> bool:
            return {one["id"] for one in shown} <= story.seen

        await eventually(seen_all, within=HEALED_WITHIN)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert [broke_off(world) for world in fleet.worlds] == [0, 0]
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert errors == []


def broke_off(world: World) -> float:
    """How many background loops ended and were started again."""
    metrics = world.app[METRICS].restarts.collect()
    return sum(one.value for metric in metrics for one in metric.samples if "total" in one.name)


async def suffer(story: Story) -> None:
    """What must be so while the database takes nothing."""
    statuses = await story.send_to_all(2)
    await eventually(story.nobody_is_ready, within=HEALED_WITHIN)
    await story.look_at_a_page()
    statuses += await story.send_to_all(2)
    assert 503 in statuses


@pytest.fixture
async def network(postgres_url: str) -> AsyncIterator[Forwarder]:
    async with forwarding(postgres_url) as forwarder:
        yield forwarder


async def test_read_only(
    tmp_path: Path, postgres_server: str, postgres_url: str, network: Forwarder,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    database = urlsplit(postgres_url).path.strip("/")
    setting = f"ALTER DATABASE {database} SET default_transaction_read_only ="
    async with told(tmp_path, network.url(postgres_url), caplog) as story:
        await rows(postgres_server, f"{setting} on")
        await network.hang_up()
        await suffer(story)
        await rows(postgres_server, f"{setting} off")
        await network.hang_up()


async def test_too_slow(
    tmp_path: Path, postgres_url: str, network: Forwarder, caplog: pytest.LogCaptureFixture
) -> None:
    async with told(tmp_path, network.url(postgres_url), caplog) as story:
        network.delay = 3.0
        await suffer(story)
        network.delay = 0.0


async def test_cut_off(
    tmp_path: Path, postgres_url: str, network: Forwarder, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing comes through, and nobody is told."""
    async with told(tmp_path, network.url(postgres_url), caplog) as story:
        network.cut()
        await suffer(story)
        network.mend()


async def test_full(
    tmp_path: Path, postgres_server: str, postgres_template: str, postgres_folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with mounted(postgres_folder / secrets.token_hex(4), 40) as disk:
        give_to_server(disk)
        name = f"small_{secrets.token_hex(4)}"
        await rows(postgres_server, f"CREATE TABLESPACE {name} LOCATION '{disk}'")
        options = f"TEMPLATE {postgres_template} TABLESPACE {name} STRATEGY file_copy"
        database = await create_database(postgres_server, options)
        url = database_url(postgres_server, database)
        try:
            async with told(tmp_path, url, caplog) as story:
                filler = disk / "filler"
                fill(filler)

                async def full() -> bool:  # what is free in the tables' last pages fills first
                    return 503 in await story.send_to_all(20)

                await eventually(full, within=HEALED_WITHIN)
                await suffer(story)
                filler.unlink()
        finally:
            await rows(postgres_server, f"DROP DATABASE {database} WITH (FORCE)")
            await rows(postgres_server, f"DROP TABLESPACE {name}")


async def test_failed_over_to_a_standby(
    tmp_path: Path, postgres_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The address leads to it first, and then it begins to take writes."""
    need_postgres()
    first = await asyncio.to_thread(start_postgres, postgres_folder / secrets.token_hex(4))
    try:
        url = database_url(first.get_uri(), await create_database(first.get_uri()))
        async with (
            standby_of(first, postgres_folder / secrets.token_hex(4)) as standby,
            forwarding(url) as network,
            told(tmp_path, network.url(url), caplog) as story,
        ):
            await standby.stop_first()
            await network.lead_to(socket_of(standby.url))
            await suffer(story)
            await standby.promote()
    finally:
        await asyncio.to_thread(first.cleanup)
