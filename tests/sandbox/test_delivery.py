"""What the sandbox sends to a receiver, and when again."""

import asyncio
import json
import time

import pytest
from srhooks.protocol.retry_schedule import RETRY_MINUTES
from srhooks.protocol.signature import matching_key
from srhooks.sandbox import Delivery, UnknownEntityError, UnknownEventError

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, receiving, running, until

FAST = 1e9  # every re-delivery at once


async def test_a_notification_has_all_headers() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "application.created", "job.updated")
        [delivery] = await sandbox.fire("application.created")
        await sandbox.fire("job.updated")
        assert delivery.state == "delivered"
        headers, body = receiver.received[0]
        assert headers["Content-Type"] == "application/json"
        assert headers["event-name"] == "application.created"
        assert headers["event-version"] == "v201910"
        assert abs(int(headers["smartrecruiters-timestamp"]) - time.time()) < 60
        assert "smartrecruiters-signature" not in headers
        ids = json.loads(body)
        link = f"<{client.base}/candidates/{ids['candidate_id']}/jobs/{ids['job_id']}>; rel=self"
        assert headers["link"] == link
        assert len({headers["event-id"] for headers, _ in receiver.received}) == 2


async def test_every_unexpired_key_signs() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe(receiver.url, "job.updated")
        path = f"{SUBSCRIPTIONS}/{subscription['id']}/secret-key"
        keys = [(await ada.call("POST", path)).json["secretKey"] for _ in range(2)]
        await sandbox.fire("job.updated")
        headers, body = receiver.received[0]
        signature = headers["smartrecruiters-signature"]
        assert len(signature.split(";")) == 2
        for key in keys:
            assert matching_key([key], headers, body, signature) == 0

        sandbox.subscriptions.by_id[subscription["id"]].keys[0].expires_at = 0
        await sandbox.fire("job.updated")
        headers, body = receiver.received[1]
        signature = headers["smartrecruiters-signature"]
        assert matching_key([keys[0]], headers, body, signature) is None
        assert matching_key([keys[1]], headers, body, signature) == 0


@pytest.mark.parametrize("status", [200, 204, 307, 404, 500])
async def test_only_a_202_counts_and_redirects_are_not_followed(status: int) -> None:
    async with running(suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        receiver.status = status
        receiver.location = receiver.url if status == 307 else ""
        [delivery] = await sandbox.fire("job.updated")
        assert delivery.state == "retrying"
        assert [attempt.status for attempt in delivery.attempts] == [status]
        assert len(receiver.received) == 1


async def test_an_answer_must_come_in_time() -> None:
    async with running(delivery_timeout=0.05) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        receiver.delay = 5
        [delivery] = await sandbox.fire("job.updated")
        assert delivery.attempts[0].status is None
        assert delivery.attempts[0].error == "no answer within 0.05 s"


async def test_it_is_delivered_again_until_accepted() -> None:
    async with running(speed=FAST, suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        receiver.status = 503
        [delivery] = await sandbox.fire("job.updated")
        await until(lambda: len(receiver.received) >= 3)
        receiver.status = 202
        await until(lambda: delivery.state == "delivered")
        assert len({headers["event-id"] for headers, _ in receiver.received}) == 1
        assert len({body for _, body in receiver.received}) == 1


async def test_after_ten_more_attempts_it_is_given_up() -> None:
    async with running(speed=FAST, suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        receiver.status = 500
        [delivery] = await sandbox.fire("job.updated")
        await until(lambda: delivery.state == "failed")
        assert len(receiver.received) == 11


async def test_the_schedule_is_the_documented_one_divided_by_the_speed() -> None:
    assert RETRY_MINUTES[:5] == (1, 3, 10, 45, 120)
    assert (len(RETRY_MINUTES), RETRY_MINUTES[8]) == (10, 1440)
    async with running(speed=600, suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        receiver.status = 500
        [delivery] = await sandbox.fire("job.updated")
        await until(lambda: len(delivery.attempts) == 3)
        first, second, third = (attempt.at for attempt in delivery.attempts)
        assert 0.09 <= second - first < 3
        assert 0.29 <= third - second < 9


async def test_a_series_of_failures_suspends_and_activation_resumes() -> None:
    async with running(speed=FAST, suspend_after=3) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe(receiver.url, "job.updated")
        path = f"{SUBSCRIPTIONS}/{subscription['id']}"
        receiver.status = 500
        [delivery] = await sandbox.fire("job.updated")
        await until(lambda: delivery.state == "cancelled")
        assert len(receiver.received) == 3
        assert (await ada.call("GET", path)).json["status"] == "inactive"
        assert await sandbox.fire("job.updated") == []

        receiver.status = 202
        assert (await ada.call("PUT", f"{path}/activation")).status == 204
        [delivery] = await sandbox.fire("job.updated")
        assert delivery.state == "delivered"


async def test_a_success_ends_the_series() -> None:
    async with running(suspend_after=2) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        subscription = await ada.subscribe(receiver.url, "job.updated")
        for status in (500, 202, 500):
            receiver.status = status
            await sandbox.fire("job.updated")
        one = await ada.call("GET", f"{SUBSCRIPTIONS}/{subscription['id']}")
        assert one.json["status"] == "active"


async def test_a_receiver_that_hangs_stalls_nobody_else() -> None:
    async with running() as (sandbox, client), receiving() as slow, receiving() as quick:
        ada = await client.log_in(sandbox.people[0])
        stuck = await ada.subscribe(slow.url, "job.updated")
        await ada.subscribe(quick.url, "job.updated")
        slow.delay = 30
        tasks = [asyncio.create_task(sandbox.fire("job.updated")) for _ in range(40)]
        await until(lambda: len(quick.received) == 40, 4)
        assert len(slow.received) <= 8, "calls to one receiver are bounded"
        await ada.call("DELETE", f"{SUBSCRIPTIONS}/{stuck['id']}")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_events_go_to_whom_they_are_meant_for() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        people = sandbox.people
        ada, grace = await client.log_in(people[0]), await client.log_in(people[1])
        one = await ada.subscribe(receiver.url, "job.updated")
        two = await grace.subscribe(receiver.url, "job.updated", "job.created")
        await ada.subscribe(receiver.url, "job.updated", active=False)

        def ids(deliveries: list[Delivery]) -> list[str]:
            return [delivery.subscription_id for delivery in deliveries]

        assert ids(await sandbox.fire("job.updated")) == [one["id"], two["id"]]
        assert ids(await sandbox.fire("job.created")) == [two["id"]]
        assert ids(await sandbox.fire("job.updated", owner_id=people[1].id)) == [two["id"]]
        assert ids(await sandbox.fire("job.updated", subscription_id=one["id"])) == [one["id"]]
        assert await sandbox.fire("job.created", owner_id=people[0].id) == []


async def test_an_event_can_be_aimed_at_one_entity() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated")
        job = (await ada.call("GET", "/jobs")).json["content"][3]["id"]
        await sandbox.fire("job.updated", entity=job)
        assert json.loads(receiver.received[0][1]) == {"id": job}
        with pytest.raises(UnknownEntityError):
            await sandbox.fire("job.updated", entity="nobody")
        with pytest.raises(UnknownEventError):
            await sandbox.fire("job.exploded")


async def test_callback_authentication_is_used_and_kept_secret() -> None:
    async with running(suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        token_url = receiver.url.replace("/hook", "/token")
        wanted: list[tuple[dict[str, str], str, str, str]] = [
            (
                {"type": "basic", "username": "sr", "password": "hook-password"},
                "Authorization",
                "Basic c3I6aG9vay1wYXNzd29yZA==",
                "hook-password",
            ),
            (
                {"type": "header", "headerName": "X-Key", "headerValue": "hook-header"},
                "X-Key",
                "hook-header",
                "hook-header",
            ),
            (
                {
                    "type": "oauth2",
                    "clientId": "id",
                    "clientSecret": "hook-client-secret",
                    "tokenServiceUrl": token_url,
                },
                "Authorization",
                "Bearer hook-token-1",
                "hook-client-secret",
            ),
        ]
        for auth, header, value, secret in wanted:
            subscription = await ada.subscribe(
                receiver.url, "job.updated", callbackAuthentication=auth
            )
            assert receiver.handshakes[-1][header] == value
            await sandbox.fire("job.updated", subscription_id=subscription["id"])
            assert receiver.received[-1][0][header] == value
            shown = await ada.call("GET", f"{SUBSCRIPTIONS}/{subscription['id']}")
            assert "callbackAuthentication" not in shown.json
            assert secret not in shown.text
            assert secret not in (await client.call("GET", "/")).text
        assert receiver.token_calls == 1, "the token is kept while it is good"
        receiver.status = 401
        await sandbox.fire("job.updated", subscription_id=subscription["id"])
        receiver.status = 202
        await sandbox.fire("job.updated", subscription_id=subscription["id"])
        assert receiver.received[-1][0]["Authorization"] == "Bearer hook-token-2"


async def test_tokens_of_a_token_service_last_milliseconds() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        receiver.token_milliseconds = 60_000  # longer than a day if taken for seconds
        ada = await client.log_in(sandbox.people[0])
        auth = {
            "type": "oauth2",
            "clientId": "id",
            "clientSecret": "hook-client-secret",
            "tokenServiceUrl": receiver.url.replace("/hook", "/token"),
        }
        subscription = await ada.subscribe(receiver.url, "job.updated", callbackAuthentication=auth)
        held = sandbox.subscriptions.by_id[subscription["id"]].auth
        assert held is not None
        assert 0 < held.token_until - time.monotonic() <= 60


async def test_a_token_service_that_fails_fails_the_delivery() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        auth = {"type": "oauth2", "clientId": "id", "clientSecret": "s"}
        subscription = await ada.subscribe(
            receiver.url,
            "job.updated",
            active=False,
            callbackAuthentication=auth | {"tokenServiceUrl": receiver.url},
        )
        answer = await ada.call("PUT", f"{SUBSCRIPTIONS}/{subscription['id']}/activation")
        assert answer.status == 400
        assert "the token service answered 202" in answer.json["message"]


async def test_a_burst_of_hundreds_arrives_whole() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "application.status.updated")
        for _ in range(10):
            await asyncio.gather(*(sandbox.fire("application.status.updated") for _ in range(60)))
        assert len(receiver.received) == 600


async def test_traffic_flows_until_it_is_stopped() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        await ada.subscribe(receiver.url, "job.updated", "candidate.created")
        sandbox.start_traffic(0.001)
        sandbox.start_traffic(500)
        await until(lambda: len(receiver.received) >= 50)
        await sandbox.stop_traffic()
        names = {headers["event-name"] for headers, _ in receiver.received}
        assert names == {"job.updated", "candidate.created"}
        assert not sandbox.traffic.running
        for rate in (0, -1, float("nan")):
            with pytest.raises(ValueError, match="rate"):
                sandbox.start_traffic(rate)
