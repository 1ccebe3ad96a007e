"""What a credential may not read: marked where it is chosen, named where it failed."""

from typing import Any

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world


async def client_log_in(world: World, browser: Browser, scope: str) -> Any:
    client = world.sandbox.create_client(scope=scope)
    form = {"client_id": client.client_id, "client_secret": client.client_secret}
    answer = await browser.json("POST", "/login/client-credentials", data=form)
    return answer["account"]


async def fired(world: World, browser: Browser, event: str, status: str) -> dict[str, Any]:
    """The notification of an event once its entity has this status."""
    await world.fire(event)

    async def done() -> dict[str, Any]:
        found = await browser.notifications(f"?event={event}")
        return found[0] if found and found[0]["entity"]["status"] == status else {}

    return await eventually(done)


async def test_known_scopes_mark_what_they_do_not_read(tmp_path: Any) -> None:
    async with (
        start_world(tmp_path, login_methods=("client-credentials",)) as world,
        world.nobody() as browser,
    ):
        await client_log_in(world, browser, "webhooks_manage jobs_read")
        page = await browser.page("/subscriptions")
        mark = "Details cannot be loaded: scope candidates_offers_read is missing"
        assert f'id="lacks-offer.created">{mark}' in page
        assert 'id="lacks-review.created"' in page
        assert 'id="lacks-job.created"' not in page
        assert 'id="lacks-onboarding.process.started"' not in page  # nobody knows its scope


async def test_a_refused_entity_names_the_scope_and_is_remembered(tmp_path: Any) -> None:
    async with (
        start_world(tmp_path, login_methods=("client-credentials",)) as world,
        world.nobody() as browser,
    ):
        await client_log_in(world, browser, "webhooks_manage company_read")
        await browser.subscribe("job.created", "job.updated")
        failed = await fired(world, browser, "job.created", "failed")
        error = failed["entity"]["error"]
        assert "jobs need the scope jobs_read, which this login lacks" in error
        assert "Credentials" in error
        attention = (await browser.json("GET", "/overview"))["attention"]
        assert any("Jobs cannot be read" in one["text"] for one in attention)
        account = await browser.page("/account")
        assert "jobs (needs <code>jobs_read</code>)" in account
        assert "403, for an entity" in account


async def test_after_a_log_in_with_more_scopes_refused_entities_are_fetched(tmp_path: Any) -> None:
    async with (
        start_world(tmp_path, login_methods=("client-credentials",)) as world,
        world.nobody() as browser,
    ):
        client = world.sandbox.create_client(scope="webhooks_manage")
        form = {"client_id": client.client_id, "client_secret": client.client_secret}
        await browser.json("POST", "/login/client-credentials", data=form)
        await browser.subscribe("job.created")
        failed = await fired(world, browser, "job.created", "failed")
        client.scope = "webhooks_manage jobs_read"
        await browser.json("POST", "/login/client-credentials", data=form)

        async def fetched() -> bool:
            again = await browser.json("GET", f"/notifications/{failed['id']}")
            return bool(again["entity"]["status"] == "fetched")

        await eventually(fetched)


async def test_unknown_scopes_are_found_out_by_asking(tmp_path: Any) -> None:
    async with (
        start_world(tmp_path, login_methods=("api-key",)) as world,
        world.nobody() as browser,
    ):
        key = world.sandbox.create_api_key().key
        await browser.json("POST", "/login/api-key", data={"api_key": key})
        await browser.subscribe("job.created")
        assert 'id="lacks-' not in await browser.page("/subscriptions")
        fault = {"code": "FORBIDDEN", "message": "OAuthPermissionsException"}
        world.sandbox.add_fault("^/jobs/", status=403, body=fault)
        failed = await fired(world, browser, "job.created", "failed")
        assert "jobs_read" in failed["entity"]["error"]
        assert 'id="lacks-job.created"' in await browser.page("/subscriptions")
        world.sandbox.clear_faults()
        await fired(world, browser, "job.created", "fetched")
        assert 'id="lacks-' not in await browser.page("/subscriptions")


async def test_a_scope_that_oauth_refuses_is_named(world: World) -> None:
    async with world.nobody() as browser:
        async with browser.request("GET", "/auth") as start:
            state = start.headers["Location"].partition("state=")[2].partition("&")[0]
        query = f"state={state}&error=invalid_scope&error_description=unknown+approvals_read"
        page = await browser.page(f"/auth/callback?{query}", status=403)
        assert "does not grant this app the scope approvals_read" in page
        assert "SMARTRECRUITERS_SCOPES" in page
