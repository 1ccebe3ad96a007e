"""Links that fail, hang or answer with nothing: each waits for itself, no other waits for it."""

import asyncio
from typing import Any

import pytest
from srhooks.entities.account_worker import CONCURRENT

from tests.support.harness import Browser, eventually
from tests.support.odd_service import OddWorld, Reply

GOOD = 20
BAD = 12


@pytest.fixture(autouse=True)
def patient_fetches() -> None:
    """As in real life: a slow link gives way after less than a second."""


@pytest.fixture
async def made(zoe: Browser) -> dict[str, Any]:
    return await zoe.subscribe("job.created")


async def deliver(odd: OddWorld, made: dict[str, Any], link: str) -> None:
    key = odd.service.keys[str(made["id"])][-1]
    assert await odd.notify(made["hookId"], b"{}", key, link=link) == 202


async def states(zoe: Browser, part: str) -> list[dict[str, Any]]:
    found = await zoe.notifications("?limit=200")
    return [one["entity"] for one in found if part in one["link"]]


async def settle(zoe: Browser, part: str, status: str, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        found = await states(zoe, part)
        return found if [one["status"] for one in found] == [status] * count else []

    return await eventually(look)


PDF: Reply = (200, b"%PDF-1.7\n" + b"x" * 90, {"Content-Type": "application/pdf"})


@pytest.mark.parametrize(
    ("bad", "calls"),
    [(PDF, 1), ((204, b"", {}), 1), ((500, {"message": "broken"}, {}), 5)],
    ids=["pdf", "204", "500"],
)
async def test_links_that_fail_hold_up_no_others(
    odd: OddWorld, zoe: Browser, made: dict[str, Any], bad: Reply, calls: int
) -> None:
    good = [odd.link(f"/good/{n}") for n in range(GOOD)]
    poisoned = [odd.link(f"/bad/{n}", replies=[bad]) for n in range(BAD)]
    for link in good:
        odd.service.delay[link.removeprefix(f"<{odd.service.base}").partition(">")[0]] = 0.05
    for link in good + poisoned:
        await deliver(odd, made, link)
    await settle(zoe, "/good/", "fetched", GOOD)
    assert max(odd.service.calls("GET", f"/bad/{n}") for n in range(BAD)) <= calls
    # One more that works makes none of those due again that failed: each keeps to its back-off.
    await deliver(odd, made, odd.link("/last"))
    await settle(zoe, "/last", "fetched", 1)
    for n in range(BAD):
        assert_backs_off(odd, f"/bad/{n}")


def assert_backs_off(odd: OddWorld, path: str) -> None:
    """At least half a second, then one, two ... lie between two tries (jitter takes a half)."""
    times = [at for at, _, seen in odd.service.seen if seen == path]
    for position in range(len(times) - 1):
        assert times[position + 1] - times[position] > 0.45 * 2**position


async def test_links_that_hang_give_way(odd: OddWorld, zoe: Browser, made: dict[str, Any]) -> None:
    hanging = [odd.link(f"/hang/{n}") for n in range(BAD)]
    for n in range(BAD):
        odd.service.delay[f"/hang/{n}"] = 60
    await deliver(odd, made, odd.link("/good/first"))  # the oldest: it is looked at last
    await asyncio.gather(*(deliver(odd, made, link) for link in hanging))
    await deliver(odd, made, odd.link("/good/newest"))
    await settle(zoe, "/good/", "fetched", 2)  # long before the first one's time is up
    assert {one["status"] for one in await states(zoe, "/hang/")} == {"pending"}
    odd.service.delay.clear()

    async def all_others_fetched() -> bool:  # but those that were under way just then
        found = await states(zoe, "/hang/")
        return [one["status"] for one in found].count("fetched") >= BAD - CONCURRENT

    await eventually(all_others_fetched)


async def test_a_link_that_answers_slowly_is_fetched_beside_others(
    odd: OddWorld, zoe: Browser, made: dict[str, Any]
) -> None:
    slow = [odd.link(f"/slow/{n}") for n in range(5)]
    for n in range(5):
        odd.service.delay[f"/slow/{n}"] = 1.5
    await asyncio.gather(*(deliver(odd, made, link) for link in slow))
    for n in range(30):
        await deliver(odd, made, odd.link(f"/good/{n}"))
    await settle(zoe, "/slow/", "fetched", 5)
    assert max(odd.service.calls("GET", f"/slow/{n}") for n in range(5)) <= 2


async def test_what_names_a_failing_link_does_not_reset_its_back_off(
    odd: OddWorld, zoe: Browser, made: dict[str, Any]
) -> None:
    link = odd.link("/bad/1", replies=[(500, {}, {})])

    async def tried() -> bool:
        await deliver(odd, made, link)
        return odd.service.calls("GET", "/bad/1") >= 4

    await eventually(tried)
    assert_backs_off(odd, "/bad/1")
    assert {one["status"] for one in await states(zoe, "/bad/")} == {"pending"}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (PDF, "not JSON: application/pdf, 99 bytes"),
        ((204, b"", {}), "answered 204 without any content"),
        ((200, b"", {}), "answered 200 without any content"),
        ((200, b"NaN", {}), "not JSON: application/json, 3 bytes"),
        ((200, b'"cut o', {}), "not JSON: application/json, 6 bytes"),
        ((200, b"\xff\xfe\x00", {"Content-Type": ""}), "not JSON"),
    ],
)
async def test_an_answer_without_a_state_is_final(
    odd: OddWorld, zoe: Browser, made: dict[str, Any], reply: Reply, words: str
) -> None:
    await deliver(odd, made, odd.link("/jobs/1", replies=[reply, (200, {}, {})]))
    (found,) = await settle(zoe, "/jobs/", "failed", 1)
    assert (found["data"], words in found["error"]) == (None, True), found
    (one,) = await zoe.notifications()
    assert words.partition(":")[0] in await zoe.page(f"/notifications/{one['id']}")
    assert odd.service.calls("GET", "/jobs/1") == 1


BEA = {"firstName": "Beä"}
BEA_TEXT = '{"firstName":"Beä"}'


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (BEA_TEXT.encode("utf-8-sig"), BEA),
        (BEA_TEXT.encode("utf-16"), BEA),
        (BEA_TEXT.encode("utf-16-be"), BEA),
        (BEA_TEXT.encode("utf-32"), BEA),
        (b'{"n":1.5e+9999}', '{"n":1.5e+9999}'),
        (b'{"n":' + b"9" * 5000 + b"}", '{"n":' + "9" * 5000 + "}"),
    ],
    ids=["bom", "utf-16", "utf-16-be", "utf-32", "exponent", "digits"],
)
async def test_states_are_read_as_bodies_are(
    odd: OddWorld, zoe: Browser, made: dict[str, Any], raw: bytes, value: Any
) -> None:
    link = odd.link("/jobs/1", replies=[(200, raw, {})])
    key = odd.service.keys[str(made["id"])][-1]
    assert await odd.notify(made["hookId"], raw, key, link=link) == 202
    (found,) = await settle(zoe, "/jobs/", "fetched", 1)
    (one,) = await zoe.notifications()
    assert found["data"] == one["body"] == value
