"""The sandbox's audit log."""

from tests.support.sandbox_fixtures import running

AUDIT = "/audit-api/v201910/audit-events"


async def test_what_happens_to_credentials_is_in_the_audit_log() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        made = sandbox.create_client(scope="jobs_read")
        sandbox.replace_secret(made.id)
        sandbox.revoke_credential(made.id)
        await sandbox.fire("candidate.deleted")
        answer = await ada.call("GET", AUDIT)
        assert [event["eventName"] for event in answer.json["content"]] == [
            "CANDIDATE_DELETED",
            "CREDENTIALS_REVOKED",
            "CREDENTIALS_CHANGED",
            "CREDENTIALS_CREATED",
            "OAUTH_APPLICATION_ACCESS_GRANTED",
        ]
        assert answer.json["content"][1]["entityId"] == made.id
        wanted = {"eventName": "CREDENTIALS_REVOKED"}
        assert (await ada.call("GET", AUDIT, params=wanted)).json["totalFound"] == 1
        first = (await ada.call("GET", AUDIT, params={"limit": "2"})).json
        rest = await ada.call("GET", AUDIT, params={"nextPageId": first["nextPageId"]})
        assert [*first["content"], *rest.json["content"]] == answer.json["content"]
        assert rest.json["nextPageId"] is None
        for wrong in ({"limit": "101"}, {"nextPageId": "none"}):
            assert (await ada.call("GET", AUDIT, params=wrong)).status == 400


async def test_it_needs_its_scope() -> None:
    async with running() as (sandbox, client):
        caller = await client.with_client_id(sandbox.create_client(scope="jobs_read"))
        answer = await caller.call("GET", AUDIT)
        assert answer.status == 403
        assert "OAuthPermissionsException" in answer.text
