"""Verdicts: the documented vector, keys that change, and what must not be trusted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from srhooks.protocol.signature import matching_key, sign

from tests.support.harness import Browser, World
from tests.support.odd_service import ROOT, OddService, OddWorld, odd_world

# developers.smartrecruiters.com, "Webhooks security": the worked example.
KEY = "HeBVky2bccvvkcXPimH8c"
BODY = b'{"job_id":"jid","candidate_id":"cid"}'
SIGNED = {
    "smartrecruiters-timestamp": "1574080897",
    "event-id": "123",
    "event-name": "application.created",
    "event-version": "v201910",
    "link": "<http://smartrecruiters.com/endpoint>; rel=self",
}
MADE = "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f"


async def newest(browser: Browser) -> dict[str, Any]:
    (one,) = await browser.notifications("?limit=1")
    return one


def test_the_documented_example() -> None:
    assert sign(KEY, SIGNED, BODY) == MADE
    assert matching_key(["other", KEY], SIGNED, BODY, MADE) == 1
    several = (f"v1=00;{MADE}", f"v9=x; {MADE} ;v1=", f"v1=00, {MADE}")
    for given in (MADE, MADE.upper().replace("V1", "v1"), *several):
        assert matching_key([KEY], SIGNED, BODY, given) == 0, given
    for given in ("", "v1=", MADE[3:], "v2" + MADE[2:], MADE[:-1], MADE + "0", "v1=é", ";" * 100):
        assert matching_key([KEY], SIGNED, BODY, given) is None, given
    for name in SIGNED:
        other = {"event-version": "v1", "smartrecruiters-timestamp": "1"}.get(name, "x")
        assert matching_key([KEY], SIGNED | {name: other}, BODY, MADE) is None
    assert matching_key([KEY], SIGNED, BODY + b" ", MADE) is None


MOVED: list[dict[str, str]] = [
    {"event-id": "123.application", "event-name": "created"},
    {"smartrecruiters-timestamp": '1574080897.{"job_id"'},
    {"event-version": "created.v201910", "event-name": "application"},
    {"event-version": "v201910.<http://smartrecruiters", "link": "com/endpoint>; rel=self"},
    {"event-id": "1.23"},
    {"smartrecruiters-timestamp": "1574080897 "},
]


@pytest.mark.parametrize("moved", MOVED, ids=str)
def test_parts_of_a_signed_text_cannot_be_moved(moved: dict[str, str]) -> None:
    headers = SIGNED | moved
    fits = moved == {"smartrecruiters-timestamp": "1574080897 "}  # white space moves nothing
    assert (matching_key([KEY], headers, BODY, sign(KEY, headers, BODY)) == 0) == fits


async def test_a_captured_signature_is_invalid_for_another_event(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("application.created")
        odd.service.keys[str(created["id"])].append(KEY)
        headers = {**SIGNED, "event-id": "123.application", "event-name": "created"}
        headers["SmartRecruiters-Signature"] = sign(KEY, SIGNED, BODY)
        assert sign(KEY, headers, BODY) == sign(KEY, SIGNED, BODY)
        assert await odd.notify(created["hookId"], BODY, **headers) == 202
        one = await newest(zoe)
        assert (one["signature"], one["entity"]["status"]) == ("invalid", "refused")
        assert "event-id holds a dot" in await zoe.page(f"/notifications/{one['id']}")


async def test_the_documented_example_over_http(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("application.created")
        odd.service.keys[str(created["id"])].append(KEY)  # known to the service alone as yet
        headers = {name.title(): value for name, value in SIGNED.items()}
        headers["SmartRecruiters-Signature"] = f"v0=old;{MADE}"
        assert await odd.notify(created["hookId"], BODY, **headers) == 202
        one = await newest(zoe)
        assert (one["signature"], one["entity"]["status"]) == ("valid", "refused")
        assert one["link"] == "http://smartrecruiters.com/endpoint"
        page = await zoe.page(f"/notifications/{one['id']}")
        assert "1574080897." in page  # what was signed is explained


async def test_every_verdict_and_what_becomes_of_its_link(odd: OddWorld) -> None:
    link = odd.link("/jobs/1")
    async with odd.logged_in() as zoe:
        keyed = await zoe.subscribe("job.created")
        key = odd.service.keys[str(keyed["id"])][-1]

        async def verdict(**headers: Any) -> tuple[str, bool]:
            assert await odd.notify(keyed["hookId"], link=link, **headers) == 202
            one = await newest(zoe)
            assert one["link"] == f"{odd.service.base}/jobs/1"
            assert one["entity"]["data"] is None or one["signature"] == "valid"
            return one["signature"], one["entity"]["status"] == "refused"

        assert await verdict(key=key) == ("valid", False)
        assert await verdict() == ("unsigned", True)
        assert await verdict(smartrecruiters_signature="  ") == ("unsigned", True)
        assert await verdict(smartrecruiters_signature=MADE) == ("invalid", True)
        assert await verdict(smartrecruiters_signature="v9=abc") == ("invalid", True)
        assert await verdict(key="another key") == ("invalid", True)


async def test_without_a_key_the_unsigned_is_followed_and_the_signed_is_not(
    odd: OddWorld,
) -> None:
    odd.service.replies["POST", f"{ROOT}/900/secret-key"] = [(404, "", {})]
    link = odd.link("/jobs/1")
    async with odd.logged_in() as zoe:
        created = await zoe.json(
            "POST", "/subscriptions", status=201, json={"events": ["job.created"]}
        )
        assert await odd.notify(created["hookId"], link=link) == 202
        assert (await newest(zoe))["entity"]["status"] in {"pending", "fetched"}
        assert await odd.notify(created["hookId"], link=link, key="unknown") == 202
        one = await newest(zoe)
        assert (one["signature"], one["entity"]["status"]) == ("unverifiable", "refused")


async def test_a_key_that_another_program_made_is_looked_up_once_a_minute(
    odd: OddWorld,
) -> None:
    link = odd.link("/jobs/1")
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        number, hook = str(created["id"]), created["hookId"]
        first = odd.service.keys[number][-1]
        second = odd.service.rotate_key(number)
        looked_up = f"{ROOT}/{number}/secret-key"
        assert await odd.notify(hook, key=second, link=link) == 202
        assert (await newest(zoe))["signature"] == "valid"
        assert odd.service.calls("GET", looked_up) == 1
        assert await odd.notify(hook, key=first, link=link) == 202  # it counts for 24 h more
        assert (await newest(zoe))["signature"] == "valid"
        for _ in range(3):
            assert await odd.notify(hook, key="wrong", link=link) == 202
            assert (await newest(zoe))["signature"] == "invalid"
        assert odd.service.calls("GET", looked_up) == 1


@pytest.mark.slow
async def test_a_slow_look_up_is_waited_for_as_long_as_the_sender_waits(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        number, hook = str(created["id"]), created["hookId"]
        key = odd.service.rotate_key(number)
        odd.service.delay[f"{ROOT}/{number}/secret-key"] = 2.5
        assert await odd.notify(hook, key=key) == 202
        assert (await newest(zoe))["signature"] == "valid"


@pytest.mark.slow
async def test_a_look_up_that_fails_delays_no_answer(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        number, hook = str(created["id"]), created["hookId"]
        odd.service.delay[f"{ROOT}/{number}/secret-key"] = 30.0
        assert await odd.notify(hook, key="wrong") == 202
        assert (await newest(zoe))["signature"] == "invalid"


async def test_a_key_that_can_no_longer_be_read_is_still_a_key(tmp_path: Path) -> None:
    service = OddService()
    async with odd_world(tmp_path, service) as odd, odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
    secret = "another session secret, as long as it has to be"
    async with odd_world(tmp_path, service, session_secrets=(secret,)) as odd:
        link = odd.link("/jobs/1")
        assert await odd.notify(created["hookId"], link=link) == 202
        async with odd.logged_in() as zoe:
            one = await newest(zoe)
            assert (one["signature"], one["entity"]["status"]) == ("unsigned", "refused")
            key = service.keys[str(created["id"])][-1]
            assert await odd.notify(created["hookId"], link=link, key=key) == 202
            assert (await newest(zoe))["signature"] == "valid"  # looked up again


async def test_deliveries_merge_by_hook_id_and_verdict(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        other = await zoe.subscribe("job.updated")
        key = odd.service.keys[str(created["id"])][-1]
        hook = created["hookId"]
        link = odd.link("/jobs/1")
        for body, signing in (
            (b'{"n": 1}', "forged"), (b'{"n": 2}', key), (b'{"n": 3}', key), (b'{"n": 4}', None),
            (b'{"n": 5}', "forged"), (b'{"n": 6}', key),
        ):  # fmt: skip
            assert (
                await odd.notify(hook, body, signing, event_id="e", link=link, x=str(body)) == 202
            )
        assert await odd.notify(other["hookId"], b'{"n": 7}', event_id="e") == 202
        for _ in range(2):
            assert await odd.notify(hook, b'{"n": 8}') == 202
            assert await odd.notify(hook, b'{"n": 9}', event_id="") == 202
        found = await zoe.notifications()
        told = {(one["signature"], one["body"]["n"], one["deliveries"]) for one in found}
        assert told == {
            ("invalid", 1, 2), ("valid", 2, 3), ("unsigned", 4, 1), ("unsigned", 7, 1),
            ("unsigned", 8, 1), ("unsigned", 9, 1),
        }  # fmt: skip
        assert len(found) == 8
        valid = next(one for one in found if one["signature"] == "valid")
        assert valid["headers"]["x"] == str(b'{"n": 2}')
        assert odd.service.calls("GET", "/jobs/1") <= 1


async def test_many_re_deliveries_at_once_are_one(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe()
        answers = await asyncio.gather(
            *(world.notify(created["hookId"], event_id="same") for _ in range(40))
        )
        assert set(answers) == {202}
        (one,) = await ada.notifications()
        assert one["deliveries"] == 40


async def test_without_a_newest_key_the_known_one_decides(odd: OddWorld) -> None:
    async with odd.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        number, hook = str(created["id"]), created["hookId"]
        odd.service.has_keys = False  # the look-up answers 404
        assert await odd.notify(hook, key="wrong") == 202
        assert (await newest(zoe))["signature"] == "invalid"
        assert await odd.notify(hook, key=odd.service.keys[number][-1]) == 202
        assert (await newest(zoe))["signature"] == "valid"
