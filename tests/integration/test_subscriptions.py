"""The subscriptions' routes, and how they pass on what the service says."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from srhooks.smartrecruiters.errors import ServiceUnreachableError
from srhooks.web.http.errors import of_service

from tests.support.harness import Browser, World
from tests.support.odd_service import ROOT, OddWorld, Reply, odd_world


async def send_form(
    browser: Browser, path: str, fields: dict[str, Any], **headers: str
) -> tuple[int, dict[str, str], str]:
    """As the page's own form does: with its token and nothing else."""
    data = {**fields, "csrf": await browser.csrf()}
    async with browser.request(
        "POST", path, data=data, headers={"Accept": "text/html", **headers}
    ) as answer:
        return answer.status, dict(answer.headers), await answer.text()


async def test_creating_one_in_json(odd: OddWorld, zoe: Browser) -> None:
    asked = {
        "events": ["job.created", "interview.brand-new"],
        "alertingEmailAddress": "ops@odd.example",
        "callbackAuthentication": {"type": "basic", "username": "u", "password": "planted"},
    }
    created = await zoe.json("POST", "/subscriptions", status=201, json=asked)
    hook = created["hookId"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", hook)
    assert created["id"] == 900
    assert (created["status"], created["mine"]) == ("inactive", True)
    assert [event["name"] for event in created["events"]] == asked["events"]
    assert "planted" not in str(created)
    address = f"{odd.settings.app_url}/hooks/{hook}"
    assert odd.service.created == [{**asked, "callbackUrl": address}]
    (listed,) = (await zoe.json("GET", "/subscriptions"))["subscriptions"]
    assert listed.pop("health")["verdict"] == "inactive"
    assert listed == {**odd.service.subscriptions["900"], "hookId": hook, "mine": True}
    second = await zoe.json("POST", "/subscriptions", status=201, json={"events": ["job.updated"]})
    assert second["hookId"] != hook
    assert "alertingEmailAddress" not in odd.service.created[1]


async def test_one_made_here_is_signed_before_it_is_active(odd: OddWorld, zoe: Browser) -> None:
    later = await zoe.json("POST", "/subscriptions", status=201, json={"events": ["job.created"]})
    await zoe.json("POST", f"/subscriptions/{later['id']}/activation", status=204)
    at_once = await zoe.subscribe("job.created")
    assert at_once["status"] == "active"
    calls = [(method, path) for _, method, path in odd.service.seen]
    for number in (later["id"], at_once["id"]):
        key = calls.index(("POST", f"{ROOT}/{number}/secret-key"))
        assert key < calls.index(("PUT", f"{ROOT}/{number}/activation"))
    listed = (await zoe.json("GET", "/subscriptions"))["subscriptions"]
    assert {one["status"] for one in listed} == {"active"}


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"events": []}, {"events": None}, {"events": ""}, {"events": "job.created"},
        {"events": [""]}, {"events": [" "]}, {"events": [1]}, {"events": {"a": 1}},
        {"events": ["a"], "active": "yes"}, {"events": ["a"], "callbackAuthentication": "x"},
        {"events": ["a"], "alertingEmailAddress": 5}, [], "text", None,
        {"events": ["a\x07b"]}, {"events": ["a"], "alertingEmailAddress": "a b"},
        {"events": ["a"], "callbackAuthentication": {"type": "digest"}},
        {"events": ["a"], "callbackAuthentication":
            {"type": "header", "headerName": "Api-Key", "headerValue": "v"}},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_not_sent_on(odd: OddWorld, zoe: Browser, asked: Any) -> None:
    before = len(odd.service.seen)
    error = (await zoe.json("POST", "/subscriptions", status=400, json=asked))["error"]
    assert error["status"] == 400
    assert error["message"]
    assert len(odd.service.seen) == before


async def test_a_form_without_an_event_is_shown_again(odd: OddWorld, zoe: Browser) -> None:
    before = len([path for _, method, path in odd.service.seen if method == "POST"])
    fields = {"alertingEmailAddress": "ops@odd.example", "auth_type": "basic",
              "auth_username": "u", "auth_password": "planted"}  # fmt: skip
    status, _, page = await send_form(zoe, "/subscriptions", fields)
    assert status == 400
    assert "ops@odd.example" in page
    assert "planted" not in page
    assert before == len([path for _, method, path in odd.service.seen if method == "POST"])


async def test_forms_are_answered_303(odd: OddWorld, zoe: Browser) -> None:
    fields = {"events": ["job.created", "job.updated"], "active": "true", "auth_type": "header",
              "auth_header_name": "X-Key", "auth_header_value": "v"}  # fmt: skip
    status, headers, _ = await send_form(zoe, "/subscriptions", fields)
    assert (status, headers["Location"]) == (303, "/subscriptions")
    (sent,) = odd.service.created
    assert sent["events"] == ["job.created", "job.updated"]
    assert sent["callbackAuthentication"] == {
        "type": "header", "headerName": "X-Key", "headerValue": "v",
    }  # fmt: skip
    assert odd.service.subscriptions["900"]["status"] == "active"
    page = await zoe.page("/subscriptions")
    assert "The subscription was created." in page
    for action in re.findall(r'<form method="post" action="(/subscriptions/[^"]+)"', page):
        assert action.endswith("/delete")  # it is active, so it cannot be activated
    await zoe.json("POST", "/subscriptions", status=201, json={"events": ["offer.created"]})
    for path in ("/subscriptions/901/activation", "/subscriptions/901/delete"):
        status, headers, _ = await send_form(zoe, path, {})
        assert (status, headers["Location"]) == (303, "/subscriptions")
        done = "activated" if path.endswith("activation") else "deleted"
        assert f"The subscription was {done}." in await zoe.page("/subscriptions")
    assert list(odd.service.subscriptions) == ["900"]
    await zoe.json("POST", "/subscriptions/900/delete", status=204)
    await zoe.json("DELETE", "/subscriptions/900", status=404)
    await zoe.json("POST", "/subscriptions/900/activation", status=404)


async def test_a_failing_activation_leaves_an_inactive_one(odd: OddWorld, zoe: Browser) -> None:
    failing: list[Reply] = [(422, {"errors": [{"message": "handshake <failed>"}]}, {})]
    odd.service.replies["PUT", f"{ROOT}/900/activation"] = failing
    odd.service.replies["PUT", f"{ROOT}/901/activation"] = failing
    asked = {"events": ["job.created"], "active": True}
    created = await zoe.json("POST", "/subscriptions", status=201, json=asked)
    assert created["status"] == "inactive"
    assert created["activationError"] == "handshake <failed>"
    assert created["hookId"]
    fields = {"events": "job.created", "active": "true"}
    status, headers, _ = await send_form(zoe, "/subscriptions", fields)
    assert (status, headers["Location"]) == (303, "/subscriptions")
    note = "It was created but is not active yet. handshake <failed>"
    assert note in unescape(await zoe.page("/subscriptions"))
    assert note not in unescape(await zoe.page("/subscriptions"))  # said once
    assert len(odd.service.subscriptions) == 2
    for number in (900, 901):
        assert await odd.notify(created["hookId"]) == 202
        error = await zoe.json("POST", f"/subscriptions/{number}/activation", status=422)
        assert error["error"] == {"status": 422, "message": "handshake <failed>"}


async def test_a_key_that_cannot_be_made_stops_the_activation(odd: OddWorld, zoe: Browser) -> None:
    odd.service.replies["POST", f"{ROOT}/900/secret-key"] = [(500, {"message": "no key"}, {})]
    asked = {"events": ["job.created"], "active": True}
    created = await zoe.json("POST", "/subscriptions", status=201, json=asked)
    assert (created["status"], created["activationError"]) == ("inactive", "no key")
    error = await zoe.json("POST", "/subscriptions/900/activation", status=502)
    assert error["error"]["message"] == "no key"
    assert odd.service.calls("PUT", f"{ROOT}/900/activation") == 0


SAID: list[tuple[int, Any, str, int]] = [
    (400, {"message": "bad <words>"}, "bad <words>", 400),
    (403, {"errors": [{"message": "one"}, "two"]}, "one; two", 403),
    (404, {"error_description": "gone"}, "gone", 404),
    (409, {"code": "X"}, "409", 409),
    (422, b"<html>", "422", 422),
    (429, {"message": "slow down"}, "slow down", 429),
    (500, {"message": "broken"}, "broken", 502),
    (503, b"", "503", 502),
    (302, b"", "redirect", 502),
    (200, b"garbage", "not JSON", 502),
]


@pytest.mark.parametrize(("status", "value", "words", "ours"), SAID)
async def test_an_error_of_the_service_is_passed_on(
    odd: OddWorld, zoe: Browser, status: int, value: Any, words: str, ours: int
) -> None:
    kept = await zoe.subscribe("job.created", active=False)
    paused = {"Retry-After": "7"} if status == 429 else {"Location": "/elsewhere"}
    calls = [
        ("GET", ROOT, "GET", "/subscriptions", None),
        ("POST", ROOT, "POST", "/subscriptions", {"events": ["job.created"]}),
        ("PUT", f"{ROOT}/900/activation", "POST", "/subscriptions/900/activation", None),
        ("DELETE", f"{ROOT}/900", "DELETE", "/subscriptions/900", None),
    ]
    for outside, asked, method, path, body in calls:
        if status == 200 and outside in {"PUT", "DELETE"}:
            continue  # whatever they say, 2xx means that it was done
        odd.service.replies = {(outside, asked): [(status, value, paused)]}
        async with zoe.request(
            method, path, json=body, headers={"Accept": "application/json", "Origin": zoe.base}
        ) as answer:
            assert answer.status == ours, path
            error = (await answer.json())["error"]
            assert error["status"] == ours
            assert words in error["message"]
            assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
        fields = {"events": "job.created"}
        pages = {"GET": None, "POST": fields, "DELETE": {}}
        where = path if method != "DELETE" else f"{path}/delete"
        if pages[method] is None:
            async with zoe.request("GET", where, headers={"Accept": "text/html"}) as answer:
                told, headers, page = answer.status, dict(answer.headers), await answer.text()
        else:
            told, headers, page = await send_form(zoe, where, pages[method] or {})
        assert told == ours, where
        assert words in unescape(page)
        assert headers.get("Retry-After") == ("7" if status == 429 else None)
    odd.service.replies = {}
    assert not [path for _, _, path in odd.service.seen if path == "/elsewhere"]
    assert await odd.notify(kept["hookId"]) == 202


async def test_a_service_that_does_not_answer_is_502(odd: OddWorld, zoe: Browser) -> None:
    for reply in ((429, "", {}), (429, "", {"Retry-After": "soon"})):
        odd.service.replies = {("GET", ROOT): [reply]}
        async with zoe.request(
            "GET", "/subscriptions", headers={"Accept": "application/json"}
        ) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1


async def test_what_may_have_been_done_is_not_to_be_tried_again_unseen(world: World) -> None:
    async with world.logged_in() as ada:
        fields = {"events": "job.created"}
        words = "It may have been done all the same: check the list before you try again."
        world.sandbox.add_fault("/subscriptions$", method="POST", drop=True)
        _, _, page = await send_form(ada, "/subscriptions", fields)
        assert f"SmartRecruiters did not answer: the connection broke. {words}" in unescape(page)
        for again in ({"HX-Request": "true"}, {}):
            world.sandbox.add_fault("/activation$", method="PUT", status=504, body="<html>")
            _, _, page = await send_form(ada, "/subscriptions/7/activation", {}, **again)
            assert f"SmartRecruiters reported an error. {words}" in unescape(page)
        world.sandbox.add_fault("/subscriptions$", method="GET", drop=True)
        assert words not in unescape(await ada.page("/subscriptions", status=502))


async def test_what_was_surely_not_done_may_be_tried_again() -> None:
    for error, method in (
        (ServiceUnreachableError("SmartRecruiters did not answer: no connection"), "POST"),
        (ServiceUnreachableError("SmartRecruiters did not answer", was_sent=True), "GET"),
    ):
        problem = of_service(error, method)
        assert problem.hint == "Try again in a moment."
        assert problem.sentence == f"{error}."


async def test_all_pages_of_the_list_are_read(world: World, odd: OddWorld, zoe: Browser) -> None:
    for number in range(8):
        await zoe.subscribe(f"made.{number}", active=False)
    listed = (await zoe.json("GET", "/subscriptions"))["subscriptions"]
    assert [one["events"][0]["name"] for one in listed] == [f"made.{n}" for n in range(8)]
    assert odd.service.calls("GET", ROOT) == 3
    async with world.logged_in() as ada:  # the sandbox answers an array
        made = [await ada.subscribe(active=False) for _ in range(12)]
        listed = (await ada.json("GET", "/subscriptions"))["subscriptions"]
        assert [one["id"] for one in listed] == [one["id"] for one in made]


@pytest.mark.parametrize(("second", "count"), [((200, 5), 15), ((400, 0), 10), ((404, 0), 10)])
async def test_a_list_may_come_in_shorter_pages_than_asked_for(
    odd: OddWorld, zoe: Browser, second: tuple[int, int], count: int
) -> None:
    every = [{"id": str(number), "status": "active"} for number in range(15)]
    status, rest = second
    odd.service.replies["GET", ROOT] = [
        (200, every[:10], {}),
        (status, every[10:][:rest] or {"message": "no such page"}, {}),
    ]
    listed = (await zoe.json("GET", "/subscriptions"))["subscriptions"]
    assert [one["id"] for one in listed] == [one["id"] for one in every[:count]]


async def test_those_of_others_are_shown_as_not_ours(odd: OddWorld, zoe: Browser) -> None:
    odd.service.subscriptions = {
        "7": {"id": 7, "callbackUrl": "https://else.example/hooks/x", "events": ["job.created"]},
        "8": {"id": "8", "callbackUrl": f"{odd.settings.app_url}/hooks/unknown", "status": "odd"},
        "9": {"id": 9, "status": "suspended", "callbackUrl": None, "events": None},
        "10": {"id": "a<b>/..", "status": {"a": 1}, "callbackUrl": 5, "events": [{"x": 1}, 5]},
    }
    listed = (await zoe.json("GET", "/subscriptions"))["subscriptions"]
    assert [(one["hookId"], one["mine"]) for one in listed] == [(None, False)] * 4
    page = await zoe.page("/subscriptions")
    assert page.count("not ours") == 4
    assert "suspended" in page
    assert "a<b>" not in page


async def test_strange_ids_never_reach_the_service(odd: OddWorld, zoe: Browser) -> None:
    before = len(odd.service.seen)
    for number in ("..", "a%2Fb", "%2e%2e%2fusers", "a b", "%00", "ü", "x" * 500, "a%3Fb", "~"):
        path = f"/subscriptions/{number}"
        for method, where in (("POST", f"{path}/activation"), ("POST", f"{path}/delete")):
            async with zoe.request(
                method, where, headers={"Accept": "application/json", "Origin": zoe.base}
            ) as answer:
                assert answer.status in {404, 405}, where
    assert {path for _, _, path in odd.service.seen[before:]} <= {
        f"{ROOT}/~",
        f"{ROOT}/~/activation",
    }


async def test_a_slow_handshake_is_waited_for(odd: OddWorld, zoe: Browser) -> None:
    odd.service.handshake_delay = 1.5
    assert (await zoe.subscribe("job.created"))["status"] == "active"


async def test_an_address_with_a_port_of_its_scheme_is_ones_own(tmp_path: Path) -> None:
    """Browsers leave the default port out of `Origin`."""
    odd_service = odd_world(tmp_path, app_url="http://HOOKS.example:80")
    async with odd_service as odd, odd.nobody() as browser:
        browser.base = f"http://127.0.0.1:{odd.settings.port}"
        assert (await odd.log_in(browser)).status == 303
        for origin, status in (
            ("http://hooks.example", 201), ("http://hooks.example:81", 403),
            ("https://hooks.example", 403), (browser.base, 403),
        ):  # fmt: skip
            async with browser.request(
                "POST", "/subscriptions", json={"events": ["job.created"]},
                headers={"Accept": "application/json", "Origin": origin},
            ) as answer:  # fmt: skip
                assert answer.status == status, origin
