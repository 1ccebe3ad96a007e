"""The network between one of two processes and PostgreSQL is cut: nobody is told."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.forwarder import forwarding
from tests.support.harness import eventually
from tests.support.machine import lacks, need_root
from tests.support.namespace import Namespace, namespace
from tests.support.process import START_WITHIN
from tests.support.several import rows, several

ANSWERED_WITHIN = 5 + 3  # seconds: the service waits for five, and the machine may be busy


@pytest.fixture
def network() -> Iterator[Namespace]:
    """Where there can be none, test_cut_off of test_database_failures.py does without."""
    need_root()
    try:
        with namespace() as made:
            yield made
    except subprocess.CalledProcessError as error:
        lacks(f"network namespaces: {error.stderr.decode()}")


async def post(url: str, event_id: str) -> int:
    headers = {"event-id": event_id, "event-name": "job.created"}
    async with (
        asyncio.timeout(ANSWERED_WITHIN),
        aiohttp.ClientSession() as session,
        session.post(url, data=b"{}", headers=headers) as answer,
    ):
        return answer.status


async def is_ready(base: str) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{base}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def test_the_other_process_goes_on_and_the_one_that_was_cut_off_comes_back(
    tmp_path: Path, postgres_url: str, network: Namespace
) -> None:
    async with (
        forwarding(postgres_url, network.database) as forwarder,
        several(tmp_path, postgres_url, 1) as fleet,
        fleet.world.logged_in() as ada,
    ):
        made = await ada.subscribe("job.created")
        one = fleet.add()
        fleet.processes.remove(one)  # the balancer does not reach it
        one.prefix = network.run
        one.environment |= {"DATABASE_URL": forwarder.url(postgres_url), "HOST": network.address}
        base = f"http://{network.address}:{one.settings.port}"
        one.launch()
        try:
            await eventually(lambda: is_ready(base), within=START_WITHIN)
            near, far = (f"{root}/hooks/{made['hookId']}" for root in (fleet.world.base, base))
            assert [await post(near, "1"), await post(far, "2")] == [202, 202]
            network.cut()
            statuses = await asyncio.gather(*map(post, (near, far, far), ("3", "4", "5")))
            assert statuses == [202, 503, 503]

            async def says_no() -> bool:
                return not await is_ready(base)

            await eventually(says_no)

            async def others_took_over() -> bool:
                return len(await rows(postgres_url, "SELECT 1 FROM processes")) == 1

            await eventually(others_took_over)
            network.mend()
            await eventually(lambda: is_ready(base))
            assert [await post(far, "4"), await post(far, "5")] == [202, 202]

            async def is_back() -> bool:
                return len(await rows(postgres_url, "SELECT 1 FROM processes")) == 2

            await eventually(is_back)
            stored = await rows(postgres_url, "SELECT event_id FROM notifications ORDER BY 1")
            assert [row[0] for row in stored] == ["1", "2", "3", "4", "5"]
            log = one.log.read_text(encoding="utf-8")
            assert not re.search(r"Traceback|broke off", log), log[-3000:]
        finally:
            await one.kill()
