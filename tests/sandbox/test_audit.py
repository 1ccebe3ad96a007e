"""The sandbox's audit log."""

from datetime import UTC, datetime, timedelta

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
        assert answer.json["content"][1]["entity"] == {"type": "CREDENTIAL", "id": made.id}
        assert set(answer.json["content"][1]) == {
            "id", "eventName", "eventDate", "author", "entity", "context",
        }  # fmt: skip
        wanted = {"eventName": "CREDENTIALS_REVOKED"}
        assert (await ada.call("GET", AUDIT, params=wanted)).json["totalFound"] == 1
        first = (await ada.call("GET", AUDIT, params={"limit": "2"})).json
        rest = await ada.call("GET", AUDIT, params={"nextPageId": first["nextPageId"]})
        assert [*first["content"], *rest.json["content"]] == answer.json["content"]
        assert rest.json["nextPageId"] is None
        both = [("eventName", "CREDENTIALS_REVOKED"), ("eventName", "CREDENTIALS_CHANGED")]
        assert (await ada.call("GET", AUDIT, params=both)).json["totalFound"] == 2
        for wrong in (
            {"limit": "101"}, {"nextPageId": "none"}, {"author": "ada"},
            {"eventDateAfter": "yesterday"},
        ):  # fmt: skip
            assert (await ada.call("GET", AUDIT, params=wrong)).status == 400


async def test_without_a_date_it_goes_back_seven_days() -> None:
    async with running() as (sandbox, client):
        mine = client.with_key(sandbox.settings.api_key)
        now = datetime.now(UTC)
        ago = [timedelta(hours=1), timedelta(days=6), timedelta(days=8)]
        for age in reversed(ago):
            sandbox.audit.record("USER_ROLE_CHANGED", "USER", "1", at=(now - age).timestamp())

        async def count(**dates: timedelta) -> int:
            params = {
                name: (now - age).isoformat(timespec="milliseconds") for name, age in dates.items()
            }
            found: int = (await mine.call("GET", AUDIT, params=params)).json["totalFound"]
            return found

        assert await count() == 2
        assert await count(eventDateAfter=timedelta(days=9)) == 3
        assert await count(eventDateBefore=timedelta(days=7)) == 1
        assert await count(eventDateAfter=timedelta(days=7), eventDateBefore=timedelta(days=1)) == 1


async def test_it_needs_its_scope() -> None:
    async with running() as (sandbox, client):
        caller = await client.with_client_id(sandbox.create_client(scope="jobs_read"))
        answer = await caller.call("GET", AUDIT)
        assert answer.status == 403
        assert "OAuthPermissionsException" in answer.text
