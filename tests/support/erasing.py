"""What the tests of erasing share: a candidate in every place, and what the files still hold."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from srhooks.domain.models import Hook
from srhooks.intake.hook_cache import new_hook_id

from tests.support.harness import DEADLINE, Browser, World, eventually

GRACE_HOPPER = "2b1c7e7a-candidate-of-the-test"
SAID = "Grace Murray Hopper, 1906"


def files_of(folder: Path) -> bytes:
    """The database with its log, as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("srhooks.db*")))


async def hook_of(world: World) -> str:
    """A hook without a key of the one user there is."""
    (user_id,) = await world.services.store.user_ids()
    hook = Hook(new_hook_id(), user_id, None, None, 1)
    await world.services.store.add_hook(hook)
    return hook.id


async def carry_everywhere(world: World, ada: Browser) -> set[str]:
    """The candidate in each place, and two notifications that do not; the ids of the former."""
    hook = await hook_of(world)
    entity = {"id": "a1", "candidate": {"id": GRACE_HOPPER, "firstName": SAID}}
    world.sandbox.add_fault("^/applications/a1$", status=200, body=entity)
    world.sandbox.add_fault(f"^/candidates/{GRACE_HOPPER}$", status=200, body={"firstName": SAID})
    world.sandbox.add_fault(
        "^/jobs/j1$", times=1, status=200, body={"candidate": {"id": GRACE_HOPPER}}
    )
    world.sandbox.add_fault("^/jobs/j1$", status=200, body={"candidate": "nobody"})
    post = world.notify
    await post(
        hook, b'{"id": "%s", "n": "%s"}' % (GRACE_HOPPER.encode(), SAID.encode()),
        event_name="candidate.created",
    )  # fmt: skip
    await post(hook, b'{"id": 1}', event_name="by.link", link=f"</candidates/{GRACE_HOPPER}>")
    await post(hook, b'{"id": 2}', event_name="by.entity", link="</applications/a1>")
    await post(
        hook, f'not JSON "candidate_id": "{GRACE_HOPPER}", {SAID}'.encode(), event_name="raw"
    )
    await post(
        hook, b'{"candidateId": "\\u0032b1c7e7a-candidate-of-the-test"}', event_name="escaped"
    )
    await post(hook, b'{"job": 1}', event_name="job.updated", link="</jobs/j1>")
    await settled(ada, 6)
    await post(hook, b'{"job": 2}', event_name="job.changes", link="</jobs/j1>")
    await post(hook, b'{"id": "%s-not"}' % GRACE_HOPPER.encode()[:-1], event_name="other.kept")
    await post(hook, b'{"id": "someone else"}', event_name="kept")
    found = await settled(ada, 9)
    # The last fetch of the job says what changed: the candidate is in no entity of it any more.
    return {n["id"] for n in found if not str(n["eventName"]).endswith("kept")}


async def settled(ada: Browser, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        found = await ada.notifications()
        done = [n for n in found if n["entity"]["status"] != "pending"]
        return found if len(done) == count else []

    return await eventually(look)


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """With what the server ends it; what is pushed before does not matter."""
    async with asyncio.timeout(DEADLINE):
        async for _ in socket:
            pass
    return socket.close_code
