"""The sandbox misbehaves on command: lose, refuse, delay, fall silent, suspend, fail."""

from typing import Any

from tests.support.sandbox_fixtures import SUBSCRIPTIONS, Client, receiving, running


async def order(client: Client, path: str, **given: Any) -> Any:
    answer = await client.call("POST", f"/sandbox/{path}", json=given)
    assert answer.status == 200, answer.text
    return answer.json


async def test_lost_refused_and_delayed_deliveries() -> None:
    async with running(suspend_after=0) as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        made = await ada.subscribe(receiver.url, "job.updated")
        await order(client, "troubles", kind="lose", count=2)
        for _ in range(2):
            [lost] = await sandbox.fire("job.updated")
            assert lost.state == "delivered"
        assert receiver.received == []
        await order(client, "troubles", kind="refuse", count=1)
        [refused] = await sandbox.fire("job.updated")
        assert (refused.state, refused.attempts[0].status) == ("retrying", 503)
        assert receiver.received == []
        await order(client, "troubles", kind="delay", count=1, seconds=0.05)
        [delayed] = await sandbox.fire("job.updated")
        assert delayed.attempts[0].seconds >= 0.05
        assert len(receiver.received) == 1
        log = (await ada.call("GET", f"{SUBSCRIPTIONS}/{made['id']}/callbacks-log")).json
        outcomes = [entry["status"] for entry in log]
        assert sorted(outcomes) == ["failed", "successful", "successful", "successful"]


async def test_silence_suspension_and_an_outage() -> None:
    async with running() as (sandbox, client), receiving() as receiver:
        ada = await client.log_in(sandbox.people[0])
        made = await ada.subscribe(receiver.url, "job.updated")
        await order(client, "silence", silent=True)
        assert await sandbox.fire("job.updated") == []
        await order(client, "silence", silent=False)
        assert len(await sandbox.fire("job.updated")) == 1
        await order(client, f"subscriptions/{made['id']}/suspend")
        one = await ada.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")
        assert one.json["status"] == "inactive"
        await order(client, "outage", seconds=60)
        assert (await ada.call("GET", SUBSCRIPTIONS)).status == 503
        sandbox.faults.rules[0].until = 0.0
        assert (await ada.call("GET", SUBSCRIPTIONS)).status == 200


async def test_the_page_keeps_the_event_and_tells_what_is_wrong() -> None:
    async with running() as (_, client):
        fired = await client.call("POST", "/sandbox/fire", data={"event": "offer.created"})
        page = await client.call("GET", fired.headers["Location"])
        assert "<option selected>offer.created</option>" in page.text
        wrong = await client.call("POST", "/sandbox/faults", data={"path": "(("})
        assert wrong.status == 303
        page = await client.call("GET", wrong.headers["Location"])
        assert "not a regular expression" in page.text
        for word in ("Lose", "Refuse", "Delay", "Stop sending", "Fail for a minute"):
            assert f">{word}</button>" in page.text
        assert (await client.call("GET", "/sandbox/live.js")).status == 200
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
