"""A queue of NOTIFY that is really full: intake goes on, and pages follow by the newest `rev`."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import create_database
from tests.support.fleet import processes
from tests.support.harness import DEADLINE, eventually
from tests.support.machine import need_postgres
from tests.support.postgres import database_url, start_postgres

QUEUE = "max_notify_queue_pages = 64\n"  # the least that there is: half a megabyte
MESSAGE = "x" * 7000


@pytest.fixture
async def small_queue(postgres_folder: Path) -> AsyncIterator[str]:
    need_postgres()
    folder = postgres_folder / secrets.token_hex(4)
    server = await asyncio.to_thread(start_postgres, folder, QUEUE)
    yield server.get_uri()
    await asyncio.to_thread(server.cleanup)


async def fill(url: str) -> asyncpg.Connection:
    """Whoever listens and does not end its transaction keeps all that was told since."""
    holder = await asyncpg.connect(url)
    await holder.execute("LISTEN anything")
    await holder.execute("BEGIN")
    await holder.fetchval("SELECT 1 FROM pg_class LIMIT 1")
    teller = await asyncpg.connect(url)
    with contextlib.suppress(asyncpg.PostgresError):
        while True:
            await teller.execute(
                "SELECT pg_notify('anything', $1 || n) FROM generate_series(1, 5) n", MESSAGE
            )
    assert await teller.fetchval("SELECT pg_notification_queue_usage()") > 0.9
    await teller.close()
    return holder


async def test_a_full_queue_holds_nothing_up(
    tmp_path: Path, small_queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    url = database_url(small_queue, await create_database(small_queue))
    async with processes(tmp_path, url, 2) as fleet, fleet.worlds[0].logged_in() as ada:
        hook_id = (await ada.subscribe("job.created"))["hookId"]
        async with fleet.at(ada, 1).live() as page:
            holder = await fill(url)
            assert await fleet.worlds[0].notify(hook_id, event_id="while-full") == 202
            async with asyncio.timeout(DEADLINE):
                (shown,) = await ada.notifications()
                while shown["id"] not in (await page.receive_str()):
                    pass

            async def told_of_it() -> bool:
                return "cannot tell other processes what changed" in caplog.text

            await eventually(told_of_it)
            await holder.close()

            async def heard_again() -> bool:
                return "other processes are told again what changed" in caplog.text

            await eventually(heard_again)
            assert await fleet.worlds[0].notify(hook_id, event_id="afterwards") == 202
            async with asyncio.timeout(DEADLINE):
                newest, _ = await ada.notifications()
                while newest["id"] not in (await page.receive_str()):
                    pass
