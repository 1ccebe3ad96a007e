"""The sandbox's OAuth, as a client meets it."""

import base64

import pytest

from tests.support.sandbox_fixtures import CLIENT, REDIRECT_URI, SCOPES, code_of, query_of, running

ME = "/user-api/v201804/users/me"
ASKED = {
    "client_id": CLIENT["client_id"],
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": SCOPES,
    "state": "s1",
}


async def test_the_consent_page_offers_people_scopes_and_both_buttons() -> None:
    async with running() as (sandbox, client):
        answer = await client.call("GET", "/identity/oauth/allow", params=ASKED)
        assert answer.status == 200
        for person in sandbox.people:
            assert person.name in answer.text
        for word in ("webhooks_manage", "Allow", "Deny", "Recruiter", "localhost:9"):
            assert word in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action" not in policy, "it would forbid the redirect that follows"
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        style = await client.call("GET", "/sandbox/style.css")
        assert style.headers["Content-Type"].startswith("text/css")


async def test_allowing_leads_to_tokens_and_to_oneself() -> None:
    async with running() as (sandbox, client):
        for person in sandbox.people:
            redirect = await client.allow(person)
            assert redirect.headers["Location"].startswith(REDIRECT_URI + "?")
            assert query_of(redirect)["state"] == "st&te"
            answer = await client.token_call(
                grant_type="authorization_code", code=code_of(redirect), redirect_uri=REDIRECT_URI
            )
            assert answer.json["token_type"] == "Bearer"
            assert answer.json["expires_in"] == 1800
            assert answer.json["scope"] == SCOPES
            assert answer.headers["Cache-Control"] == "no-store"
            bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
            me = await client.call("GET", ME, headers=bearer)
            assert me.json["id"] == person.id
            assert me.json["firstName"] == person.first_name
            assert me.json["systemRole"]["id"] == person.role
        roles = [person.role for person in sandbox.people]
        assert roles.count("ADMINISTRATOR") >= 2
        omar = next(one for one in sandbox.people if one.name == "Omar Haddad")
        assert omar.role != "ADMINISTRATOR"


async def test_denying_leads_back_with_the_error() -> None:
    async with running() as (sandbox, client):
        query = query_of(await client.allow(sandbox.people[0], decision="deny"))
        assert query["error"] == "access_denied"
        assert query["state"] == "st&te"
        assert "code" not in query


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "someone-else"},
        {"redirect_uri": "http://evil.example/cb"},
        {"redirect_uri": "https://app.example/cb#fragment"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[broken"},
        {"redirect_uri": ""},
    ],
)
async def test_unchecked_addresses_are_never_redirected_to(changed: dict[str, str]) -> None:
    async with running() as (sandbox, client):
        shown = await client.call("GET", "/identity/oauth/allow", params=ASKED | changed)
        posted = await client.allow(sandbox.people[0], **changed)
        for answer in (shown, posted):
            assert answer.status == 400
            assert "Location" not in answer.headers


async def test_registered_redirect_uris_match_exactly() -> None:
    registered = "https://app.example/auth/callback"
    async with running(redirect_uris=(registered,)) as (_, client):
        good = ASKED | {"redirect_uri": registered}
        assert (await client.call("GET", "/identity/oauth/allow", params=good)).status == 200
        for other in (registered + "/", registered + "?a=1", REDIRECT_URI):
            bad = ASKED | {"redirect_uri": other}
            assert (await client.call("GET", "/identity/oauth/allow", params=bad)).status == 400


async def test_another_response_type_is_reported_to_the_app() -> None:
    async with running() as (_, client):
        asked = ASKED | {"response_type": "token"}
        answer = await client.call("GET", "/identity/oauth/allow", params=asked)
        assert query_of(answer) == {"error": "unsupported_response_type", "state": "s1"}


async def test_a_code_works_once_and_its_reuse_revokes_what_it_gave() -> None:
    async with running() as (sandbox, client):
        form = {
            "grant_type": "authorization_code",
            "code": code_of(await client.allow(sandbox.people[0])),
            "redirect_uri": REDIRECT_URI,
        }
        first = await client.token_call(**form)
        again = await client.token_call(**form)
        assert (again.status, again.json["error"]) == (400, "invalid_grant")
        bearer = {"Authorization": f"Bearer {first.json['access_token']}"}
        assert (await client.call("GET", ME, headers=bearer)).status == 401


async def test_a_code_is_bound_to_its_redirect_uri() -> None:
    async with running() as (sandbox, client):
        code = code_of(await client.allow(sandbox.people[0]))
        answer = await client.token_call(
            grant_type="authorization_code", code=code, redirect_uri="http://localhost:9/other"
        )
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


async def test_an_empty_scope_is_invalid_and_one_left_out_means_all() -> None:
    async with running() as (sandbox, client):
        for empty in ("", " "):
            answer = await client.call(
                "GET", "/identity/oauth/allow", params=ASKED | {"scope": empty}
            )
            assert query_of(answer)["error"] == "invalid_scope"
            answer = await client.allow(sandbox.people[0], scope=empty)
            assert query_of(answer)["error"] == "invalid_scope"
        without = {name: value for name, value in ASKED.items() if name != "scope"}
        page = await client.call("GET", "/identity/oauth/allow", params=without)
        assert page.status == 200
        form = without | {"user": sandbox.people[0].id, "decision": "allow"}
        code = code_of(await client.call("POST", "/identity/oauth/allow", data=form))
        answer = await client.token_call(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI
        )
        assert answer.json["scope"] == SCOPES


async def test_the_token_endpoint_takes_a_form_with_one_authentication() -> None:
    async with running() as (_, client):
        form = CLIENT | {"grant_type": "refresh_token", "refresh_token": "unknown"}
        path = "/identity/oauth/token"
        answer = await client.call("POST", path, json=form)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        basic = "Basic " + base64.b64encode(b"sandbox-client:sandbox-secret").decode()
        answer = await client.call("POST", path, data=form, headers={"Authorization": basic})
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        answer = await client.call("POST", path, data=form)
        assert answer.json["error"] == "invalid_grant"


async def test_an_expired_code_is_refused() -> None:
    async with running() as (sandbox, client):
        code = code_of(await client.allow(sandbox.people[0]))
        sandbox.grants.codes[code].expires_at = 0
        answer = await client.token_call(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI
        )
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


async def test_a_wrong_client_is_refused_with_401() -> None:
    async with running() as (_, client):
        wrong = ({"client_secret": "guess"}, {"client_id": "other"}, {"client_secret": "sécret"})
        for changed in wrong:
            answer = await client.token_call(grant_type="client_credentials", **changed)
            assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_the_secret_may_come_by_http_basic() -> None:
    async with running() as (_, client):
        for pair, status in ((b"sandbox-client:sandbox-secret", 400), (b"sandbox-client:no", 401)):
            answer = await client.call(
                "POST",
                "/identity/oauth/token",
                data={"grant_type": "refresh_token", "refresh_token": "unknown"},
                headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
            )
            assert answer.status == status
            assert answer.json["error"] == {400: "invalid_grant", 401: "invalid_client"}[status]


async def test_requests_that_lack_something_are_named() -> None:
    async with running() as (_, client):
        cases: tuple[tuple[dict[str, str], str], ...] = (
            ({}, "invalid_request"),
            ({"grant_type": "authorization_code"}, "invalid_request"),
            ({"grant_type": "refresh_token"}, "invalid_request"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        )
        for form, error in cases:
            answer = await client.token_call(**form)
            assert (answer.status, answer.json["error"]) == (400, error)


async def test_refreshing_rotates_and_a_burnt_token_kills_the_grant() -> None:
    async with running() as (sandbox, client):
        me = await client.log_in(sandbox.people[0])
        second = await client.token_call(grant_type="refresh_token", refresh_token=me.refresh_token)
        assert second.status == 200
        assert second.json["refresh_token"] != me.refresh_token
        me.token = second.json["access_token"]
        assert (await me.call("GET", ME)).status == 200

        burnt = await client.token_call(grant_type="refresh_token", refresh_token=me.refresh_token)
        assert (burnt.status, burnt.json["error"]) == (400, "invalid_grant")
        assert (await me.call("GET", ME)).status == 401
        dead = await client.token_call(
            grant_type="refresh_token", refresh_token=second.json["refresh_token"]
        )
        assert (dead.status, dead.json["error"]) == (400, "invalid_grant")


async def test_tokens_end_when_their_time_is_over() -> None:
    async with running(access_token_seconds=0, refresh_token_seconds=0) as (sandbox, client):
        me = await client.log_in(sandbox.people[0])
        assert (await me.call("GET", ME)).status == 401
        answer = await client.token_call(grant_type="refresh_token", refresh_token=me.refresh_token)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
