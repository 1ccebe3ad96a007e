"""One deadline from a notification's first byte: 202 or 503 within the 5 s that are waited."""

import asyncio
import json
from pathlib import Path

import aiohttp
import asyncpg

from tests.support.harness import World, eventually
from tests.support.harness import world as start_world
from tests.support.odd_service import ROOT, odd_world

SERVICE_WAITS = aiohttp.ClientTimeout(total=5)


async def post(url: str, **headers: str) -> int:
    """As the service: TimeoutError when there is no answer in time."""
    async with (
        aiohttp.ClientSession(timeout=SERVICE_WAITS) as session,
        session.post(url, data=b"{}", headers=headers) as response,
    ):
        await response.read()
        return response.status


async def test_a_look_up_of_the_key_that_hangs(tmp_path: Path) -> None:
    async with odd_world(tmp_path) as odd, odd.logged_in() as zoe:
        made = await zoe.subscribe("job.created")
        odd.service.delay[f"{ROOT}/{made['id']}/secret-key"] = 60
        url = f"{odd.settings.app_url}/hooks/{made['hookId']}"
        assert await post(url, **{"smartrecruiters-signature": "v1=00"}) == 202
        assert (await zoe.notifications())[0]["signature"] == "invalid"


async def locked(url: str, *tables: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN")
    for table in tables:
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    return connection


async def test_whatever_the_database_waits_for(tmp_path: Path, postgres_url: str) -> None:
    async with (
        start_world(tmp_path, database_url=postgres_url) as world,
        world.logged_in() as ada,
    ):
        made = await ada.subscribe("job.created")
        url = f"{world.base}/hooks/{made['hookId']}"
        assert await post(url) == 202
        await look_up_and_store_both_slow(world, url, postgres_url)

        async def works() -> bool:
            return await post(url) == 202

        await eventually(works)


async def look_up_and_store_both_slow(world: World, url: str, database: str) -> None:
    """The look-up alone would be in time, and so would the store."""
    hook_id = url.rpartition("/")[2]
    store = await locked(database, "notifications")
    look_up = await locked(database, "hooks")
    try:
        world.services.hooks.forget(hook_id)
        posting = asyncio.create_task(post(url))

        async def waits_for_the_hook() -> bool:
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'hooks'::regclass"
            return bool(await store.fetch(waiting))

        await eventually(waits_for_the_hook)
        await asyncio.sleep(2)  # what is tested: a look-up that takes as long
        await look_up.execute("ROLLBACK")
        assert await posting == 503
        world.services.hooks.forget(hook_id)
        await look_up.execute("BEGIN; LOCK TABLE hooks IN ACCESS EXCLUSIVE MODE")
        assert await post(url) == 503
    finally:
        for connection in (store, look_up):
            await connection.close()


async def test_a_sender_that_is_slow_itself_is_still_heard(tmp_path: Path) -> None:
    async with start_world(tmp_path) as world, world.logged_in() as ada:
        made = await ada.subscribe("job.created")
        reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        path = f"/hooks/{made['hookId']}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n"
        writer.write(head.encode())
        for part in (b'{"a', b'":', b"1}x"):
            await asyncio.sleep(1.6)  # what is tested: a sender who takes 4.8 s in all
            writer.write(part)
        assert (await reader.readline()).startswith(b"HTTP/1.1 202")
        writer.close()
        assert json.dumps((await ada.notifications())[0]["body"]) == json.dumps('{"a":1}x')
