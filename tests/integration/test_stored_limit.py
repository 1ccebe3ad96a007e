"""What is stored of a request has one limit: headers count, too."""

from pathlib import Path

import pytest

from tests.support.harness import world as start_world

LIMIT = 10_000


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (0, LIMIT, 202),
        (0, LIMIT + 1, 413),
        (7_000, LIMIT, 202),
        (9_000, LIMIT, 413),
        (16_000, 1_000, 202),
        (20_000, 1, 413),
    ],
)
async def test_headers_and_body_together(
    tmp_path: Path, headers: int, body: int, status: int
) -> None:
    async with start_world(tmp_path, max_body_bytes=LIMIT) as world, world.logged_in() as ada:
        hook = (await ada.subscribe())["hookId"]
        more = {f"x_{number}": "y" * 1000 for number in range(headers // 1000)}
        assert await world.notify(hook, b"x" * body, **more) == status
        assert len(await ada.notifications()) == (status == 202)


async def test_what_is_not_ascii_counts_as_it_is_stored(tmp_path: Path) -> None:
    async with start_world(tmp_path, max_body_bytes=LIMIT) as world, world.logged_in() as ada:
        hook = (await ada.subscribe())["hookId"]
        assert await world.notify(hook, b"", x_name="\u00e9" * 2_000) == 202
        assert await world.notify(hook, b"", x_name="\u00e9" * 4_000) == 413
