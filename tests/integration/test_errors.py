"""Error pages say in words what is wrong, and lead somewhere useful."""

import pytest

from tests.support.harness import World


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/subscriptions/unknown", '"/subscriptions">Back to the subscriptions'),
        ("/subscriptions/unknown/callbacks-log", '"/subscriptions">Back to the subscriptions'),
        ("/overview?window=odd", '"/overview">Back to the overview'),
        ("/account/odd", '"/account">Back to the account'),
        ("/terminal/odd", '"/terminal">Back to the tokens'),
        ("/candidates/odd", '"/account">Back to the account'),
        ("/notifications/unknown", '"/notifications">Back to notifications'),
        ("/odd", '"/notifications">Back to notifications'),
    ],
)
async def test_an_error_leads_back_to_where_one_was(world: World, path: str, back: str) -> None:
    async with world.logged_in() as ada:
        async with ada.request("GET", path, headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
            assert answer.status in {400, 404}
        assert f'<a class="button primary" href={back}</a>' in page
        assert "Try again</a>" not in page
        assert "Not Found" not in page
        assert "Bad Request" not in page


async def test_what_may_pass_can_be_tried_again(world: World) -> None:
    again = '<a class="button primary" href="">Try again</a>'
    async with world.logged_in() as ada:
        number = (await ada.subscribe("job.created"))["id"]
        world.sandbox.add_fault("/subscriptions", status=503)
        for path in (f"/subscriptions/{number}", "/subscriptions/coverage"):
            page = await ada.page(path, status=502)
            assert again in page
            assert '<a class="button" href="/subscriptions">Back to the subscriptions</a>' in page
        data = {"csrf": await ada.csrf()}
        html = {"Accept": "text/html"}
        path = f"/subscriptions/{number}/delete"
        async with ada.request("POST", path, data=data, headers=html) as answer:
            assert answer.status == 502
            assert again not in await answer.text()
        world.sandbox.add_fault("/users/me", status=503)
        async with world.nobody() as nobody:
            answer = await world.log_in(nobody)
            page = await answer.text()
            assert answer.status == 502
            assert again not in page  # its address is good once
            assert "The login could not be completed" in page


async def test_the_heading_is_what_is_wrong(world: World) -> None:
    async with world.logged_in() as ada:
        assert "<h1>There is no such page</h1>" in await ada.page("/odd", status=404)
        created = await ada.subscribe("job.created", active=False)
        said = "word " * 40
        world.sandbox.add_fault("/activation", method="PUT", status=422, body={"message": said})
        headers = {"Accept": "text/html", "Origin": ada.base}
        path = f"/subscriptions/{created['id']}/activation"
        async with ada.request("POST", path, headers=headers) as answer:
            page = await answer.text()
            assert answer.status == 422
        assert "<h1>Unprocessable Entity</h1>" in page
        assert said.strip() in page
