"""Forms that arrive slowly hold a bounded amount of memory, and nobody else up."""

import asyncio
from pathlib import Path

from srhooks.web.http.forms import FORMS_IN_FLIGHT
from srhooks.web.state.app_keys import FORM_BUDGET

from tests.support.harness import World, eventually
from tests.support.harness import world as start_world

SIZE = 1_000_000  # bytes


async def test_large_forms_are_bounded_in_sum_and_small_ones_wait_for_none(
    tmp_path: Path,
) -> None:
    async with start_world(tmp_path, login_methods=("api-key",)) as world:
        await _fill(world)


async def _fill(world: World) -> None:
    budget = world.app[FORM_BUDGET]
    head = (
        f"POST /login/api-key HTTP/1.1\r\nHost: x\r\nOrigin: {world.base}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {SIZE}\r\n\r\n"
    )
    writers = []
    for _ in range(24):
        _, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
        writer.write(head.encode() + b"api_key=" + b"x" * (SIZE // 2))
        writers.append(writer)

    async def is_full() -> bool:
        return budget.in_flight > FORMS_IN_FLIGHT - SIZE

    await eventually(is_full)
    assert budget.in_flight <= FORMS_IN_FLIGHT
    async with world.nobody() as nobody:
        headers = {"Origin": world.base, "Accept": "application/json"}
        form = {"api_key": "small"}
        async with nobody.request("POST", "/login/api-key", data=form, headers=headers) as answer:
            assert answer.status in {403, 404}
    for writer in writers:
        writer.transport.abort()

    async def is_empty() -> bool:
        return budget.in_flight == 0

    await eventually(is_empty)
