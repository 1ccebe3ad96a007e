"""A log-in while the rate limit of the very same person is used up."""

import pytest

from tests.support.harness import World


@pytest.mark.parametrize(("refusals", "status"), [(1, 303), (9, 502)])
async def test_the_log_in_waits_for_its_turn_but_not_for_ever(
    world: World, refusals: int, status: int
) -> None:
    world.sandbox.add_fault("/users/me", status=429, times=refusals, headers={"Retry-After": "0.1"})
    async with world.nobody() as ada:
        answer = await world.log_in(ada)
        assert answer.status == status
        assert ("/notifications" in answer.headers.get("Location", "")) == (status == 303)
