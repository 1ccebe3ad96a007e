"""API keys and OAuth client ids of the sandbox: made, used, limited, revoked."""

import pytest
from srhooks.sandbox import Company
from srhooks.sandbox.people import ADMINISTRATOR
from srhooks.sandbox.scopes import SCOPE_MEANINGS

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, receiving, running

ME = "/user-api/v201804/users/me"
COMPANY = "/configuration/company"
TOKEN = "/identity/oauth/token"


async def test_a_ready_made_key_of_32_characters_opens_everything() -> None:
    async with running() as (sandbox, client):
        key = sandbox.settings.api_key
        assert len(key) == 32
        mine = client.with_key(key)
        job_id = next(iter(sandbox.world.listed["job"])).id
        for path in (SUBSCRIPTIONS, "/jobs", "/candidates", f"/jobs/{job_id}", COMPANY):
            assert (await mine.call("GET", path)).status == 200, path
        for wrong in ("guess", key[:-1] + "x", ""):
            answer = await client.call("GET", "/jobs", headers={"X-SmartToken": wrong})
            assert answer.status == 401
            assert answer.json["message"]


async def test_nobody_in_person_is_behind_a_key_or_a_client_id() -> None:
    async with running() as (sandbox, client):
        by_key = await client.with_key(sandbox.settings.api_key).call("GET", ME)
        assert by_key.status == 404
        by_client = await client.with_client_id(sandbox.create_client())
        assert (await by_client.call("GET", ME)).status == 403


async def test_key_and_token_together_are_refused() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        headers = {"X-SmartToken": sandbox.settings.api_key}
        answer = await ada.call("GET", "/jobs", headers=headers)
        assert answer.status == 400
        assert "never both" in answer.json["message"]


async def test_whose_account_it_is() -> None:
    async with running() as (sandbox, client):
        mine = client.with_key(sandbox.create_api_key().key)
        answer = await mine.call("GET", COMPANY)
        assert answer.json == {"identifier": "AcmeCorporation", "name": "Acme Corporation"}
        other = sandbox.create_api_key(company=Company(identifier="Globex", name="Globex"))
        answer = await client.with_key(other.key).call("GET", COMPANY)
        assert answer.json["identifier"] == "Globex"
        narrow = await client.with_client_id(sandbox.create_client(scope="webhooks_manage"))
        refused = await narrow.call("GET", COMPANY)
        assert refused.status == 403
        assert "OAuthPermissionsException" in refused.text


async def test_keys_of_a_company_share_subscriptions_and_a_client_id_has_its_own() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        first = client.with_key(sandbox.settings.api_key)
        made = await first.subscribe(receiver.url, "job.updated")
        second = client.with_key(sandbox.create_api_key().key)
        globex = sandbox.create_api_key(company=Company(identifier="Globex", name="Globex"))
        assert [one["id"] for one in (await second.call("GET", SUBSCRIPTIONS)).json] == [made["id"]]
        for other in (
            await client.with_client_id(sandbox.create_client()),
            await client.log_in(sandbox.people[0]),
            client.with_key(globex.key),
        ):
            assert (await other.call("GET", SUBSCRIPTIONS)).json == []
            assert (await other.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")).status == 404


async def test_a_client_id_gets_tokens_without_a_refresh_token() -> None:
    async with running() as (sandbox, client):
        made = sandbox.create_client(scope="webhooks_manage jobs_read")
        pair = {"client_id": made.client_id, "client_secret": made.client_secret}
        answer = await client.token_call(grant_type="client_credentials", **pair)
        assert answer.status == 200
        assert answer.json["scope"] == "webhooks_manage jobs_read"
        assert answer.json["expires_in"] == 1800
        assert "refresh_token" not in answer.json
        narrowed = await client.token_call(
            grant_type="client_credentials", scope="jobs_read", **pair
        )
        assert narrowed.json["scope"] == "jobs_read"
        beyond = await client.token_call(
            grant_type="client_credentials", scope="candidates_read", **pair
        )
        assert (beyond.status, beyond.json["error"]) == (400, "invalid_scope")
        wrong = await client.token_call(
            grant_type="client_credentials", client_id=made.client_id, client_secret="guess"
        )
        assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
        for kind in ("authorization_code", "refresh_token"):
            other = await client.token_call(
                grant_type=kind, code="x", redirect_uri="https://x", refresh_token="x", **pair
            )
            assert (other.status, other.json["error"]) == (400, "unauthorized_client")
        app = await client.token_call(grant_type="client_credentials")
        assert (app.status, app.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (SUBSCRIPTIONS, "webhooks_manage"),
        (SUBSCRIPTIONS, "webhooks_read"),
        ("/jobs", "jobs_read"),
        ("/jobs/none/positions/none", "jobs_read"),
        ("/candidates", "candidates_read"),
        ("/candidates/none/jobs/none", "candidates_read"),
        ("/candidates/none/jobs/none/offers/none", "candidates_offers_read"),
        ("/approvals-api/v201910/approvals/none", "approvals_read"),
        ("/interviews-api/v201904/interviews/none", "interviews_read"),
        (COMPANY, "company_read"),
    ],
)
async def test_a_missing_scope_is_refused_by_name_of_the_exception(path: str, scope: str) -> None:
    async with running() as (sandbox, client):
        others = " ".join(
            name
            for name in SCOPE_MEANINGS
            if name != scope and not (path == SUBSCRIPTIONS and name.startswith("webhooks_"))
        )
        without = await client.with_client_id(sandbox.create_client(scope=others))
        answer = await without.call("GET", path)
        assert answer.status == 403
        assert "OAuthPermissionsException" in answer.text
        having = await client.with_client_id(sandbox.create_client(scope=scope))
        assert (await having.call("GET", path)).status in {200, 404}


async def test_a_low_system_role_is_refused_though_the_scope_is_there() -> None:
    async with running() as (sandbox, client):
        for role, expected in ((ADMINISTRATOR, 200), ("EXTENDED", 403), ("BASIC", 403)):
            caller = await client.with_client_id(sandbox.create_client(role=role))
            answer = await caller.call("GET", SUBSCRIPTIONS)
            assert answer.status == expected
            assert "OAuthPermissionsException" not in answer.text
            assert (await caller.call("GET", "/jobs")).status == 200


async def test_what_is_revoked_is_refused_everywhere() -> None:
    async with running() as (sandbox, client):
        key, made = sandbox.create_api_key(), sandbox.create_client()
        by_key, by_client = client.with_key(key.key), await client.with_client_id(made)
        sandbox.revoke_credential(key.id)
        sandbox.revoke_credential(made.id)
        assert (await by_key.call("GET", "/jobs")).status == 401
        assert (await by_client.call("GET", "/jobs")).status == 401
        answer = await client.token_call(
            grant_type="client_credentials",
            client_id=made.client_id,
            client_secret=made.client_secret,
        )
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_a_replaced_secret_is_refused_and_the_new_one_taken() -> None:
    async with running() as (sandbox, client):
        made = sandbox.create_client()
        old = made.client_secret
        sandbox.replace_secret(made.id)
        answer = await client.token_call(
            grant_type="client_credentials", client_id=made.client_id, client_secret=old
        )
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        await client.with_client_id(made)


async def test_they_are_made_and_revoked_over_http() -> None:
    async with running() as (_, client):
        key = await client.call("POST", "/sandbox/api-keys", json={"name": "CI"})
        assert key.status == 201
        assert len(key.json["key"]) == 32
        made = await client.call(
            "POST", "/sandbox/clients", json={"scopes": ["jobs_read"], "role": "BASIC"}
        )
        assert made.json["scopes"] == ["jobs_read"]
        listed = await client.call("GET", "/sandbox/credentials")
        assert [one["kind"] for one in listed.json] == ["api-key", "api-key", "client-credentials"]
        assert made.json["clientSecret"] not in listed.text
        assert key.json["key"] not in listed.text
        changed = await client.call("POST", f"/sandbox/clients/{made.json['id']}/secret")
        assert changed.json["clientSecret"] != made.json["clientSecret"]
        gone = await client.call("DELETE", f"/sandbox/credentials/{key.json['id']}")
        assert gone.json["revoked"] is True
        assert (await client.with_key(key.json["key"]).call("GET", "/jobs")).status == 401
        for path, body in (
            ("clients", {"scopes": "jobs_read nonsense"}),
            ("clients", {"role": "KING"}),
            ("clients/none/secret", {}),
        ):
            answer = await client.call("POST", f"/sandbox/{path}", json=body)
            assert answer.status in {400, 404}
            assert answer.json["message"]


async def test_the_page_shows_a_new_secret_once() -> None:
    async with running() as (sandbox, client):
        form = {"name": "From the page", "role": "ADMINISTRATOR", "scopes": "jobs_read"}
        posted = await client.call("POST", "/sandbox/clients", data=form)
        assert posted.status == 303
        secret = sandbox.credentials.clients[0].client_secret
        assert secret not in posted.headers["Location"]
        first = await client.call("GET", "/")
        assert secret in first.text
        assert "From the page" in first.text
        assert secret not in (await client.call("GET", "/")).text
        assert sandbox.settings.api_key in first.text


async def test_an_unknown_scope_leads_back_with_the_error() -> None:
    async with running() as (_, client):
        asked = {
            "client_id": "sandbox-client",
            "redirect_uri": "http://localhost:9/auth/callback",
            "response_type": "code",
            "scope": "jobs_read everything_read",
            "state": "s",
        }
        answer = await client.call("GET", "/identity/oauth/allow", params=asked)
        assert "error=invalid_scope" in answer.headers["Location"]
        assert "everything_read" in answer.headers["Location"]
