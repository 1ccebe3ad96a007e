"""Facts of docs/fidelity.md about credentials, held on the sandbox and on the strict double."""

import asyncio
import base64

import pytest

from tests.support.doubles import EVERY_SCOPE, Double, running_double, said
from tests.support.sandbox_fixtures import REDIRECT_URI, SUBSCRIPTIONS, query_of, receiving, until
from tests.support.strict_oauth import TOKEN
from tests.support.vendor_shapes import faults

ME = "/user-api/v201804/users/me"
COMPANY = "/configuration/company"
AUDIT = "/audit-api/v201910/audit-events"
LIMITS = (
    "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Concurrent-Limit",
    "X-RateLimit-Concurrent-Remaining",
)  # fmt: skip
READS = [  # a path, and the scope that reads it
    (SUBSCRIPTIONS, "webhooks_manage"),
    (SUBSCRIPTIONS, "webhooks_read"),
    (COMPANY, "company_read"),
    (AUDIT, "audit_events_read"),
    ("/jobs/none", "jobs_read"),
    ("/jobs/none/positions/none", "jobs_read"),
    ("/candidates/none", "candidates_read"),
    ("/candidates/none/jobs/none", "candidates_read"),
    ("/candidates/none/jobs/none/offers/none", "candidates_offers_read"),
    ("/reviews-api/v201907/reviews/none", "reviews_read"),
    ("/interviews-api/v201904/interviews/none", "interviews_read"),
    ("/approvals-api/v201910/approvals/none", "approvals_read"),
]


async def test_a_key_of_32_characters_does_everything_until_it_is_revoked(double: Double) -> None:
    assert len(double.key) == 32
    mine = double.as_key()
    for path in (SUBSCRIPTIONS, COMPANY, AUDIT):
        assert (await mine.call("GET", path)).status == 200, path
    double.revoke_key()
    assert (await mine.call("GET", COMPANY)).status == 401


async def test_without_one_valid_credential_nothing_is_told(double: Double) -> None:
    for caller in (double.client, double.client.with_key("guess")):
        for path in (SUBSCRIPTIONS, COMPANY):
            answer = await caller.call("GET", path)
            assert answer.status == 401
            assert said(answer)
    person = await double.as_client()
    both = await person.call("GET", COMPANY, headers={"X-SmartToken": double.key})
    assert both.status == 400


async def test_client_credentials_give_half_an_hour_and_no_refresh_token(double: Double) -> None:
    client_id, secret = double.new_client("webhooks_manage jobs_read")
    answer = await double.token_for(client_id, secret)
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 1800)
    assert sorted(answer.json["scope"].split()) == ["jobs_read", "webhooks_manage"]
    narrow = await double.token_for(client_id, secret, scope="jobs_read")
    assert narrow.json["scope"] == "jobs_read"
    beyond = await double.token_for(client_id, secret, scope="candidates_read")
    assert (beyond.status, beyond.json["error"]) == (400, "invalid_scope")
    wrong = await double.token_for(client_id, "guess")
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    mine = double.bearing(answer)
    assert (await mine.call("GET", SUBSCRIPTIONS)).status == 200
    double.end_access_tokens()
    assert (await mine.call("GET", SUBSCRIPTIONS)).status == 401
    assert (await double.token_for(client_id, secret)).status == 200


async def test_a_revoked_client_id_is_refused_with_its_tokens(double: Double) -> None:
    client_id, secret = double.new_client(EVERY_SCOPE)
    mine = double.bearing(await double.token_for(client_id, secret))
    double.revoke_client(client_id)
    assert (await mine.call("GET", SUBSCRIPTIONS)).status == 401
    answer = await double.token_for(client_id, secret)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_tokens_are_asked_for_by_a_form_with_one_authentication(double: Double) -> None:
    (app_id, secret) = double.app
    form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    post = {"client_id": app_id, "client_secret": secret}
    basic = {"Authorization": "Basic " + base64.b64encode(f"{app_id}:{secret}".encode()).decode()}
    for options, error in (
        ({"data": form | post}, "invalid_grant"),
        ({"data": form, "headers": basic}, "invalid_grant"),
        ({"json": form | post}, "invalid_request"),
        ({"data": form | post, "headers": basic}, "invalid_request"),
    ):
        answer = await double.client.call("POST", TOKEN, **options)
        assert (answer.status, answer.json["error"]) == (400, error)
    for kind in ("client_credentials", "password"):
        refused = await double.app_token(grant_type=kind)
        assert refused.status == 400
    for kind in ("authorization_code", "refresh_token"):
        client_id, client_secret = double.new_client(EVERY_SCOPE)
        other = await double.token(
            grant_type=kind, client_id=client_id, client_secret=client_secret, code="x",
            redirect_uri=REDIRECT_URI, refresh_token="x",
        )  # fmt: skip
        assert (other.status, other.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(("path", "scope"), READS)
async def test_a_missing_scope_names_the_exception(double: Double, path: str, scope: str) -> None:
    others = " ".join(name for name in EVERY_SCOPE.split() if name != scope)
    if scope.startswith("webhooks_"):
        others = others.replace("webhooks_manage ", "")
    refused = await (await double.as_client(others)).call("GET", path)
    assert refused.status == 403
    assert "OAuthPermissionsException" in refused.text
    assert said(refused)
    allowed = await (await double.as_client(scope)).call("GET", path)
    assert allowed.status in {200, 404}


async def test_a_scope_for_reading_writing_and_deleting(double: Double) -> None:
    made = {"callbackUrl": "https://h.example/a", "events": ["job.created"]}
    owner = double.new_client("webhooks_write webhooks_read webhooks_delete")
    statuses = {}
    for scope in ("webhooks_write", "webhooks_read", "webhooks_delete"):
        mine = double.bearing(await double.token_for(*owner, scope=scope))
        post = await mine.call("POST", SUBSCRIPTIONS, json=made)
        listed = await mine.call("GET", SUBSCRIPTIONS)
        gone = await mine.call("DELETE", f"{SUBSCRIPTIONS}/none")
        statuses[scope] = (post.status, listed.status, gone.status)
    assert statuses == {
        "webhooks_write": (201, 403, 403),
        "webhooks_read": (403, 200, 403),
        "webhooks_delete": (403, 403, 404),
    }


async def test_a_low_role_is_refused_though_the_scope_is_there(double: Double) -> None:
    mine = await double.as_client(role="BASIC")
    for path in (SUBSCRIPTIONS, AUDIT):
        answer = await mine.call("GET", path)
        assert answer.status == 403
        assert "OAuthPermissionsException" not in answer.text
    assert (await mine.call("GET", COMPANY)).status == 200


async def test_whose_account_it_is_and_that_nobody_is_behind_it(double: Double) -> None:
    for mine in (double.as_key(), await double.as_client()):
        company = (await mine.call("GET", COMPANY)).json
        assert isinstance(company["identifier"], str)
        assert isinstance(company["name"], str)
        assert (await mine.call("GET", ME)).status in {403, 404}


async def test_a_code_leads_to_tokens_and_to_a_person(double: Double) -> None:
    back = await double.consent(double.asked())
    assert back.headers["Location"].startswith(REDIRECT_URI + "?")
    query = query_of(back)
    assert query["state"] == "st&te"
    answer = await double.redeem(query["code"])
    assert set(answer.json) == {
        "access_token", "token_type", "expires_in", "refresh_token", "scope",
    }  # fmt: skip
    assert answer.json["expires_in"] == 1800
    person = double.bearing(answer)
    profile = (await person.call("GET", ME)).json
    assert list(faults(profile, "user_entity")) == []
    assert profile["systemRole"]["id"] == "ADMINISTRATOR"
    assert (await person.call("GET", SUBSCRIPTIONS)).json == []
    again = await double.redeem(query["code"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert (await person.call("GET", ME)).status == 401, "a code used twice loses its grant"


async def test_a_code_belongs_to_its_address(double: Double) -> None:
    code = query_of(await double.consent(double.asked()))["code"]
    answer = await double.redeem(code, "http://localhost:9/other")
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"scope": "jobs_read everything_read"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_what_is_wrong_leads_back(
    double: Double, changed: dict[str, str], error: str
) -> None:
    query = query_of(await double.consent(double.asked(**changed)))
    assert (query["error"], query["state"]) == (error, "st&te")
    assert "code" not in query


async def test_denial_leads_back(double: Double) -> None:
    query = query_of(await double.consent(double.asked(), allow=False))
    assert (query["error"], query["state"]) == ("access_denied", "st&te")
    assert "code" not in query


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "someone-else"},
        {"redirect_uri": "http://evil.example/cb"},
        {"redirect_uri": "https://app.example/cb#fragment"},
        {"redirect_uri": ""},
    ],
)
async def test_nobody_is_led_to_an_unknown_address(double: Double, changed: dict[str, str]) -> None:
    answer = await double.consent(double.asked(**changed))
    assert answer.status == 400
    assert "Location" not in answer.headers


async def test_a_refresh_token_works_once_and_its_second_use_loses_the_grant(
    double: Double,
) -> None:
    first = await double.redeem(query_of(await double.consent(double.asked()))["code"])
    old = first.json["refresh_token"]
    second = await double.app_token(grant_type="refresh_token", refresh_token=old)
    assert second.status == 200
    assert second.json["refresh_token"] != old
    double.end_access_tokens()
    new = second.json["refresh_token"]
    third = await double.app_token(grant_type="refresh_token", refresh_token=new)
    person = double.bearing(third)
    assert (await person.call("GET", ME)).status == 200
    burnt = await double.app_token(grant_type="refresh_token", refresh_token=old)
    assert (burnt.status, burnt.json["error"]) == (400, "invalid_grant")
    assert (await person.call("GET", ME)).status == 401
    newest = third.json["refresh_token"]
    lost = await double.app_token(grant_type="refresh_token", refresh_token=newest)
    assert (lost.status, lost.json["error"]) == (400, "invalid_grant")


async def test_a_refresh_token_ends_after_four_weeks(double: Double) -> None:
    first = await double.redeem(query_of(await double.consent(double.asked()))["code"])
    double.end_refresh_tokens()
    token = first.json["refresh_token"]
    ended = await double.app_token(grant_type="refresh_token", refresh_token=token)
    assert (ended.status, ended.json["error"]) == (400, "invalid_grant")


async def test_every_answer_carries_the_limits(double: Double) -> None:
    mine = double.as_key()
    for caller, path, status in (
        (mine, SUBSCRIPTIONS, 200), (mine, COMPANY, 200), (mine, f"{SUBSCRIPTIONS}/none", 404),
        (double.client, SUBSCRIPTIONS, 401), (await double.as_client("jobs_read"), COMPANY, 403),
    ):  # fmt: skip
        answer = await caller.call("GET", path)
        assert answer.status == status
        assert all(answer.headers[name].isdigit() for name in LIMITS), path


@pytest.mark.parametrize("kind", ["sandbox", "strict"])
async def test_more_than_eight_at_a_time_are_refused(kind: str) -> None:
    async with running_double(kind) as double, receiving() as receiver:
        mine = double.as_key()
        made = await mine.subscribe(receiver.url, "job.created", active=False)
        receiver.handshake_delay = 60  # each of them waits for the receiver
        path = f"{SUBSCRIPTIONS}/{made['id']}/activation"
        under_way = [asyncio.create_task(mine.call("PUT", path)) for _ in range(8)]
        await until(lambda: len(receiver.handshakes) == 8)
        refused = await mine.call("GET", SUBSCRIPTIONS)
        assert refused.status == 429
        assert said(refused)
        other = await double.as_client()
        assert (await other.call("GET", SUBSCRIPTIONS)).status == 200, "each credential for itself"
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


@pytest.mark.parametrize("kind", ["sandbox", "strict"])
async def test_more_than_ten_a_second_are_refused(kind: str) -> None:
    async with running_double(kind, limited=True) as double:
        mine = double.as_key()
        answers = await asyncio.gather(*(mine.call("GET", COMPANY) for _ in range(60)))
        refused = [one for one in answers if one.status == 429]
        assert refused
        assert {one.status for one in answers} == {200, 429}
        assert set(refused[0].json) == {"message", "errors"}
