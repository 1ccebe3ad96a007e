"""web/routes.py says what each address needs; this is what the addresses do."""

import pytest
from srhooks.web.routes import LOGIN, NOBODY, READER, ROUTES, Route

from tests.support.harness import World


def address(route: Route) -> str:
    return route.path.replace("{id}", "0000000000000").replace("{kind}", "job")


def names(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("needs", [LOGIN, READER])
async def test_nobody_is_let_in_where_a_log_in_is_needed(world: World, needs: str) -> None:
    answers = {}
    async with world.nobody() as nobody:
        for route in ROUTES:
            if route.needs == needs:
                headers = {"Accept": "application/json", "Origin": world.base}
                async with nobody.request(route.method, address(route), headers=headers) as answer:
                    answers[names(route)] = answer.status
    assert answers
    assert set(answers.values()) == {401}, answers


async def test_everybody_is_let_in_where_nothing_is_needed(world: World) -> None:
    async with world.nobody() as nobody:
        for route in ROUTES:
            if route.needs == NOBODY:
                headers = {"Accept": "application/json", "Origin": world.base}
                async with nobody.request(route.method, address(route), headers=headers) as answer:
                    assert answer.status != 401, names(route)


async def test_a_personal_token_reads_and_does_nothing_else(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as program:
        token = (
            await ada.json("POST", "/terminal/tokens", status=201, data={"name": "my program"})
        )["token"]
        for route in ROUTES:
            if route.needs == NOBODY:
                continue
            headers = {
                "Accept": "application/json", "Origin": world.base,
                "Authorization": f"Bearer {token}",
            }  # fmt: skip
            async with program.request(route.method, address(route), headers=headers) as answer:
                refused = answer.status == 401
            assert refused == (route.needs == LOGIN), f"{names(route)}: {answer.status}"
