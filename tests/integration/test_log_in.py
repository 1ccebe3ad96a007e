"""Log in with an API key and with client credentials, over a strict double of the service."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.models import Hook
from srhooks.intake.hook_cache import new_hook_id

from tests.support.harness import DEADLINE, Browser, eventually
from tests.support.strict_service import (
    COMPANY,
    LIST,
    TOKEN,
    StrictService,
    StrictWorld,
    strict_world,
)

KEY = "k" * 32
OTHER_KEY = "l" * 32
CLIENT = {"client_id": "client-1", "client_secret": "secret-1"}


async def post(browser: Browser, path: str, **form: str) -> Any:
    headers = {"Accept": "text/html", "Origin": browser.base}
    return await browser.request("POST", path, data=form, headers=headers)


async def post_from_elsewhere(browser: Browser, **form: str) -> Any:
    """Without an Origin, as no page of ours does."""
    return await browser.request("POST", "/login/api-key", data={"api_key": KEY, **form})


async def account_of(browser: Browser, path: str, **form: str) -> dict[str, Any]:
    answer = await browser.json("POST", path, data=form)
    found: dict[str, Any] = answer["account"]
    return found


async def test_the_login_page_has_a_form_for_each_way(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        page = await nobody.page("/")
        assert "Log in with an API key" in page
        assert "Log in with client credentials" in page
        assert "Log in with SmartRecruiters" not in page
        for path in ("/auth", "/auth/callback"):
            await nobody.page(path, status=404)


async def test_a_way_that_is_not_offered_is_off(tmp_path: Path) -> None:
    async with strict_world(tmp_path, login_methods=("api-key",)) as world:
        async with world.nobody() as nobody:
            assert "Log in with client credentials" not in await nobody.page("/")
            answer = await post(nobody, "/login/client-credentials", **CLIENT)
            assert answer.status == 404
        assert world.service.seen == []


async def test_an_api_key_is_proven_and_leads_to_its_companys_account(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as ada, world.nobody() as bob:
        await ada.page("/subscriptions", status=303)  # where she wanted to go
        answer = await post(ada, "/login/api-key", api_key=f" {KEY} ")
        assert (answer.status, answer.headers["Location"]) == (303, "/subscriptions")
        proof, company = world.service.seen
        assert (proof.method, proof.path) == ("GET", f"{LIST}?limit=1")
        assert company.path == COMPANY
        assert all("authorization" not in one.headers for one in world.service.seen)
        account = (await ada.json("GET", "/account"))["account"]
        assert account["credential"] == "api-key"
        assert account["company"] == {"id": "acme", "name": "Acme <b>Ltd"}
        assert (account["scopes"], account["grant"]) == (None, "alive")
        page = await ada.page("/account")
        assert "Acme &lt;b&gt;Ltd" in page
        world.service.keys.add(OTHER_KEY)
        other = await account_of(bob, "/login/api-key", api_key=OTHER_KEY)
        assert other["id"] == account["id"]


async def test_a_program_may_send_json(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as program:
        key_path, client_path = "/login/api-key", "/login/client-credentials"
        told = await program.json("POST", key_path, json={"api_key": KEY})
        assert told["account"]["credential"] == "api-key"
        made = await program.json("POST", "/terminal/tokens", status=201,
                                  json={"name": "mine", "days": 7})  # fmt: skip
        assert made["name"] == "mine"
        told = await program.json("POST", client_path, json=CLIENT)
        assert told["account"]["credential"] == "client-credentials"
        bodies: tuple[object, ...] = ({}, {"api_key": True}, {"api_key": [KEY]}, [], "x", None)
        for body in bodies:
            await program.json("POST", key_path, status=400, json=body)
        await program.json("POST", key_path, status=400, data=b"{",
                           headers={"Content-Type": "application/json"})  # fmt: skip


async def test_people_of_one_company_see_the_same_live(tmp_path: Path) -> None:
    async with (
        strict_world(tmp_path, StrictService(keys={KEY, OTHER_KEY})) as world,
        world.logged_in(KEY) as ada,
        world.logged_in(OTHER_KEY) as bob,
    ):
        async with ada.live() as first, bob.live() as second:
            user_id = (await ada.json("GET", "/account"))["account"]["id"]
            hook = await add_hook(world, user_id)
            async with bob.request("POST", f"/hooks/{hook}", data=b'{"id": "1"}') as answer:
                assert answer.status == 202
            for socket in (first, second):
                frame = await asyncio.wait_for(socket.receive_str(), DEADLINE)
                assert "/notifications/" in frame
        assert await ada.notifications() == await bob.notifications()


async def add_hook(world: StrictWorld, user_id: str) -> str:
    hook = Hook(new_hook_id(), user_id, "s1", None, 1)
    await world.services.store.add_hook(hook)
    return hook.id


async def test_a_key_of_an_unknown_company_has_an_account_of_its_own(tmp_path: Path) -> None:
    service = StrictService(keys={KEY, OTHER_KEY}, company=None)
    async with strict_world(tmp_path, service) as world, world.nobody() as nobody:
        mine = await account_of(nobody, "/login/api-key", api_key=KEY)
        assert mine["company"] is None
        other = await account_of(nobody, "/login/api-key", api_key=OTHER_KEY)
        again = await account_of(nobody, "/login/api-key", api_key=KEY)
        assert mine["id"] == again["id"] != other["id"]
        service.company = {"id": 77}  # becomes readable later
        known = await account_of(nobody, "/login/api-key", api_key=KEY)
        assert known["company"] == {"id": "77", "name": None}
        assert known["id"] not in {mine["id"], other["id"]}
        service.company = None  # and is known from now on
        kept = await account_of(nobody, "/login/api-key", api_key=KEY)
        assert (kept["id"], kept["company"]) == (known["id"], known["company"])


async def test_a_client_id_has_an_account_whatever_its_secret(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        path = "/login/client-credentials"
        mine = await account_of(nobody, path, **CLIENT)
        assert mine["credential"] == "client-credentials"
        assert mine["scopes"] == ["webhooks_manage", "jobs_read", "company_read"]  # as granted
        (call,) = world.service.calls(TOKEN)
        assert call.form == CLIENT | {"grant_type": "client_credentials"}
        world.service.clients = {"client-1": "new", "client-2": "secret-1"}
        assert (await account_of(nobody, path, client_id="client-1", client_secret="new"))[
            "id"
        ] == mine["id"]
        other = await account_of(nobody, path, client_id="client-2", client_secret="secret-1")
        assert other["id"] != mine["id"]


@pytest.mark.parametrize(
    ("replies", "status", "words"),
    [
        ({LIST: (401, {})}, 403, "does not accept"),
        ({LIST: (403, {"message": "no"})}, 403, "webhooks_manage"),
        ({LIST: (503, {})}, 502, ""),
        ({LIST: (200, {"odd": 1})}, 502, ""),
        ({LIST: (200, b"<html>")}, 502, ""),
        ({LIST: (302, {})}, 502, ""),
        ({COMPANY: (500, {})}, 502, ""),
        ({COMPANY: (401, {})}, 502, ""),
        ({COMPANY: (200, b"<html>")}, 502, ""),
    ],
)
async def test_what_goes_wrong_is_a_page_with_the_form_again(
    tmp_path: Path, replies: dict[str, tuple[int, Any]], status: int, words: str
) -> None:
    async with (
        strict_world(tmp_path, StrictService(replies=replies)) as world,
        world.nobody() as nobody,
    ):
        answer = await post(nobody, "/login/api-key", api_key=KEY)
        page = await answer.text()
        assert answer.status == status
        assert "Log in with an API key" in page
        assert words in page
        assert KEY not in page
        told = await nobody.json("POST", "/login/api-key", status=status, data={"api_key": KEY})
        assert told["error"]["status"] == status
        assert await world.services.store.user_ids() == []


@pytest.mark.parametrize("company", [{}, [], {"identifier": None}, {"identifier": " "}, b""])
async def test_an_answer_without_an_identifier_is_an_unknown_company(
    tmp_path: Path, company: Any
) -> None:
    async with (
        strict_world(tmp_path, StrictService(company=company)) as world,
        world.nobody() as nobody,
    ):
        account = await account_of(nobody, "/login/api-key", api_key=KEY)
        assert account["company"] is None


async def test_a_role_that_is_too_low_is_told_from_a_missing_scope(tmp_path: Path) -> None:
    service = StrictService(replies={LIST: (403, {"message": "no"})})
    async with strict_world(tmp_path, service) as world, world.nobody() as nobody:
        path = "/login/client-credentials"
        granted = await nobody.json("POST", path, status=403, data=CLIENT)
        assert "System role" in granted["error"]["message"]
        service.scope = "jobs_read"
        lacking = await nobody.json("POST", path, status=403, data=CLIENT)
        assert "lacks the scope webhooks_manage" in lacking["error"]["message"]


@pytest.mark.parametrize("key", ["", " ", "x" * 501, "é" * 32, "a\nb", "a\x00b"])
async def test_what_can_be_no_key_is_400_and_nobody_is_asked(tmp_path: Path, key: str) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        assert (await post(nobody, "/login/api-key", api_key=key)).status == 400
        answer = await post(nobody, "/login/client-credentials", client_id="c", client_secret=key)
        assert answer.status == 400
        assert world.service.seen == []


async def test_refused_tries_are_limited_without_asking(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        for number in range(10):
            form = {"api_key": f"{number:032d}"}
            path = "/login/api-key"
            if number % 2:
                form, path = CLIENT | {"client_secret": "wrong"}, "/login/client-credentials"
            assert (await post(nobody, "/login/api-key", api_key="")).status == 400  # counts not
            assert (await post(nobody, path, **form)).status == 403
        asked = len(world.service.seen)
        answer = await post(nobody, "/login/api-key", api_key=KEY)
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert len(world.service.seen) == asked
        assert (await post(nobody, "/logout")).status == 303  # other requests are not affected


async def test_a_form_of_the_login_page_needs_our_origin_or_its_token(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        assert (await post_from_elsewhere(nobody)).status == 403
        page = await nobody.page("/")
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        assert world.service.seen == []
        async with world.nobody() as another:
            foreign = await post_from_elsewhere(another, csrf=token)
            assert foreign.status == 403
        answer = await post_from_elsewhere(nobody, csrf=token)
        assert answer.status == 303


async def test_only_allowed_companies_come_in(tmp_path: Path) -> None:
    service = StrictService(keys={KEY})
    async with (
        strict_world(tmp_path, service, allowed_companies=("beta",)) as world,
        world.nobody() as nobody,
    ):
        for company in ({"identifier": "acme"}, None):
            service.company = company
            refused = await nobody.json("POST", "/login/api-key", status=403, data={"api_key": KEY})
            assert "ompany" in refused["error"]["message"]
        assert await world.services.store.user_ids() == []
        service.company = {"identifier": "beta"}
        await account_of(nobody, "/login/api-key", api_key=KEY)
        await nobody.json("GET", "/account")
        made = await nobody.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        bearer = {"Authorization": f"Bearer {made['token']}"}
        cookies = {one.key: one.value for one in nobody.session.cookie_jar}
    async with (
        strict_world(tmp_path, service, allowed_companies=("gamma",)) as world,
        world.nobody() as nobody,
    ):
        nobody.session.cookie_jar.update_cookies(cookies)
        await nobody.json("GET", "/account", status=401)
        await nobody.json("GET", "/notifications", status=401, headers=bearer)


async def test_a_revoked_key_is_a_dead_grant_and_another_one_revives_it(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.logged_in() as ada:
        mine = (await ada.json("GET", "/account"))["account"]
        world.service.keys = {OTHER_KEY}
        async with ada.live() as socket:
            await ada.json("GET", "/subscriptions", status=401)
            while (
                message := await asyncio.wait_for(socket.receive(), DEADLINE)
            ).type.name == "TEXT":
                assert "login has expired" in message.data
            assert message.data == 4401
        assert (await ada.json("GET", "/account"))["account"]["grant"] == "dead"
        assert "login has expired" in await ada.page("/")
        await ada.page("/notifications", status=303)
        revived = await account_of(ada, "/login/api-key", api_key=OTHER_KEY)
        assert (revived["id"], revived["grant"]) == (mine["id"], "alive")
        await ada.json("GET", "/subscriptions")


async def test_a_revoked_client_id_is_a_dead_grant(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.nobody() as nobody:
        await account_of(nobody, "/login/client-credentials", **CLIENT)
        world.service.tokens.clear()
        await nobody.json("GET", "/subscriptions")  # a new token is asked for
        world.service.tokens.clear()
        world.service.clients.clear()
        await nobody.json("GET", "/subscriptions", status=401)
        assert (await nobody.json("GET", "/account"))["account"]["grant"] == "dead"


async def test_after_a_log_in_the_key_of_a_hook_without_one_is_fetched(tmp_path: Path) -> None:
    async with strict_world(tmp_path) as world, world.logged_in() as ada:
        user_id = (await ada.json("GET", "/account"))["account"]["id"]
        hook = await add_hook(world, user_id)
        path = f"{LIST}/s1/secret-key"
        world.service.replies[path] = (200, {"secretKey": "newest"})
        await account_of(ada, "/login/api-key", api_key=KEY)

        async def fetched() -> bool:
            entry = await world.services.hooks.get(hook)
            return entry is not None and entry.live_keys() == ["newest"]

        await eventually(fetched)
        assert len(world.service.calls(path)) == 1


async def test_credentials_are_nowhere_but_sealed_in_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    key, client_id, secret = "key-" + "a" * 28, "id-" + "b" * 20, "secret-" + "c" * 20
    service = StrictService(keys={key}, clients={client_id: secret})
    async with strict_world(tmp_path, service) as world, world.nobody() as nobody:
        told = str(await nobody.json("POST", "/login/api-key", data={"api_key": key}))
        form = {"client_id": client_id, "client_secret": secret}
        told += str(await nobody.json("POST", "/login/client-credentials", data=form))
        told += await nobody.page("/account")
        told += str([one.value for one in nobody.session.cookie_jar])
        files = await asyncio.to_thread(stored_bytes, tmp_path)
        for text in (key, client_id, secret):
            assert text not in told
            assert text not in caplog.text
            assert text.encode() not in files
        assert not [one for one in world.service.seen if key in one.path or secret in one.path]


def stored_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("srhooks.db*"))
