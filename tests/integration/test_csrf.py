"""Unsafe requests: neither an allowed Origin nor the token means 403."""

import itertools
import json
from typing import Any

import pytest

from tests.support.harness import Browser, World

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def origins(own: str) -> dict[str | None, bool]:
    return {
        own: True,
        None: False,
        "null": False,
        "": False,
        "https://evil.example": False,
        own.replace("http", "https"): False,
        own + "0": False,
        own + ".evil.example": False,
        own.rpartition(":")[0]: False,
    }


async def post(browser: Browser, headers: dict[str, str], data: Any) -> int:
    async with browser.request("POST", "/subscriptions", headers=headers, data=data) as answer:
        await answer.read()
        return int(answer.status)


@pytest.mark.slow
async def test_every_combination_of_origin_and_token(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        mine, hers = await ada.csrf(), await grace.csrf()
        tokens = {None: False, mine: True, hers: False, mine[:-1]: False, "": False, "é": False}
        # No event is named, so that whoever passes the check gets 400 and nothing is made.
        for (origin, own), (token, right) in itertools.product(
            origins(world.base).items(), tokens.items()
        ):
            allowed = 400 if own or right else 403
            named = {} if origin is None else {"Origin": origin}
            marked = {} if token is None else {"X-CSRF-Token": token}
            field = {} if token is None else {"csrf": token}
            assert await post(ada, FORM | named, field) == allowed, (origin, token)
            if token != "é":
                assert await post(ada, FORM | named | marked, {}) == allowed, (origin, token)
                assert await post(ada, JSON | named | marked, b"{}") == allowed, (origin, token)


async def test_forgery_reaches_no_route(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe(active=False)
        number = created["id"]
        unsafe = [
            ("POST", "/subscriptions"),
            ("POST", f"/subscriptions/{number}/activation"),
            ("POST", f"/subscriptions/{number}/delete"),
            ("DELETE", f"/subscriptions/{number}"),
            ("POST", "/logout"),
        ]
        before = len(world.sandbox.requests)
        for method, path in unsafe:
            for headers in (JSON, FORM, {"Accept": "text/html"}):
                evil = {**headers, "Origin": "https://evil.example"}
                async with ada.request(method, path, headers=evil) as answer:
                    assert answer.status == 403, (method, path)
                    if headers is JSON:
                        error = (await answer.json())["error"]
                        assert error["status"] == 403
        assert len(world.sandbox.requests) == before
        assert await ada.notifications() == []  # still logged in


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("application/x-www-form-urlencoded; charset=klingon", b"csrf=a"),
        ("application/x-www-form-urlencoded", b"csrf=\xff\xfe"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 5000)),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
        ("application/json", json.dumps({"events": ["\ud800"]}).encode()),
    ],
)
async def test_what_cannot_be_read_is_the_senders_mistake(
    world: World, kind: str, body: bytes
) -> None:
    async with world.logged_in() as ada:
        headers = {"Content-Type": kind, "Accept": "application/json"}
        assert await post(ada, headers, body) in {400, 403, 413, 415}
        assert await post(ada, {**headers, "Origin": world.base}, body) in {400, 413, 415}
