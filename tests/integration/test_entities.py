"""What becomes of a link: every state, retries, dead grants, and turns."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import NewNotification

from tests.support.harness import Browser, eventually
from tests.support.odd_service import ROOT, OddService, OddWorld, Reply, odd_world

Created = dict[str, Any]


@pytest.fixture
async def made(zoe: Browser) -> Created:
    return await zoe.subscribe("job.created")


async def deliver(odd: OddWorld, made: Created, link: str, **headers: str) -> None:
    key = odd.service.keys[str(made["id"])][-1]
    assert await odd.notify(made["hookId"], b"{}", key, link=link, **headers) == 202


async def settled(browser: Browser, status: str, count: int = 1) -> dict[str, Any]:
    """The newest one's entity, once `count` are in this state."""

    async def look() -> list[dict[str, Any]]:
        found = [one["entity"] for one in await browser.notifications("?limit=200")]
        return found if [one["status"] for one in found].count(status) >= count else []

    return (await eventually(look))[0]


async def test_any_json_may_be_a_state(odd: OddWorld, zoe: Browser, made: Created) -> None:
    for count, value in enumerate((None, 7, "text", ["a"], "other text"), 1):
        link = odd.link("/jobs/1", replies=[(200, json.dumps(value).encode(), {})])
        await deliver(odd, made, link, event_id=str(count))
        assert (await settled(zoe, "fetched", count))["data"] == value


async def test_fetched(odd: OddWorld, zoe: Browser, made: Created) -> None:
    entity = {"id": "1", "name": "Zoë", "nested": {"list": [1, None, "x"]}}
    await deliver(odd, made, odd.link("/jobs/1", replies=[(200, entity, {})]))
    found = await settled(zoe, "fetched")
    assert found["data"] == entity
    assert found["error"] is None
    assert found["fetchedAt"].endswith("Z")
    assert odd.service.wrong_tokens == []
    (one,) = await zoe.notifications()
    assert "Zoë" in await zoe.page(f"/notifications/{one['id']}")


async def test_each_of_many_at_once_is_asked_for_once(
    odd: OddWorld, zoe: Browser, made: Created
) -> None:
    links = [odd.link(f"/jobs/{n}", replies=[(200, {"id": str(n)}, {})]) for n in range(16)]
    await asyncio.gather(*(deliver(odd, made, link) for link in links))
    await settled(zoe, "fetched", count=16)
    assert [odd.service.calls("GET", f"/jobs/{n}") for n in range(16)] == [1] * 16


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (404, "gone"), (410, "gone"), (400, "failed"), (403, "failed"), (409, "failed"),
        (422, "failed"), (301, "failed"), (302, "failed"), (307, "failed"), (308, "failed"),
    ],
)  # fmt: skip
async def test_answers_that_will_not_change(
    odd: OddWorld, zoe: Browser, made: Created, status: int, state: str
) -> None:
    odd.service.entities["/elsewhere"] = [(200, {"stolen": 1}, {})]
    reply = (status, {"message": "why <not>"}, {"Location": "/elsewhere"})
    await deliver(odd, made, odd.link("/jobs/1", replies=[reply]))
    found = await settled(zoe, state)
    assert found["data"] is None
    assert str(status) in found["error"]
    assert (found["fetchedAt"] is not None) == (state == "gone")
    assert odd.service.calls("GET", "/jobs/1") == 1
    assert odd.service.calls("GET", "/elsewhere") == 0
    (one,) = await zoe.notifications()
    await zoe.page(f"/notifications/{one['id']}")


@pytest.mark.parametrize(
    "bad",
    [
        (429, {"message": "slow down"}, {"Retry-After": "1"}), (429, "", {}), (500, "", {}),
        (502, b"<html>", {}), (503, "", {"Retry-After": "1"}),
    ],
    ids=lambda reply: str(reply[0]),
)  # fmt: skip
async def test_answers_that_may_change_are_asked_for_again(
    odd: OddWorld, zoe: Browser, made: Created, bad: tuple[int, Any, dict[str, str]]
) -> None:
    await deliver(odd, made, odd.link("/jobs/1", replies=[bad, (200, {"now": "there"}, {})]))

    async def tried() -> int:
        return odd.service.calls("GET", "/jobs/1")

    await eventually(tried)
    found = await settled(zoe, "fetched")
    assert (found["data"], found["error"]) == ({"now": "there"}, None)
    assert odd.service.calls("GET", "/jobs/1") == 2


async def test_a_service_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    service = OddService()
    async with odd_world(tmp_path, service) as odd, odd.logged_in() as zoe:
        made = await zoe.subscribe("job.created")
        link = odd.link("/jobs/1")
        api = service.base
    same = {"port": odd.settings.port}
    # The API's address, where nothing listens now; then the service is back.
    async with odd_world(tmp_path, OddService(), api_url=api, **same) as without:
        await deliver(odd, made, link)

        async def put_off() -> bool:
            return (await without.services.store.next_due() or 0) > now_ms()

        await eventually(put_off)
        (user_id,) = await without.services.store.user_ids()
        (one,) = await without.services.store.notifications(user_id, Filter(), 10)
        assert one.entity_status == "pending"
    async with odd_world(tmp_path, service, **same) as back, back.logged_in() as zoe:
        assert (await settled(zoe, "fetched"))["data"] == {"path": "/jobs/1"}


async def test_it_is_given_up_after_a_day(odd: OddWorld, zoe: Browser, made: Created) -> None:
    (user_id,) = await odd.services.store.user_ids()
    day = 86_400_000
    for age in (day + 60_000, day - 60_000):
        path = f"/jobs/{age}"
        odd.service.entities[path] = [(500, {"message": "broken"}, {})]
        await odd.services.store.add_notification(
            NewNotification(
                id=first_id_at(now_ms() - age), user_id=user_id, hook_id=made["hookId"],
                subscription_id=str(made["id"]), event_id=None, event_name=None,
                event_version=None, link=odd.service.base + path, headers="{}", body=b"",
                signature="valid", sent_at=None, entity_status="pending",
            )
        )  # fmt: skip
    odd.services.fetcher.wake(user_id)
    found = (await settled(zoe, "failed"), *[n["entity"] for n in await zoe.notifications()])
    assert [one["status"] for one in found[1:]] == ["pending", "failed"]
    assert found[2]["error"] == "broken (SmartRecruiters answered 500)"


async def test_links_that_lead_elsewhere_get_no_token(
    odd: OddWorld, zoe: Browser, made: Created
) -> None:
    other = OddService()
    async with odd_world(Path(odd.settings.database_url[10:]).parent / "..", other):
        port = other.base.rpartition(":")[2]
        for link in (f"http://127.0.0.1:{port}/", f"http://localhost:{port}/", "https://x.example"):
            await deliver(odd, made, f"<{link}>; rel=self")
            one = (await zoe.notifications("?limit=1"))[0]
            assert (one["entity"]["status"], one["link"]) == ("refused", link)
        for link in ("", "nonsense", "<", ","):
            await deliver(odd, made, link)
            one = (await zoe.notifications("?limit=1"))[0]
            assert (one["entity"]["status"], one["link"]) == ("none", None)
        await deliver(odd, made, odd.link("/jobs/last"))
        await settled(zoe, "fetched")
        assert other.seen == []


async def test_a_relative_link_is_resolved(odd: OddWorld, zoe: Browser, made: Created) -> None:
    odd.link("/jobs/1")
    await deliver(odd, made, "<other>; rel=next, </jobs/1>; rel=self")
    assert (await settled(zoe, "fetched"))["data"] == {"path": "/jobs/1"}
    assert (await zoe.notifications())[0]["link"] == f"{odd.service.base}/jobs/1"


async def test_a_re_delivery_fetches_nothing_again(
    odd: OddWorld, zoe: Browser, made: Created
) -> None:
    link = odd.link("/jobs/1")
    await deliver(odd, made, link, event_id="e")
    await settled(zoe, "fetched")
    (first,) = await zoe.notifications()
    for _ in range(3):
        await deliver(odd, made, link, event_id="e", x_more="later")
    (last,) = await zoe.notifications()
    assert last == {**first, "deliveries": 4}
    await deliver(odd, made, odd.link("/jobs/2"))
    await settled(zoe, "fetched", 2)
    assert odd.service.calls("GET", "/jobs/1") == 1


@pytest.mark.parametrize("refresh", [False, True])
async def test_a_dead_grant_stops_nothing_but_the_fetching(
    odd: OddWorld, zoe: Browser, made: Created, refresh: bool
) -> None:
    if refresh:
        odd.service.has_refresh = True
        assert (await odd.log_in(zoe)).status == 303
    odd.service.revoke()
    link = odd.link("/jobs/1")
    await deliver(odd, made, link)

    async def noticed() -> bool:
        async with zoe.request(
            "GET", "/notifications", headers={"Accept": "application/json"}
        ) as answer:
            return bool(answer.status == 401 and (await answer.json())["error"]["status"] == 401)

    await eventually(noticed)
    await zoe.json("GET", "/subscriptions", status=401)
    await zoe.json("POST", "/subscriptions", status=401, json={"events": ["job.created"]})
    for path in ("/notifications", "/subscriptions"):
        async with zoe.request("GET", path, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert "Log in with SmartRecruiters" in await zoe.page("/")
    await deliver(odd, made, link, event_name="second")
    calls = odd.service.calls("GET", "/jobs/1")
    answer = await odd.log_in(zoe)
    assert (answer.status, answer.headers["Location"]) == (303, "/subscriptions")
    await settled(zoe, "fetched", 2)
    assert odd.service.calls("GET", "/jobs/1") > calls
    assert len(await zoe.notifications()) == 2


async def test_a_refresh_token_that_is_not_replaced_goes_on_counting(tmp_path: Path) -> None:
    service = OddService(has_refresh=True)
    async with odd_world(tmp_path, service) as odd, odd.logged_in() as zoe:
        for _ in range(3):
            service.tokens.clear()
            token = "odd." + secrets.token_hex(8)
            service.tokens.add(token)
            answer: Reply = (200, {"access_token": token, "expires_in": 1800}, {})
            service.replies["POST", "/identity/oauth/token"] = [answer]
            await zoe.json("GET", "/subscriptions")


async def test_short_lived_tokens_are_refreshed_once_for_all(tmp_path: Path) -> None:
    service = OddService(has_refresh=True, token={"expires_in": 1})
    async with odd_world(tmp_path, service) as odd, odd.logged_in() as zoe:
        made = await zoe.subscribe("job.created")
        service.token = {"expires_in": 1800}
        service.tokens.clear()
        before = service.calls("POST", "/identity/oauth/token")
        await asyncio.gather(*(deliver(odd, made, odd.link(f"/jobs/{n}")) for n in range(12)))
        await settled(zoe, "fetched", 12)
        assert service.calls("POST", "/identity/oauth/token") == before + 1


async def test_a_person_goes_before_the_many_and_the_limits_hold(
    odd: OddWorld, zoe: Browser, made: Created
) -> None:
    links = [odd.link(f"/jobs/{number}") for number in range(200)]
    for number in range(200):
        odd.service.delay[f"/jobs/{number}"] = 0.02
    await asyncio.gather(*(deliver(odd, made, link) for link in links))

    async def busy() -> bool:
        return len([1 for _, _, path in odd.service.seen if path.startswith("/jobs/")]) > 10

    await eventually(busy)
    for _ in range(3):
        seen = len(odd.service.seen)
        await zoe.json("GET", "/subscriptions")
        turn = [path for _, _, path in odd.service.seen[seen:]]
        assert turn.index(ROOT) <= 10  # what was on its way, and no more of the 190 that wait
    assert len(await zoe.notifications("?limit=200")) == 200
    times = [at for at, _, path in odd.service.seen if not path.startswith("/identity")]
    for position in range(len(times) - 10):
        assert times[position + 10] - times[position] >= 1.0


async def test_what_the_service_sends_back_may_be_anything(
    odd: OddWorld, zoe: Browser, made: Created
) -> None:
    odd_ones: list[Any] = [[], [1, "x"], {"a": {}}, {"deep": json.loads("[" * 200 + "]" * 200)}]
    for number, value in enumerate(odd_ones):
        await deliver(odd, made, odd.link(f"/odd/{number}", replies=[(200, value, {})]))
        assert (await settled(zoe, "fetched", number + 1))["data"] == value
